//! What is said of each URL on each edge: a row, or a line of JSON, on standard output; on a terminal a bar on standard error, and at
//! the end a summary.
//!
//! Sixty thousand rows a second have to cost little, so they are gathered, and written when there are enough of them or a tenth of a
//! second has passed. A thread of its own writes them: whoever reads them may stand still (`| less`), and requests that are under way, their
//! times, and Ctrl-C must not. No row is lost, and only so many wait: from then on nothing more is begun until they are read.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
    mem,
    sync::Arc,
    time::Duration,
};

use console::truncate_str;
use forebay_agent::{
    Action,
    fleet::{Done, Stopper},
    list::UrlList,
    work::Worker,
};
use forebay_budget::{ByteSize, Rate};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::{Condvar, Mutex};
use tokio::time::{Instant, interval};

use super::{
    counts::{Counts, End, Run, Summary},
    feed::Bad,
    row::{self, Line, write_json},
};
use crate::{
    args::Edging,
    output::{self, Exit, Failure, Form},
};

/// Rows are written when there is so much of them.
const ENOUGH: usize = 64 << 10;
/// Nothing more is begun while so much of them waits.
const TOO_MUCH: usize = 1 << 20;
/// Or after so long.
const EVERY: Duration = Duration::from_millis(100);
/// The rate that is shown is that of the last so many looks.
const BACK: usize = 30;

/// Says and counts what happens.
pub(super) struct Said {
    action: Action,
    form: Form,
    quiet: bool,
    began: Instant,
    workers: Vec<Worker>,
    list: UrlList,
    bar: Option<ProgressBar>,
    stopper: Stopper,
    state: Mutex<State>,
    /// There are rows to be written, or room for more, or none will come any more.
    stirred: Condvar,
}

#[derive(Default)]
struct State {
    rows: Vec<u8>,
    /// They have waited for long enough.
    are_due: bool,
    /// The writer has some in hand.
    is_writing: bool,
    /// No more will come.
    is_over: bool,
    /// Nobody takes the rows any more.
    is_gone: bool,
    /// And that is because of this.
    lost: Option<io::Error>,
    has_heading: bool,
    edges: BTreeMap<String, Counts>,
    bad: u64,
}

impl Said {
    pub(super) fn new(asked: &Edging, workers: Vec<Worker>, list: UrlList, stopper: Stopper) -> Self {
        let bar = (asked.base.form == Form::Text && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        let edges =
            workers.iter().map(|worker| (worker.spec().name.to_string(), Counts::default())).collect();
        let state = Mutex::new(State { edges, ..State::default() });
        let (action, form) = (asked.action, asked.base.form);
        let (quiet, began, stirred) = (asked.quiet, Instant::now(), Condvar::new());
        Self { action, form, quiet, began, workers, list, bar, stopper, state, stirred }
    }

    /// What came of a URL.
    pub(super) fn done(&self, done: &Done<'_>) {
        let edge = done.worker.spec().name.as_str();
        let mut state = self.state.lock();
        if let Some(counts) = state.edges.get_mut(edge) {
            counts.count(done.outcome);
        }
        let wanted = !self.quiet || !done.outcome.verdict.is_success();
        if wanted && state.is_taken() {
            match self.form {
                Form::Json => write_json(&mut state.rows, &row::line(self.action, done)),
                Form::Text => {
                    if !mem::replace(&mut state.has_heading, true) {
                        state.rows.extend_from_slice(row::HEADING.as_bytes());
                    }
                    row::row(&mut state.rows, done);
                }
            }
        }
        if state.rows.len() >= ENOUGH {
            self.stirred.notify_all();
        }
        if state.is_full() {
            self.stopper.hold_back(true);
        }
    }

    /// Begins nothing more.
    pub(super) fn stop(&self) {
        self.stopper.stop();
    }

    /// A line of a list that is no URL. Blocks while too much waits to be read: what reads a list can wait, and a list may be bad from
    /// end to end.
    pub(super) fn bad(&self, bad: &Bad) {
        let mut state = self.state.lock();
        state.bad += 1;
        let (source, line) = (&bad.source, bad.line.line);
        match self.form {
            Form::Json => {
                self.stirred.wait_while(&mut state, |state| state.is_full());
                if state.is_taken() {
                    let message = bad.line.error.to_string();
                    write_json(&mut state.rows, &Line::BadUrl { source, line, message });
                }
            }
            Form::Text => {
                let words = format_args!("{source}:{line}: {}", bad.line.error);
                self.aside(|| output::say(words));
            }
        }
    }

    /// Something on a stream that may be the bar's terminal.
    fn aside(&self, what: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(what),
            None => what(),
        }
    }

    /// Writes rows until no more come. Blocks as long as nobody reads them.
    pub(super) fn write_all(&self) {
        let mut state = self.state.lock();
        loop {
            let are_due = state.are_due || state.is_over;
            let are_enough = state.rows.len() >= ENOUGH || are_due && !state.rows.is_empty();
            if !are_enough {
                state.is_writing = false;
                self.stirred.notify_all();
                if state.is_over {
                    return;
                }
                self.stirred.wait(&mut state);
                continue;
            }
            let rows = mem::take(&mut state.rows);
            (state.are_due, state.is_writing) = (false, true);
            self.stopper.hold_back(false);
            self.stirred.notify_all();
            drop(state);
            let written = self.write(&rows);
            state = self.state.lock();
            if let Err(error) = written {
                state.is_gone = true;
                // Whoever has seen enough of the rows has not said that the work should end.
                if error.kind() != io::ErrorKind::BrokenPipe {
                    state.lost.get_or_insert(error);
                }
            }
        }
    }

    fn write(&self, rows: &[u8]) -> io::Result<()> {
        let write = || {
            let mut out = io::stdout().lock();
            out.write_all(rows).and_then(|()| out.flush())
        };
        match &self.bar {
            // Only on one terminal they are in each other's way.
            Some(bar) if io::stdout().is_terminal() => bar.suspend(write),
            _ => write(),
        }
    }

    /// The summary, and the exit code.
    pub(super) fn finish(&self, end: End) -> Result<Exit, Failure> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let mut state = self.state.lock();
        let seen: Vec<_> = self.workers.iter().map(Worker::seen).collect();
        let (requests, bytes) = seen
            .iter()
            .fold((0, 0), |(requests, bytes), seen| (requests + seen.requests, bytes + seen.bytes));
        let (urls, _) = self.list.count();
        let edges = mem::take(&mut state.edges);
        let (summary, exit) = Summary::of(Run {
            urls,
            bad: state.bad,
            requests,
            bytes,
            took: self.began.elapsed(),
            end,
            edges,
        });
        if self.form == Form::Json {
            write_json(&mut state.rows, &Line::Summary(&summary));
        }
        state.is_over = true;
        self.stirred.notify_all();
        while state.is_writing || !state.rows.is_empty() {
            self.stirred.wait(&mut state);
        }
        if self.form == Form::Text {
            let how = if end == End::Interrupted { "interrupted: " } else { "" };
            output::say(format_args!("{how}{summary}"));
        }
        match state.lost.take() {
            Some(error) => {
                let error = anyhow::Error::new(error).context("cannot write to standard output");
                let exit = if exit == Exit::Done { Exit::SomeFailed } else { exit };
                Err(Failure { exit, error })
            }
            None => Ok(exit),
        }
    }
}

impl State {
    /// Whether what is said now will be written.
    const fn is_taken(&self) -> bool {
        !self.is_gone && !self.is_over
    }

    /// Whether as much waits as may.
    fn is_full(&self) -> bool {
        self.is_taken() && self.rows.len() >= TOO_MUCH
    }
}

/// Writes rows that have waited for long enough, and keeps the bar true.
pub(super) async fn tick(said: Arc<Said>) {
    let mut every = interval(EVERY);
    let mut past = std::collections::VecDeque::new();
    loop {
        let now = every.tick().await;
        let mut state = said.state.lock();
        state.are_due = true;
        said.stirred.notify_all();
        let Some(bar) = &said.bar else { continue };
        let (done, failed) = state
            .edges
            .values()
            .fold((0, 0), |(all, failed), edge| (all + edge.all(), failed + edge.failed()));
        drop(state);
        let bytes: u64 = said.workers.iter().map(|worker| worker.seen().bytes).sum();
        past.push_back((now, done, bytes));
        if past.len() > BACK {
            past.pop_front();
        }
        let (then, done_then, bytes_then) = past.front().copied().unwrap_or((now, done, bytes));
        let seconds = (now - then).as_secs_f64().max(1e-3);
        let per_second = |new: u64, old: u64| (new.saturating_sub(old) as f64 / seconds) as u64;
        let (urls, is_whole) = said.list.count();
        let due = urls * said.workers.len() as u64;
        let more = if is_whole { "" } else { "+" };
        let mut words = vec![format!("{done} of {due}{more}"), format!("{}/s", per_second(done, done_then))];
        if bytes > 0 {
            words.push(format!("{} at {}", ByteSize::b(bytes), Rate::b(per_second(bytes, bytes_then))));
        }
        if failed > 0 {
            words.push(format!("{failed} failed"));
        }
        let width = usize::from(console::Term::stderr().size().1);
        bar.set_message(truncate_str(&words.join("  "), width.saturating_sub(1), "…").into_owned());
    }
}
