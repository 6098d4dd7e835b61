//! What takes longer than a command may: done in bites, between the commands.
//!
//! Whoever cancels a job of a million rows is answered when that is written down, and the rows follow. Each chore can be
//! found out from the tables, so that a process that ends in the middle of one goes on with it when it is started again; what is
//! kept in mind is only how far it is.

use std::collections::VecDeque;

use rusqlite::{Connection, params};

use super::desk::Desk;
use super::ending::Ending;
use super::jobs::Facts;
use super::row::{COLUMNS, Found};
use super::state::{Stage, State};
use crate::queue::QueueError;

/// Rows of one bite.
const BITE: i64 = 500;

#[derive(Debug, Default)]
pub(super) struct Chores {
    now: VecDeque<Chore>,
    /// What has to wait until there is room.
    later: Vec<Chore>,
}

/// Each with the job, and the place in its list where it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chore {
    /// The rows of a cancelled job that wait are ended.
    Withdraw { job: i64, next: i64 },
    /// The rows of a job that failed are put back.
    Retry { job: i64 },
    /// The rows of a repetition are made.
    Copy { job: i64 },
    /// The rows of a job that nobody sees any more are removed.
    Remove { job: i64, next: i64 },
    /// So is its list.
    RemoveList { job: i64, next: i64 },
}

/// Whether a chore is done.
enum Left {
    Nothing,
    Chore(Chore),
    Later(Chore),
}

impl Chores {
    /// What an earlier process has left.
    pub(super) fn load(db: &Connection) -> Result<Self, QueueError> {
        let mut chores = Self::default();
        let mut query = db.prepare(
            "SELECT seq, stage, cancelled AND waiting > 0, retried IS NOT NULL, waiting + processing FROM jobs
             WHERE stage IN (1, 3) OR retried IS NOT NULL OR (cancelled AND ended IS NULL)",
        )?;
        let mut jobs = query.query([])?;
        while let Some(row) = jobs.next()? {
            let job = row.get(0)?;
            if row.get(2)? {
                chores.push(Chore::Withdraw { job, next: 0 });
            }
            if row.get(3)? {
                chores.push(Chore::Retry { job });
            }
            match row.get::<_, Stage>(1)? {
                Stage::Copying => chores.push(Chore::Copy { job }),
                Stage::Dropped if row.get::<_, i64>(4)? == 0 => chores.push(Chore::Remove { job, next: 0 }),
                _ => {}
            }
        }
        Ok(chores)
    }

    pub(super) fn push(&mut self, chore: Chore) {
        self.now.push_back(chore);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    /// Time has passed: what had to wait is tried again.
    pub(super) fn wake(&mut self) {
        self.now.extend(self.later.drain(..));
    }
}

impl Desk {
    /// Does a bite of what is to be done.
    pub(super) fn chore(&mut self) -> Result<(), QueueError> {
        let Some(chore) = self.chores.now.pop_front() else { return Ok(()) };
        let left = match chore {
            Chore::Withdraw { job, next } => self.withdraw(job, next)?,
            Chore::Retry { job } => self.put_back_failed(job)?,
            Chore::Copy { job } => self.copy(job)?,
            Chore::Remove { job, next } => self.remove_rows(job, next)?,
            Chore::RemoveList { job, next } => self.remove_list(job, next)?,
        };
        match left {
            Left::Nothing => {}
            Left::Chore(chore) => self.chores.now.push_back(chore),
            Left::Later(chore) => self.chores.later.push(chore),
        }
        self.end_turn()
    }

    fn withdraw(&mut self, job: i64, next: i64) -> Result<Left, QueueError> {
        let Some(facts) = self.jobs.get(&self.db, job)? else { return Ok(Left::Nothing) };
        let until = next + bite(&facts);
        for row in self.rows(job, next, until)? {
            if row.state.is_live() && row.state != State::Processing {
                self.end(&row, Ending::Cancelled)?;
            }
        }
        Ok(go_on(until < facts.urls, Chore::Withdraw { job, next: until }))
    }

    fn put_back_failed(&mut self, job: i64) -> Result<Left, QueueError> {
        let Some(facts) = self.jobs.get(&self.db, job)? else { return Ok(Left::Nothing) };
        let next: Option<i64> =
            self.db.query_row("SELECT retried FROM jobs WHERE seq = ?", [job], |row| row.get(0))?;
        let Some(next) = next else { return Ok(Left::Nothing) };
        let until = next + bite(&facts);
        if !facts.is_cancelled {
            for row in self.rows(job, next, until)? {
                if row.state == State::Failed {
                    self.begin_again(&row)?;
                }
            }
        }
        let is_left = until < facts.urls && !facts.is_cancelled;
        self.db
            .prepare_cached("UPDATE jobs SET retried = ?2 WHERE seq = ?1")?
            .execute(params![job, is_left.then_some(until)])?;
        self.changes.touch(job);
        Ok(go_on(is_left, Chore::Retry { job }))
    }

    fn begin_again(&mut self, row: &Found) -> Result<(), QueueError> {
        let to = self.beginning(row)?;
        self.db
            .prepare_cached(
                "UPDATE rows SET state = ?4, due = ?5, attempts = 0, token = NULL, class = NULL, verdict = NULL,
                 detail = NULL, ended = NULL WHERE job = ?1 AND n = ?2 AND edge = ?3",
            )?
            .execute(params![row.id.job, row.id.n, row.id.edge, to, self.now.0])?;
        self.count(row, to)?;
        self.edges.poke(row.id.edge, row.lane, self.now);
        Ok(())
    }

    fn copy(&mut self, job: i64) -> Result<Left, QueueError> {
        let copying = self.jobs.get(&self.db, job)?.filter(|facts| facts.stage == Stage::Copying);
        let Some(facts) = copying else { return Ok(Left::Nothing) };
        let next: i64 =
            self.db.query_row("SELECT copied FROM jobs WHERE seq = ?", [job], |row| row.get(0))?;
        let until = facts.urls.min(next + bite(&facts));
        let rows = (until - next).unsigned_abs() * facts.edges.unsigned_abs();
        if self.edges.waiting + rows > self.options.waiting_max {
            return Ok(Left::Later(Chore::Copy { job }));
        }
        self.make_rows(&facts, next, until)?;
        let stage = if until < facts.urls { Stage::Copying } else { Stage::Sealed };
        self.db
            .prepare_cached("UPDATE jobs SET copied = ?2, stage = ?3 WHERE seq = ?1")?
            .execute(params![job, until, stage])?;
        self.jobs.forget(job);
        Ok(go_on(stage == Stage::Copying, Chore::Copy { job }))
    }

    fn remove_rows(&mut self, job: i64, next: i64) -> Result<Left, QueueError> {
        let Some(facts) = self.jobs.get(&self.db, job)? else { return Ok(Left::Nothing) };
        let until = next + bite(&facts);
        for table in ["rows", "tiers"] {
            self.db
                .prepare_cached(&format!("DELETE FROM {table} WHERE job = ? AND n >= ? AND n < ?"))?
                .execute([job, next, until])?;
        }
        let next = if until < facts.urls { Some(until) } else { None };
        Ok(Left::Chore(match next {
            Some(next) => Chore::Remove { job, next },
            None => Chore::RemoveList { job, next: 0 },
        }))
    }

    fn remove_list(&mut self, job: i64, next: i64) -> Result<Left, QueueError> {
        let Some(facts) = self.jobs.get(&self.db, job)? else { return Ok(Left::Nothing) };
        let is_shared: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM jobs WHERE list = ? AND seq <> ?)")?
            .query_row([facts.list, job], |row| row.get(0))?;
        let until = next + BITE;
        if !is_shared {
            self.db
                .prepare_cached("DELETE FROM urls WHERE list = ? AND n >= ? AND n < ?")?
                .execute([facts.list, next, until])?;
            if until < facts.urls {
                return Ok(Left::Chore(Chore::RemoveList { job, next: until }));
            }
        }
        self.db.prepare_cached("DELETE FROM places WHERE job = ?")?.execute([job])?;
        self.db.prepare_cached("DELETE FROM jobs WHERE seq = ?")?.execute([job])?;
        self.jobs.forget(job);
        Ok(Left::Nothing)
    }

    /// The rows of some of a job's URLs.
    fn rows(&self, job: i64, from: i64, until: i64) -> Result<Vec<Found>, QueueError> {
        let mut query = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM rows WHERE job = ? AND n >= ? AND n < ?"))?;
        Ok(query.query_map([job, from, until], Found::read)?.collect::<Result<_, _>>()?)
    }
}

/// URLs whose rows make a bite.
fn bite(job: &Facts) -> i64 {
    (BITE / job.edges.max(1)).max(1)
}

const fn go_on(is_left: bool, chore: Chore) -> Left {
    if is_left { Left::Chore(chore) } else { Left::Nothing }
}
