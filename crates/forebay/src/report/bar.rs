//! The line on a terminal: how much, how fast, how long still, and one name.
//!
//! Written anew ten times a second from counters. The rate is that of the last seconds, and of what was moved by this run: what an earlier
//! run had moved is there at once and tells nothing of how long the rest takes. When nothing moves it says so, and for how long.

use std::{collections::VecDeque, time::Duration};

use console::{Term, truncate_str};
use forebay_budget::{ByteSize, Rate};
use forebay_transfer::{Progress, Seen};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;
use tokio::{task::AbortHandle, time::Instant};

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(100);
/// How far back the rate looks.
const BACK: Duration = Duration::from_secs(5);
/// Nothing for so long is worth a word.
const STILL: Duration = Duration::from_secs(3);
/// Below this the line has no room for a bar.
const BAR_FROM: usize = 70;
/// Cells of the bar.
const BAR: usize = 12;
/// Columns that stay free: what a terminal echoes for Ctrl-C must not begin a line of its own, which nobody would clear.
const FREE: usize = 3;

/// A line that follows counters until it is dropped.
pub(super) struct Bar {
    bar: ProgressBar,
    name: std::sync::Arc<Mutex<String>>,
    follower: AbortHandle,
}

/// What was seen in the last seconds.
#[derive(Debug, Default)]
struct Past {
    samples: VecDeque<(Instant, u64)>,
    /// When something moved last, and how much there was then.
    changed: Option<(Instant, u64)>,
}

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// So many bytes a second.
    Moving(u64),
    /// Nothing for so long.
    Still(Duration),
}

impl Bar {
    /// Begins to follow. On a runtime.
    pub(super) fn start(progress: Progress) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        let (drawn, name) = (bar.clone(), std::sync::Arc::<Mutex<String>>::default());
        let named = std::sync::Arc::clone(&name);
        let follower = tokio::spawn(async move {
            let mut past = Past::default();
            let mut tick = tokio::time::interval(EVERY);
            loop {
                let now = tick.tick().await;
                let seen = progress.seen();
                let pace = past.pace(now, seen.moved);
                let width = usize::from(Term::stderr().size().1);
                drawn.set_message(line(seen, pace, &named.lock(), width));
            }
        });
        Self { bar, name, follower: follower.abort_handle() }
    }

    /// What is being moved now.
    pub(super) fn current(&self, name: &str) {
        name.clone_into(&mut self.name.lock());
    }

    /// A line that stays, above it.
    pub(super) fn above(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

impl Past {
    /// How it goes, now that so many bytes have been moved.
    fn pace(&mut self, now: Instant, moved: u64) -> Pace {
        self.samples.push_back((now, moved));
        // The last that is older than that stays, so that there is always one to compare with.
        while self.samples.get(1).is_some_and(|(at, _)| now - *at >= BACK) {
            self.samples.pop_front();
        }
        let changed = match self.changed {
            Some((at, then)) if then == moved => at,
            _ => now,
        };
        self.changed = Some((changed, moved));
        if now - changed >= STILL {
            return Pace::Still(now - changed);
        }
        let (since, before) = self.samples.front().copied().unwrap_or((now, moved));
        let seconds = (now - since).as_secs_f64();
        Pace::Moving(if seconds > 0.0 { ((moved - before) as f64 / seconds) as u64 } else { 0 })
    }
}

/// The line, for a terminal of so many columns. What does not fit is cut at its end, which is the name's; of that it is the last part.
fn line(seen: Seen, pace: Pace, name: &str, width: usize) -> String {
    let mut words = Vec::new();
    // Of how much is to come nothing may be known.
    let of = |whole: u64| seen.done.saturating_mul(whole).checked_div(seen.total).map(|part| part.min(whole));
    if let Some(full) =
        of(BAR as u64).filter(|_| width >= BAR_FROM).and_then(|full| usize::try_from(full).ok())
    {
        words.push(format!("{}{}", "━".repeat(full), "╌".repeat(BAR - full)));
    }
    words.extend(of(100).map(|percent| format!("{percent:>3} %")));
    if width >= BAR_FROM {
        words.push(format!("{} of {}", ByteSize::b(seen.done), ByteSize::b(seen.total)));
    }
    match pace {
        Pace::Moving(rate) => {
            words.push(Rate::b(rate).to_string());
            if let Some(seconds) = seen.total.saturating_sub(seen.done).checked_div(rate) {
                words.push(format!("{} left", clock(seconds)));
            }
        }
        Pace::Still(since) => words.push(format!("nothing for {} s", since.as_secs())),
    }
    if seen.objects > 0 {
        words.push(format!("{} done", seen.objects));
    }
    words.extend(name.rsplit('/').find(|part| !part.is_empty()).map(str::to_owned));
    truncate_str(&words.join("  "), width.saturating_sub(FREE), "…").into_owned()
}

/// `1:02:03`, without hours that are none.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        1..100 => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => "days".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn seen(done: u64, total: u64) -> Seen {
        Seen { done, total, ..Seen::default() }
    }

    #[test]
    fn the_line_says_as_much_as_the_terminal_has_room_for() {
        let said =
            |width| line(seen(GIB, 4 * GIB), Pace::Moving(GIB / 10), "s3://b/dir/a-long-name-of-it", width);
        assert_eq!(said(80), "━━━╌╌╌╌╌╌╌╌╌   25 %  1 GiB of 4 GiB  102.39 MiB/s  0:30 left  a-long-name-of…");
        assert_eq!(said(40), " 25 %  102.39 MiB/s  0:30 left  a-lo…");
        assert_eq!(said(10), " 25 % …");
        let many = Seen { objects: 12, ..seen(GIB, GIB) };
        assert!(line(many, Pace::Moving(0), "b", 40).ends_with("  12 done  b"));
        // Nobody knows how much is to come.
        assert_eq!(line(seen(0, 0), Pace::Moving(0), "b", 40), "0 B/s  b");
    }

    #[test]
    fn what_stands_still_is_said_to_and_the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut past = Past::default();
        let mut at = |tenths: u64, moved| past.pace(start + Duration::from_millis(tenths * 100), moved);
        assert_eq!(at(0, 0), Pace::Moving(0));
        assert_eq!(at(10, 1000), Pace::Moving(1000));
        assert_eq!(at(20, 2000), Pace::Moving(1000));
        assert_eq!(at(60, 10_000), Pace::Moving(1800));
        assert_eq!(at(80, 10_000), Pace::Moving(1333));
        assert_eq!(at(100, 10_000), Pace::Still(Duration::from_secs(4)));
        assert_eq!(at(200, 10_000), Pace::Still(Duration::from_secs(14)));
        assert_eq!(at(210, 10_500), Pace::Moving(45));
    }

    #[test]
    fn times_are_as_on_a_clock() {
        assert_eq!([clock(0), clock(62), clock(3723), clock(1 << 40)], ["0:00", "1:02", "1:02:03", "days"]);
    }
}
