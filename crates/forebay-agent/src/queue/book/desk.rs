//! The writer's desk: the one connection that writes, and what is kept in mind beside it.
//!
//! Everything that changes the queue is a method of the desk and runs on the writer's thread, within a transaction that it shares with
//! its neighbours. So nothing here waits, nothing is locked, and what one method leaves the next one finds.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::time::Instant;

use super::changes::Changes;
use super::chores::Chores;
use super::edges::Edges;
use super::figures::{Noted, QueueFigures};
use super::jobs::{Facts, Jobs};
use super::options::BookOptions;
use super::row::{COLUMNS, Found};
use super::signals::Signals;
use super::state::State;
use crate::queue::{Moment, QueueError, RowId};
use crate::task::Lane;

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) db: Connection,
    pub(super) options: BookOptions,
    /// The time at which this turn began.
    pub(super) now: Moment,
    pub(super) edges: Edges,
    pub(super) jobs: Jobs,
    pub(super) changes: Changes,
    pub(super) chores: Chores,
    /// URLs on edges where somebody waits no more for whom others are parked.
    freed: Vec<(i64, i64)>,
    /// The last token that was given to a lease.
    token: i64,
    /// Whether what is kept in mind is what the tables say.
    is_sound: bool,
    signals: Arc<Signals>,
    figures: Arc<QueueFigures>,
    /// What is to be counted when this transaction is on the disk.
    pub(super) noted: Noted,
    /// Rows of tables that had been changed when it began.
    changed_before: u64,
}

/// Each opening of a queue gives so many tokens at most.
const TOKENS: u32 = 40;

impl Desk {
    /// Takes over what an earlier process left.
    pub(super) fn open(
        db: Connection,
        options: BookOptions,
        signals: Arc<Signals>,
        figures: Arc<QueueFigures>,
    ) -> Result<Self, QueueError> {
        let now = options.clock.now();
        let name = crate::queue::JobId::new(now).to_string();
        db.execute_batch("BEGIN IMMEDIATE")?;
        // An edge that no job names any more is forgotten.
        db.execute("DELETE FROM edges WHERE id NOT IN (SELECT edge FROM places)", [])?;
        let opened: i64 = db.query_row(
            "INSERT INTO about VALUES (1, ?, 1) ON CONFLICT DO UPDATE SET opened = opened + 1 RETURNING opened",
            [name],
            |row| row.get(0),
        )?;
        let edges = Edges::load(&db, Arc::clone(&signals))?;
        let mut desk = Self {
            db,
            options,
            now,
            edges,
            jobs: Jobs::default(),
            changes: Changes::default(),
            chores: Chores::default(),
            freed: Vec::new(),
            token: opened << TOKENS,
            is_sound: true,
            signals,
            figures,
            noted: Noted::default(),
            changed_before: 0,
        };
        desk.drop_unsealed()?;
        desk.return_leases()?;
        desk.commit()?;
        desk.chores = Chores::load(&desk.db)?;
        Ok(desk)
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self) -> Result<(), QueueError> {
        if !self.is_sound {
            self.reload()?;
            self.is_sound = true;
        }
        self.now = self.options.clock.now();
        self.changed_before = self.db.total_changes();
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// Writes what is owed, and ends the transaction: it is on the disk when this returns.
    pub(super) fn commit(&mut self) -> Result<(), QueueError> {
        self.end_turn()?;
        self.write_counts()?;
        self.edges.flush(&self.db)?;
        let begun = Instant::now();
        self.db.execute_batch("COMMIT")?;
        // One in which nothing was changed does not reach the disk.
        if self.db.total_changes() > self.changed_before {
            let noted = std::mem::take(&mut self.noted);
            self.figures.committed(begun.elapsed(), &noted, self.edges.changes());
        }
        Ok(())
    }

    /// Writes down how many rows are in which state, for whoever reads that in the same transaction.
    pub(super) fn write_counts(&mut self) -> Result<(), QueueError> {
        for job in self.changes.flush(&self.db)? {
            self.look_whether_over(job)?;
        }
        Ok(())
    }

    /// Takes the transaction back, as far as that has not happened by itself. What is kept in mind is not so any more.
    pub(super) fn take_back(&mut self) {
        self.is_sound = false;
        self.noted = Noted::default();
        self.figures.failed();
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the queue could not be taken back");
        }
        self.signals.poke_all();
    }

    /// Writes the log back into the database, so that nothing has to be done at the next opening. If it fails, it is done then.
    pub(super) fn close(self) {
        if let Err(error) = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the log of the queue could not be written back");
        }
    }

    fn reload(&mut self) -> Result<(), QueueError> {
        self.jobs.forget_all();
        self.changes.clear();
        self.freed.clear();
        self.edges = Edges::load(&self.db, Arc::clone(&self.signals))?;
        self.chores = Chores::load(&self.db)?;
        Ok(())
    }

    /// What is owed at the end of each command.
    pub(super) fn end_turn(&mut self) -> Result<(), QueueError> {
        for (key, edge) in std::mem::take(&mut self.freed) {
            self.release(key, edge)?;
        }
        Ok(())
    }

    pub(super) const fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    pub(super) const fn next_token(&mut self) -> i64 {
        self.token += 1;
        self.token
    }

    /// The facts of a job that is there.
    pub(super) fn facts(&mut self, job: i64) -> Result<Arc<Facts>, QueueError> {
        self.jobs.get(&self.db, job)?.ok_or_else(|| QueueError::Damaged(format!("rows of no job {job}")))
    }

    pub(super) fn row(&self, id: RowId) -> Result<Option<Found>, QueueError> {
        let mut query = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM rows WHERE job = ? AND n = ? AND edge = ?"))?;
        Ok(query.query_row(params![id.job, id.n, id.edge], Found::read).optional()?)
    }

    /// All rows of a key on an edge that have not ended.
    pub(super) fn live(&self, key: i64, edge: i64) -> Result<Vec<Found>, QueueError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM rows INDEXED BY rows_live WHERE key = ? AND edge = ? AND state < 4"
        ))?;
        Ok(query.query_map(params![key, edge], Found::read)?.collect::<Result<_, _>>()?)
    }

    /// The text of a URL.
    pub(super) fn url(&self, list: i64, n: i64) -> Result<String, QueueError> {
        let mut query = self.db.prepare_cached("SELECT url FROM urls WHERE list = ? AND n = ?")?;
        Ok(query.query_row(params![list, n], |row| row.get(0))?)
    }

    /// Notes that a row is in another state.
    pub(super) fn count(&mut self, row: &Found, to: State) -> Result<(), QueueError> {
        let job = self.facts(row.id.job)?;
        self.count_all(&job, row.id.edge, (Some(row.state), Some(to)), 1);
        Ok(())
    }

    /// Notes that rows of a job on an edge have come to be, or are in another state.
    pub(super) fn count_all(
        &mut self,
        job: &Facts,
        edge: i64,
        (from, to): (Option<State>, Option<State>),
        rows: u64,
    ) {
        let lane = job.terms.action.lane();
        self.edges.count(edge, lane, from, to, rows);
        self.changes.add((job.seq, edge), from, to, rows);
        let (was_live, is_live) = (from.is_some_and(State::is_live), to.is_some_and(State::is_live));
        let catch_up = self.edges.catch_up(edge);
        if lane == Lane::Control
            && was_live != is_live
            && job.seq <= catch_up.to
            && job.terms.is_pressing(catch_up.at)
        {
            self.edges.count_catching_up(edge, is_live, rows);
        }
    }

    /// A row keeps others from being leased no more; they are looked for when the turn ends.
    pub(super) fn free(&mut self, row: &Found) {
        self.freed.push((row.key, row.id.edge));
    }

    /// Puts back who was parked: whether somebody else is in the way is found out when they are to be leased.
    fn release(&mut self, key: i64, edge: i64) -> Result<(), QueueError> {
        let released = self
            .db
            .prepare_cached(
                "UPDATE rows INDEXED BY rows_live SET state = ?3
                 WHERE key = ?1 AND edge = ?2 AND state < 4 AND state = ?4",
            )?
            .execute(params![key, edge, State::Waiting, State::Parked])?;
        if released > 0 {
            for lane in Lane::ALL {
                self.edges.poke(edge, lane, self.now);
            }
        }
        Ok(())
    }
}
