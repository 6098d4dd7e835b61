//! What the queue has done and what waits in it, as numbers. The writer counts, when it is on the disk; whoever looks asks nobody, so
//! that a disk that stands still can be seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::options::BookOptions;
use super::state::State;
use crate::edge::EdgeName;
use crate::queue::{EdgeLoad, JobState, QueueError, RowState, Telling};
use crate::spread::{Spread, Times};

/// Upper ends of the classes of times, in seconds: of a commit, and of a job.
const COMMIT: [f64; 8] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0];
const JOB: [f64; 8] = [1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0, 86_400.0];

/// How rows and jobs end.
const ROW_ENDS: [RowState; 3] = [RowState::Succeeded, RowState::Failed, RowState::Cancelled];
const JOB_ENDS: [JobState; 3] = [JobState::Succeeded, JobState::Failed, JobState::Cancelled];
/// How telling of a job's end ends.
const TELLING_ENDS: [Telling; 2] = [Telling::Delivered, Telling::Undelivered];

/// Why jobs are not taken in.
const REFUSALS: [&str; 7] =
    ["full", "too-many-urls", "conflict", "under-way", "invalid", "no-space", "other"];

/// The figures of a queue since it was opened.
#[derive(Debug)]
pub struct QueueFigures {
    /// Rows that may wait.
    pub rows_max: u64,
    /// Jobs that may not have ended.
    pub jobs_max: u64,
    loads: Mutex<BTreeMap<EdgeName, EdgeLoad>>,
    commits: Spread,
    failed_commits: AtomicU64,
    rows_ended: [AtomicU64; ROW_ENDS.len()],
    submitted: AtomicU64,
    refused: [AtomicU64; REFUSALS.len()],
    jobs_ended: [AtomicU64; JOB_ENDS.len()],
    job_times: Spread,
    tellings_ended: [AtomicU64; TELLING_ENDS.len()],
}

/// What happened in a transaction.
#[derive(Debug, Default)]
pub(super) struct Noted {
    rows: [u64; ROW_ENDS.len()],
    submitted: u64,
    jobs: Vec<(JobState, Duration)>,
    tellings: [u64; TELLING_ENDS.len()],
}

impl QueueFigures {
    pub(super) fn new(options: &BookOptions) -> Self {
        Self {
            rows_max: options.waiting_max,
            jobs_max: options.jobs_max,
            loads: Mutex::default(),
            commits: Spread::new(&COMMIT),
            failed_commits: AtomicU64::new(0),
            rows_ended: Default::default(),
            submitted: AtomicU64::new(0),
            refused: Default::default(),
            jobs_ended: Default::default(),
            job_times: Spread::new(&JOB),
            tellings_ended: Default::default(),
        }
    }

    /// A transaction is on the disk, which took so long.
    pub(super) fn committed(&self, took: Duration, noted: &Noted, loads: impl Iterator<Item = EdgeLoad>) {
        self.commits.note(took);
        let rows = self.rows_ended.iter().zip(noted.rows);
        for (count, by) in rows.chain(self.tellings_ended.iter().zip(noted.tellings)) {
            count.fetch_add(by, Ordering::Relaxed);
        }
        self.submitted.fetch_add(noted.submitted, Ordering::Relaxed);
        for (state, took) in &noted.jobs {
            self.job_times.note(*took);
            add(&JOB_ENDS, &self.jobs_ended, state);
        }
        let mut known = self.loads.lock();
        known.extend(loads.map(|load| (load.edge.clone(), load)));
    }

    /// A transaction was taken back.
    pub(super) fn failed(&self) {
        self.failed_commits.fetch_add(1, Ordering::Relaxed);
    }

    /// A job was not taken in.
    pub(super) fn refuse(&self, error: &QueueError) {
        let reason = match error {
            QueueError::Full { .. } => "full",
            QueueError::TooManyUrls { .. } => "too-many-urls",
            QueueError::Conflict => "conflict",
            QueueError::UnderWay => "under-way",
            QueueError::Invalid(_) => "invalid",
            QueueError::NoSpace => "no-space",
            _ => "other",
        };
        add(&REFUSALS, &self.refused, &reason);
    }

    /// What waits for each edge, in the order of their names.
    pub fn loads(&self) -> Vec<EdgeLoad> {
        self.loads.lock().values().cloned().collect()
    }

    /// Commits, by the time that the disk took.
    pub fn commits(&self) -> Times {
        self.commits.seen()
    }

    /// Commits that failed, and were taken back.
    pub fn failed_commits(&self) -> u64 {
        self.failed_commits.load(Ordering::Relaxed)
    }

    /// Rows that ended, by how.
    pub fn rows_ended(&self) -> impl Iterator<Item = (RowState, u64)> {
        ROW_ENDS
            .into_iter()
            .zip(&self.rows_ended)
            .map(|(state, count)| (state, count.load(Ordering::Relaxed)))
    }

    /// Jobs that were taken in.
    pub fn submitted(&self) -> u64 {
        self.submitted.load(Ordering::Relaxed)
    }

    /// Jobs that were not taken in, by why.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REFUSALS.into_iter().zip(&self.refused).map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
    }

    /// Jobs that ended, by how.
    pub fn jobs_ended(&self) -> impl Iterator<Item = (JobState, u64)> {
        JOB_ENDS
            .into_iter()
            .zip(&self.jobs_ended)
            .map(|(state, count)| (state, count.load(Ordering::Relaxed)))
    }

    /// Jobs of whose end somebody was told, or will not be told any more.
    pub fn tellings_ended(&self) -> impl Iterator<Item = (Telling, u64)> {
        TELLING_ENDS
            .into_iter()
            .zip(&self.tellings_ended)
            .map(|(state, count)| (state, count.load(Ordering::Relaxed)))
    }

    /// Jobs that ended, by the time from when they could begin to their end.
    pub fn job_times(&self) -> Times {
        self.job_times.seen()
    }
}

impl Noted {
    /// A row has ended.
    pub(super) fn row(&mut self, to: State) {
        for (count, state) in self.rows.iter_mut().zip(ROW_ENDS) {
            *count += u64::from(to.shown() == state);
        }
    }

    /// A job was taken in.
    pub(super) const fn submitted(&mut self) {
        self.submitted += 1;
    }

    /// A job has ended.
    pub(super) fn job(&mut self, state: JobState, took: Duration) {
        self.jobs.push((state, took));
    }

    /// Somebody was told of a job's end, or will not be told any more.
    pub(super) fn telling(&mut self, to: Telling) {
        for (count, state) in self.tellings.iter_mut().zip(TELLING_ENDS) {
            *count += u64::from(to == state);
        }
    }
}

fn add<T: PartialEq>(words: &[T], counts: &[AtomicU64], word: &T) {
    if let Some(count) = words.iter().position(|it| it == word).and_then(|at| counts.get(at)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}
