//! What is in the queue, as the tables say it: more than the writer keeps in mind, and no more than one look.
//!
//! It is asked for at every scrape, so its cost is bounded: one pass over the jobs, of which a limited number is kept, and for each edge a
//! few steps into the index in whose order rows are leased. It does not depend on how many rows wait.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::jobs::window;
use super::state::{Stage, number};
use crate::edge::EdgeName;
use crate::queue::{JobState, Moment, QueueError, Tally, Terms};
use crate::task::{Action, Lane};

/// Jobs and rows by their states, and who waits longest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Jobs that are kept, in the order of [`JobState::ALL`].
    pub jobs: [u64; JobState::ALL.len()],
    /// Their rows.
    pub rows: Tally,
    /// For how long the job of the row that waits longest could have been worked on, by edge. Jobs whose time has not come, or whose
    /// window is shut, wait for nobody.
    pub oldest: Vec<(EdgeName, Duration)>,
    /// Jobs of whose end somebody is still to hear, and for how long the one that ended first waits for that.
    pub untold: (u64, Duration),
    /// Bytes of the database, and of the log beside it.
    pub bytes: (u64, u64),
}

pub(super) fn look(db: &Connection, now: Moment) -> Result<Stock, QueueError> {
    let (jobs, rows) = count(db)?;
    Ok(Stock { jobs, rows, oldest: oldest(db, now)?, untold: untold(db, now)?, bytes: bytes(db) })
}

fn count(db: &Connection) -> Result<([u64; JobState::ALL.len()], Tally), QueueError> {
    let (mut jobs, mut rows) = ([0; JobState::ALL.len()], Tally::default());
    // As `read_job` has it.
    let mut query = db.prepare_cached(
        "SELECT CASE WHEN cancelled THEN 4 WHEN ended IS NOT NULL THEN iif(failed > 0, 3, 2)
         ELSE processing + succeeded + failed + withdrawn > 0 END,
         count(*), sum(waiting), sum(processing), sum(succeeded), sum(failed), sum(withdrawn)
         FROM jobs WHERE stage IN (?, ?) GROUP BY 1",
    )?;
    let mut states = query.query(params![Stage::Copying, Stage::Sealed])?;
    while let Some(state) = states.next()? {
        if let Some(count) = jobs.get_mut(state.get::<_, usize>(0)?) {
            *count = state.get(1)?;
        }
        rows.waiting += state.get::<_, u64>(2)?;
        rows.processing += state.get::<_, u64>(3)?;
        rows.succeeded += state.get::<_, u64>(4)?;
        rows.failed += state.get::<_, u64>(5)?;
        rows.cancelled += state.get::<_, u64>(6)?;
    }
    Ok((jobs, rows))
}

fn oldest(db: &Connection, now: Moment) -> Result<Vec<(EdgeName, Duration)>, QueueError> {
    let mut since = HashMap::new();
    let mut oldest = Vec::new();
    let mut edges = db.prepare_cached("SELECT id, name FROM edges ORDER BY name")?;
    let mut edges = edges.query([])?;
    while let Some(edge) = edges.next()? {
        let (id, name): (i64, String) = (edge.get(0)?, edge.get(1)?);
        let mut first = Moment::NEVER;
        for lane in Lane::ALL {
            for job in heads(db, id, lane)? {
                let since = match since.get(&job) {
                    Some(since) => *since,
                    None => *since.entry(job).or_insert(began(db, job, now)?),
                };
                first = first.min(since);
            }
        }
        // A name that is none has been told as damage by the writer.
        if let (true, Ok(name)) = (first < Moment::NEVER, name.parse()) {
            oldest.push((name, now.since(first)));
        }
    }
    Ok(oldest)
}

/// The job whose row comes first, of each priority.
fn heads(db: &Connection, edge: i64, lane: Lane) -> Result<Vec<i64>, QueueError> {
    let mut query = db.prepare_cached(
        "SELECT rank, job FROM rows INDEXED BY rows_ready
         WHERE edge = ? AND lane = ? AND state = 0 AND rank > ? ORDER BY rank, due, job LIMIT 1",
    )?;
    let (mut heads, mut rank) = (Vec::new(), -1);
    while let Some((next, job)) = {
        let mut rows = query.query(params![edge, number(lane), rank])?;
        rows.next()?.map(|row| Ok::<_, QueueError>((row.get(0)?, row.get(1)?))).transpose()?
    } {
        rank = next;
        heads.push(job);
    }
    Ok(heads)
}

/// Since when a job could be worked on; never, if it cannot yet.
fn began(db: &Connection, job: i64, now: Moment) -> Result<Moment, QueueError> {
    let mut query = db.prepare_cached("SELECT created, at, opens, closes FROM jobs WHERE seq = ?")?;
    Ok(query.query_row([job], |row| {
        let at = row.get::<_, Option<i64>>(1)?.map(Moment);
        let terms = Terms { at, window: window(row.get(2)?, row.get(3)?), ..Terms::new(Action::Purge) };
        let began = Moment(row.get(0)?).max(at.unwrap_or_default());
        Ok(if terms.due(now) > now { Moment::NEVER } else { began })
    })?)
}

/// How many ends are to be told, and since when. There are as many as receivers that do not answer let there be, for days at most.
fn untold(db: &Connection, now: Moment) -> Result<(u64, Duration), QueueError> {
    let mut query = db.prepare_cached(
        "SELECT count(*), min(ended) FROM jobs INDEXED BY jobs_to_announce WHERE announce IS NOT NULL",
    )?;
    Ok(query.query_row([], |row| {
        let since = row.get::<_, Option<i64>>(1)?.map_or(now, Moment);
        Ok((row.get(0)?, now.since(since)))
    })?)
}

/// What lies on the disk. Nothing, if that cannot be seen.
fn bytes(db: &Connection) -> (u64, u64) {
    let of = |suffix: &str| {
        let file = db.path().map(|path| format!("{path}{suffix}"));
        file.and_then(|file| std::fs::metadata(file).ok()).map_or(0, |file| file.len())
    };
    (of(""), of("-wal"))
}
