//! Jobs and rows, and the disk below them.

use std::fmt;

use super::family::{Families, Name};
use crate::queue::{JobState, QueueFigures, RowState, Stock, Tally};

const SUBMITTED: Name = Name::count("forebay_jobs_submitted", "Jobs that were taken in");
const REFUSED: Name = Name::count("forebay_jobs_refused", "Jobs that were not taken in, by why");
const ENDED: Name = Name::count("forebay_jobs_ended", "Jobs that ended, by how");
const SECONDS: Name = Name::seconds("forebay_job", "From when a job could begin to its end");
const JOBS_MAX: Name = Name::count("forebay_jobs_max", "Jobs that may be waiting or running");
const ROWS_ENDED: Name = Name::count("forebay_queue_rows_ended", "Rows that ended, by how");
const ROWS_MAX: Name = Name::count("forebay_queue_rows_max", "Rows that may wait");
const COMMIT: Name =
    Name::seconds("forebay_queue_commit", "Time that the disk took for a commit of the queue");
const COMMIT_FAILURES: Name =
    Name::count("forebay_queue_commit_failures", "Commits of the queue that failed and were taken back");
const UNREAD: Name = Name::count(
    "forebay_queue_unread",
    "1 if the queue could not be looked into in this scrape; what it would have said is left out",
);
const JOBS: Name = Name::count("forebay_jobs", "Jobs that are kept, by state");
const ROWS: Name = Name::count("forebay_queue_rows", "Rows of jobs that are kept, by state");
const WEBHOOKS_ENDED: Name = Name::count(
    "forebay_webhooks_ended",
    "Jobs of whose end a webhook was told, or will not be told any more, by which",
);
const WEBHOOKS_WAITING: Name =
    Name::count("forebay_webhooks_waiting", "Jobs that have ended and whose webhook is still to be told");
const WEBHOOKS_OLDEST: Name = Name::seconds(
    "forebay_webhooks_oldest",
    "For how long the end that has waited longest has not been told; 0 if none waits",
);
const BYTES: Name = Name::bytes("forebay_queue", "What the queue takes on the disk, by file");

pub(super) fn write(
    families: &mut Families<'_>,
    figures: &QueueFigures,
    stock: Option<&Stock>,
) -> fmt::Result {
    families.counter(SUBMITTED, figures.submitted())?;
    families.counters(REFUSED, |samples| {
        figures.refused().try_for_each(|(reason, count)| samples.counter(&[("reason", reason)], count))
    })?;
    families.counters(ENDED, |samples| {
        figures.jobs_ended().try_for_each(|(state, count)| samples.counter(&[("state", state.name())], count))
    })?;
    families.histogram(SECONDS, &figures.job_times())?;
    families.gauge(JOBS_MAX, figures.jobs_max as f64)?;
    families.counters(ROWS_ENDED, |samples| {
        figures.rows_ended().try_for_each(|(state, count)| samples.counter(&[("state", state.name())], count))
    })?;
    families.gauge(ROWS_MAX, figures.rows_max as f64)?;
    families.histogram(COMMIT, &figures.commits())?;
    families.counter(COMMIT_FAILURES, figures.failed_commits())?;
    families.counters(WEBHOOKS_ENDED, |samples| {
        let mut ends = figures.tellings_ended();
        ends.try_for_each(|(state, count)| samples.counter(&[("state", state.name())], count))
    })?;
    families.gauge(UNREAD, if stock.is_some() { 0.0 } else { 1.0 })?;
    stock.map_or(Ok(()), |stock| write_stock(families, stock))
}

fn write_stock(families: &mut Families<'_>, stock: &Stock) -> fmt::Result {
    families.gauges(JOBS, |samples| {
        let mut states = JobState::ALL.into_iter().zip(stock.jobs);
        states.try_for_each(|(state, count)| samples.gauge(&[("state", state.name())], count as f64))
    })?;
    let Tally { waiting, processing, succeeded, failed, cancelled } = stock.rows;
    families.gauges(ROWS, |samples| {
        let counts = [waiting, processing, succeeded, failed, cancelled];
        let mut states = RowState::ALL.into_iter().zip(counts);
        states.try_for_each(|(state, count)| samples.gauge(&[("state", state.name())], count as f64))
    })?;
    let (untold, longest) = stock.untold;
    families.gauge(WEBHOOKS_WAITING, untold as f64)?;
    families.gauge(WEBHOOKS_OLDEST, longest.as_secs_f64())?;
    families.gauges(BYTES, |samples| {
        let (database, log) = stock.bytes;
        let mut files = [("database", database), ("log", log)].into_iter();
        files.try_for_each(|(file, bytes)| samples.gauge(&[("file", file)], bytes as f64))
    })
}
