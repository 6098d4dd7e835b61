//! How the numbers of rows in each state have changed since the last commit.
//!
//! Counting a million rows takes longer than a lease lasts, so jobs carry their counts. A transaction changes hundreds of rows of few
//! jobs: the changes are added up here and written once, at its end.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::state::State;
use crate::queue::{QueueError, RowState};

#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<(i64, i64), [i64; 5]>);

impl Changes {
    /// So many rows of a job on an edge were in one state, or were not, and are in another, or are no more.
    pub(super) fn add(&mut self, place: (i64, i64), from: Option<State>, to: Option<State>, rows: u64) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let by = self.0.entry(place).or_default();
        if let Some(from) = from {
            by[number(from.shown())] -= rows;
        }
        if let Some(to) = to {
            by[number(to.shown())] += rows;
        }
    }

    /// Nothing has changed, and still the job is to be looked at.
    pub(super) fn touch(&mut self, job: i64) {
        // There is no edge 0.
        self.0.entry((job, 0)).or_default();
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Writes the changes down, and says which jobs they were of.
    pub(super) fn flush(&mut self, db: &Connection) -> Result<Vec<i64>, QueueError> {
        let mut jobs = BTreeMap::<i64, [i64; 5]>::new();
        let mut place = db.prepare_cached(
            "UPDATE places SET waiting = waiting + ?3, processing = processing + ?4,
             succeeded = succeeded + ?5, failed = failed + ?6, withdrawn = withdrawn + ?7
             WHERE job = ?1 AND edge = ?2",
        )?;
        for ((job, edge), by) in std::mem::take(&mut self.0) {
            place.execute(params![job, edge, by[0], by[1], by[2], by[3], by[4]])?;
            let all = jobs.entry(job).or_default();
            for (all, by) in all.iter_mut().zip(by) {
                *all += by;
            }
        }
        let mut whole = db.prepare_cached(
            "UPDATE jobs SET waiting = waiting + ?2, processing = processing + ?3,
             succeeded = succeeded + ?4, failed = failed + ?5, withdrawn = withdrawn + ?6
             WHERE seq = ?1",
        )?;
        for (job, by) in &jobs {
            whole.execute(params![job, by[0], by[1], by[2], by[3], by[4]])?;
        }
        Ok(jobs.into_keys().collect())
    }
}

const fn number(state: RowState) -> usize {
    match state {
        RowState::Waiting => 0,
        RowState::Processing => 1,
        RowState::Succeeded => 2,
        RowState::Failed => 3,
        RowState::Cancelled => 4,
    }
}
