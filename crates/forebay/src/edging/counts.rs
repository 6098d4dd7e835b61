//! What the summary counts, and the exit code that follows.

use std::{collections::BTreeMap, fmt, time::Duration};

use forebay_agent::{FailureClass, Outcome};
use forebay_budget::{ByteSize, Rate};
use serde::Serialize;

use crate::output::Exit;

/// Counts of URLs on edges.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Counts {
    /// By how they ended.
    pub(super) outcomes: BTreeMap<&'static str, u64>,
    /// Of those that failed: by why.
    pub(super) failures: BTreeMap<&'static str, u64>,
    /// Bytes of bodies.
    pub(super) bytes: u64,
}

/// The last line.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    urls: u64,
    bad_urls: u64,
    succeeded: u64,
    failed: u64,
    /// URLs on edges that were not begun, or not finished.
    left: u64,
    #[serde(flatten)]
    counts: Counts,
    requests: u64,
    seconds: f64,
    edges: BTreeMap<String, Counts>,
    exit: u8,
}

/// What there was to do, and how it went.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) urls: u64,
    pub(super) bad: u64,
    pub(super) requests: u64,
    /// Of all bodies, those that were left half-way too.
    pub(super) bytes: u64,
    pub(super) took: Duration,
    pub(super) end: End,
    pub(super) edges: BTreeMap<String, Counts>,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// To the end of the list.
    Whole,
    /// To the end of what could be read of the list.
    Cut,
    /// Until it was interrupted.
    Interrupted,
}

impl Counts {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        *self.outcomes.entry(outcome.verdict.name()).or_default() += 1;
        if let Some(failure) = outcome.verdict.failure() {
            *self.failures.entry(failure.class.name()).or_default() += 1;
        }
        self.bytes += outcome.bytes;
    }

    fn add(&mut self, other: &Self) {
        for (to, from) in [(&mut self.outcomes, &other.outcomes), (&mut self.failures, &other.failures)] {
            for (word, count) in from {
                *to.entry(word).or_default() += count;
            }
        }
    }

    pub(super) fn all(&self) -> u64 {
        self.outcomes.values().sum()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }
}

impl Summary {
    pub(super) fn of(run: Run) -> (Self, Exit) {
        let mut counts = Counts::default();
        run.edges.values().for_each(|edge| counts.add(edge));
        counts.bytes = run.bytes;
        let (all, failed) = (counts.all(), counts.failed());
        let due = run.urls * run.edges.len() as u64;
        let exit = match (run.end, failed + run.bad) {
            (End::Interrupted, _) => Exit::Interrupted,
            _ if counts.failures.contains_key(FailureClass::Digest.name()) => Exit::Integrity,
            (End::Whole, 0) => Exit::Done,
            _ if all == failed => Exit::Failed,
            _ => Exit::SomeFailed,
        };
        let summary = Self {
            urls: run.urls,
            bad_urls: run.bad,
            succeeded: all - failed,
            failed,
            left: due.saturating_sub(all),
            counts,
            requests: run.requests,
            seconds: run.took.as_secs_f64(),
            edges: run.edges,
            exit: exit as u8,
        };
        (summary, exit)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |counts: &BTreeMap<&'static str, u64>| {
            let words = counts.iter().map(|(word, count)| format!("{count} {word}"));
            words.collect::<Vec<_>>().join(", ")
        };
        let done = self.succeeded + self.failed;
        let per_second = (done as f64 / self.seconds.max(1e-6)) as u64;
        match done {
            0 => f.write_str("nothing was finished")?,
            _ => f.write_str(&words(&self.counts.outcomes))?,
        }
        if self.failed > 0 {
            write!(f, " ({})", words(&self.counts.failures))?;
        }
        if self.bad_urls > 0 {
            let are = if self.bad_urls == 1 { "line is no URL" } else { "lines are no URLs" };
            write!(f, "; {} {are}", self.bad_urls)?;
        }
        if self.left > 0 {
            write!(f, "; {} left", self.left)?;
        }
        write!(f, "; in {:.1} s, {per_second}/s", self.seconds)?;
        if self.counts.bytes > 0 {
            let rate = Rate::b((self.counts.bytes as f64 / self.seconds.max(1e-6)) as u64);
            write!(f, ", {} ({rate})", ByteSize::b(self.counts.bytes))?;
        }
        if self.edges.len() > 1 && self.failed > 0 {
            let behind = self.edges.iter().filter(|(_, counts)| counts.failed() > 0);
            let edges: Vec<_> = behind
                .take(20)
                .map(|(edge, counts)| format!("{edge}: {}", words(&counts.failures)))
                .collect();
            write!(f, "; failed on {}", edges.join("; "))?;
        }
        Ok(())
    }
}
