//! Parents before children.
//!
//! A job may say that some of its edges fetch from others: those of a lower tier come first, URL by URL. How many rows of a URL in each tier
//! have not succeeded is written down. When there is none left the next tier is let go; when one fails, all above it fail with it,
//! untried. Success is for good, so a tier that is let go stays so.

use rusqlite::{OptionalExtension as _, params};

use super::desk::Desk;
use super::row::{COLUMNS, Found};
use super::state::State;
use crate::failure::{Failure, FailureClass};
use crate::queue::QueueError;

impl Desk {
    /// A row has succeeded: the next tier may be due.
    pub(super) fn open_next_tier(&mut self, row: &Found) -> Result<(), QueueError> {
        let missing: i64 = self
            .db
            .prepare_cached(
                "UPDATE tiers SET missing = missing - 1 WHERE job = ? AND n = ? AND tier = ? RETURNING missing",
            )?
            .query_row(params![row.id.job, row.id.n, row.tier], |row| row.get(0))?;
        if missing > 0 {
            return Ok(());
        }
        let next: Option<u8> = self
            .db
            .prepare_cached(
                "SELECT tier FROM tiers WHERE job = ? AND n = ? AND tier > ? ORDER BY tier LIMIT 1",
            )?
            .query_row(params![row.id.job, row.id.n, row.tier], |row| row.get(0))
            .optional()?;
        let Some(next) = next else { return Ok(()) };
        for child in self.held(row)?.iter().filter(|child| child.tier == next) {
            self.db
                .prepare_cached("UPDATE rows SET state = ?4 WHERE job = ?1 AND n = ?2 AND edge = ?3")?
                .execute(params![child.id.job, child.id.n, child.id.edge, State::Waiting])?;
            self.edges.poke(child.id.edge, child.lane, child.due);
        }
        Ok(())
    }

    /// A row has failed: what waits for it will not be tried.
    pub(super) fn fail_children(&mut self, row: &Found) -> Result<(), QueueError> {
        let why = Failure::new(FailureClass::Parent, "an edge of a lower tier has failed");
        for child in self.held(row)?.iter().filter(|child| child.tier > row.tier) {
            self.write_failure(child, State::Failed, Some(&why))?;
            self.count(child, State::Failed)?;
            // A purge that will not be done is in nobody's way.
            self.free(child);
        }
        Ok(())
    }

    /// The state in which a row begins, or begins again.
    pub(super) fn beginning(&self, row: &Found) -> Result<State, QueueError> {
        let is_open = self
            .db
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM tiers WHERE job = ? AND n = ? AND tier < ? AND missing > 0)",
            )?
            .query_row(params![row.id.job, row.id.n, row.tier], |row| row.get(0))?;
        Ok(if is_open { State::Waiting } else { State::Held })
    }

    fn held(&self, row: &Found) -> Result<Vec<Found>, QueueError> {
        let mut query = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM rows WHERE job = ? AND n = ? AND state = ?"))?;
        let rows = query.query_map(params![row.id.job, row.id.n, State::Held], Found::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
