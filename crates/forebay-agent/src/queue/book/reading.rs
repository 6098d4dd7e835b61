//! Jobs and rows as they are shown.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row as Line, ToSql, params};

use super::jobs::{FACTS, Facts, parsed};
use super::state::{Stage, State};
use crate::failure::{Failure, FailureClass};
use crate::outcome::{Held, Outcome, Sha256Digest, Verdict};
use crate::queue::{
    Cursor, Job, JobFilter, JobId, JobState, Moment, Page, PlaceTally, QueueError, Row, RowFilter, RowId,
    RowState, Tally, Telling, Webhook,
};

/// Items of a page at most.
const PAGE_MAX: usize = 1000;

/// The columns of a job; those of its facts come first.
const JOB: &str = "waiting, processing, succeeded, failed, withdrawn, duplicates, origin, created, ended, announce, \
    tellings, told, untold";
const JOB_FROM: usize = 17;

const ROW: &str = "rows.job, rows.n, rows.edge, jobs.id, urls.url, edges.name, rows.state, rows.attempts, rows.due, \
    rows.class, rows.detail, rows.verdict, rows.status, rows.bytes, rows.ttfb, rows.took, rows.held_before, \
    rows.held_after, rows.requests, rows.ended, rows.digest";

pub(super) fn job(db: &Connection, id: JobId) -> Result<Job, QueueError> {
    let mut query =
        db.prepare_cached(&format!("SELECT {FACTS}, {JOB} FROM jobs WHERE id = ? AND stage IN (?, ?)"))?;
    let job = query.query_row(params![id.to_string(), Stage::Copying, Stage::Sealed], read_job);
    job.optional()?.ok_or(QueueError::NoSuchJob)
}

/// The newest first.
pub(super) fn jobs(
    db: &Connection,
    filter: &JobFilter,
    before: Option<Cursor>,
    most: usize,
) -> Result<Page<Job>, QueueError> {
    let state = match filter.state {
        None => "TRUE",
        Some(JobState::Cancelled) => "cancelled",
        Some(JobState::Waiting) => {
            "ended IS NULL AND NOT cancelled AND processing + succeeded + failed + withdrawn = 0"
        }
        Some(JobState::Running) => {
            "ended IS NULL AND NOT cancelled AND processing + succeeded + failed + withdrawn > 0"
        }
        Some(JobState::Succeeded) => "ended IS NOT NULL AND NOT cancelled AND failed = 0",
        Some(JobState::Failed) => "ended IS NOT NULL AND NOT cancelled AND failed > 0",
    };
    let telling = match filter.telling {
        None => "TRUE",
        Some(Telling::Pending) => "webhook IS NOT NULL AND (ended IS NULL OR announce IS NOT NULL)",
        Some(Telling::Delivered) => "told IS NOT NULL",
        Some(Telling::Undelivered) => {
            "webhook IS NOT NULL AND ended IS NOT NULL AND announce IS NULL AND told IS NULL"
        }
    };
    let label = if filter.label.is_some() { "label = ?5" } else { "?5 IS NULL" };
    let most = most.clamp(1, PAGE_MAX);
    let before = before.map_or(i64::MAX, |cursor| cursor.0.job);
    let mut query = db.prepare_cached(&format!(
        "SELECT {FACTS}, {JOB} FROM jobs WHERE seq < ?1 AND stage IN (?2, ?3) AND {label} AND {state} AND {telling}
         ORDER BY seq DESC LIMIT ?4"
    ))?;
    let values = params![before, Stage::Copying, Stage::Sealed, most, filter.label];
    let found = query
        .query_map(values, |line| Ok((RowId { job: line.get(0)?, ..RowId::default() }, read_job(line)?)))?;
    page(found, most)
}

/// Jobs of whose end somebody wants to hear, and when he is to be told; those first that are to be told first.
pub(super) fn announced(db: &Connection, most: usize) -> Result<Vec<(Moment, Job)>, QueueError> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {FACTS}, {JOB} FROM jobs INDEXED BY jobs_to_announce
         WHERE announce IS NOT NULL ORDER BY announce LIMIT ?"
    ))?;
    let jobs = query.query_map([most.clamp(1, PAGE_MAX)], |line| {
        Ok((Moment(line.get(JOB_FROM + 9)?), read_job(line)?))
    })?;
    Ok(jobs.collect::<Result<_, _>>()?)
}

fn read_job(line: &Line<'_>) -> rusqlite::Result<Job> {
    let facts = Facts::read(line)?;
    let rows = tally(line, JOB_FROM)?;
    let moment = |column| Ok::<_, rusqlite::Error>(line.get::<_, Option<i64>>(column)?.map(Moment));
    let ended = moment(JOB_FROM + 8)?;
    let state = if facts.is_cancelled {
        JobState::Cancelled
    } else if ended.is_some() {
        if rows.failed > 0 { JobState::Failed } else { JobState::Succeeded }
    } else if rows.waiting == rows.total() {
        JobState::Waiting
    } else {
        JobState::Running
    };
    let origin: Option<String> = line.get(JOB_FROM + 6)?;
    let (announce, told) = (moment(JOB_FROM + 9)?, moment(JOB_FROM + 11)?);
    let telling = match (announce, told) {
        (_, Some(_)) => Telling::Delivered,
        (None, None) if ended.is_some() => Telling::Undelivered,
        _ => Telling::Pending,
    };
    let (tries, trouble) = (line.get(JOB_FROM + 10)?, line.get(JOB_FROM + 12)?);
    let webhook = Webhook { state: telling, tries, next: announce, told, trouble };
    Ok(Job {
        id: facts.id,
        state,
        rows,
        urls: facts.urls.unsigned_abs(),
        duplicates: line.get(JOB_FROM + 5)?,
        origin: origin.map(|_| parsed(line, JOB_FROM + 6)).transpose()?,
        created: Moment(line.get(JOB_FROM + 7)?),
        ended,
        webhook: facts.terms.webhook.is_some().then_some(webhook),
        terms: facts.terms,
    })
}

fn tally(line: &Line<'_>, from: usize) -> rusqlite::Result<Tally> {
    Ok(Tally {
        waiting: line.get(from)?,
        processing: line.get(from + 1)?,
        succeeded: line.get(from + 2)?,
        failed: line.get(from + 3)?,
        cancelled: line.get(from + 4)?,
    })
}

/// A job's edges, in the order in which they were named first.
pub(super) fn places(
    db: &Connection,
    id: JobId,
    after: Option<Cursor>,
    most: usize,
) -> Result<Page<PlaceTally>, QueueError> {
    let seq = seq(db, id)?;
    let most = most.clamp(1, PAGE_MAX);
    let after = after.map_or(0, |cursor| cursor.0.edge);
    let mut query = db.prepare_cached(
        "SELECT edge, name, tier, waiting, processing, succeeded, failed, withdrawn
         FROM places JOIN edges ON edges.id = places.edge WHERE job = ? AND edge > ? ORDER BY edge LIMIT ?",
    )?;
    let found = query.query_map(params![seq, after, most], |line| {
        let place = PlaceTally { edge: parsed(line, 1)?, tier: line.get(2)?, rows: tally(line, 3)? };
        Ok((RowId { edge: line.get(0)?, ..RowId::default() }, place))
    })?;
    page(found, most)
}

/// The rows of a job, in the order in which its URLs came.
pub(super) fn rows(
    db: &Connection,
    id: JobId,
    filter: &RowFilter,
    after: Option<Cursor>,
    most: usize,
) -> Result<Page<Row>, QueueError> {
    let seq = seq(db, id)?;
    let (first, last) = filter.state.map_or((State::Waiting, State::Cancelled), State::range);
    let from = after.map_or(RowId { n: -1, ..RowId::default() }, |cursor| cursor.0);
    let edge = filter.edge.as_ref().map(|edge| edge.as_str());
    let class = filter.class.map(FailureClass::name);
    let most = most.clamp(1, PAGE_MAX);
    let source = if filter.state == Some(RowState::Failed) { "rows INDEXED BY rows_failed" } else { "rows" };
    let only_failed = if filter.state == Some(RowState::Failed) { "rows.state = 5 AND" } else { "" };
    let sql = format!(
        "SELECT {ROW} FROM {source} JOIN jobs ON jobs.seq = rows.job
         JOIN urls ON urls.list = jobs.list AND urls.n = rows.n JOIN edges ON edges.id = rows.edge
         WHERE {only_failed} rows.job = ?1 AND (rows.n, rows.edge) > (?2, ?3) AND rows.state BETWEEN ?4 AND ?5
         AND (?6 IS NULL OR edges.name = ?6) AND (?7 IS NULL OR rows.class = ?7)
         ORDER BY rows.job, rows.n, rows.edge LIMIT ?8"
    );
    list(db, &sql, params![seq, from.n, from.edge, first, last, edge, class, most], most)
}

/// Rows that were given up, of all jobs, those of the oldest first.
pub(super) fn dead_letters(
    db: &Connection,
    after: Option<Cursor>,
    most: usize,
) -> Result<Page<Row>, QueueError> {
    let from = after.map_or_else(RowId::default, |cursor| cursor.0);
    let most = most.clamp(1, PAGE_MAX);
    let sql = format!(
        "SELECT {ROW} FROM rows INDEXED BY rows_failed JOIN jobs ON jobs.seq = rows.job
         JOIN urls ON urls.list = jobs.list AND urls.n = rows.n JOIN edges ON edges.id = rows.edge
         WHERE rows.state = 5 AND (rows.job, rows.n, rows.edge) > (?1, ?2, ?3) AND jobs.stage IN (?4, ?5)
         ORDER BY rows.job, rows.n, rows.edge LIMIT ?6"
    );
    list(db, &sql, params![from.job, from.n, from.edge, Stage::Copying, Stage::Sealed, most], most)
}

fn list(db: &Connection, sql: &str, values: &[&dyn ToSql], most: usize) -> Result<Page<Row>, QueueError> {
    let mut query = db.prepare_cached(sql)?;
    let found = query.query_map(values, |line| {
        Ok((RowId { job: line.get(0)?, n: line.get(1)?, edge: line.get(2)? }, read_row(line)?))
    })?;
    page(found, most)
}

fn page<T>(
    found: impl Iterator<Item = rusqlite::Result<(RowId, T)>>,
    most: usize,
) -> Result<Page<T>, QueueError> {
    let mut last = None;
    let mut items = Vec::new();
    for item in found {
        let (id, item) = item?;
        last = Some(Cursor(id));
        items.push(item);
    }
    let next = if items.len() < most { None } else { last };
    Ok(Page { items, next })
}

fn read_row(line: &Line<'_>) -> rusqlite::Result<Row> {
    let state: State = line.get(6)?;
    let class: Option<String> = line.get(9)?;
    let detail: Option<String> = line.get(10)?;
    let class = class.and_then(|class| FailureClass::of_name(&class));
    let failure = class.map(|class| Failure::new(class, detail.unwrap_or_default()));
    Ok(Row {
        job: parsed(line, 3)?,
        url: line.get::<_, String>(4)?.into(),
        edge: parsed(line, 5)?,
        state: state.shown(),
        attempts: line.get(7)?,
        due: if state.shown() == RowState::Waiting { Some(Moment(line.get(8)?)) } else { None },
        outcome: outcome(line, failure.as_ref())?,
        failure,
        ended: line.get::<_, Option<i64>>(19)?.map(Moment),
    })
}

fn outcome(line: &Line<'_>, failure: Option<&Failure>) -> rusqlite::Result<Option<Outcome>> {
    let Some(name) = line.get::<_, Option<String>>(11)? else { return Ok(None) };
    let verdict = failure.map_or_else(|| Verdict::of_name(&name), |why| Some(Verdict::Failed(why.clone())));
    let Some(verdict) = verdict else { return Ok(None) };
    let held = |column| {
        let name: Option<String> = line.get(column)?;
        Ok::<_, rusqlite::Error>(name.and_then(|name| Held::of_name(&name)).unwrap_or_default())
    };
    Ok(Some(Outcome {
        verdict,
        status: line.get(12)?,
        bytes: line.get(13)?,
        ttfb: line.get::<_, Option<u64>>(14)?.map(Duration::from_micros),
        took: Duration::from_micros(line.get(15)?),
        before: held(16)?,
        after: held(17)?,
        attempts: line.get(18)?,
        digest: line.get::<_, Option<[u8; 32]>>(20)?.map(Sha256Digest),
    }))
}

fn seq(db: &Connection, id: JobId) -> Result<i64, QueueError> {
    let mut query = db.prepare_cached("SELECT seq FROM jobs WHERE id = ? AND stage IN (?, ?)")?;
    let seq = query
        .query_row(params![id.to_string(), Stage::Copying, Stage::Sealed], |row| row.get(0))
        .optional()?;
    seq.ok_or(QueueError::NoSuchJob)
}
