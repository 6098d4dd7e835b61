//! The life of a job after it was taken in: cancelled, tried again, over, repeated, forgotten.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::chores::Chore;
use super::desk::Desk;
use super::edges::CatchUp;
use super::jobs::Facts;
use super::state::Stage;
use crate::edge::EdgeName;
use crate::queue::{JobId, JobState, Moment, QueueError, Telling};

/// Jobs that are forgotten in one go.
const FORGET_MAX: u64 = 64;

/// What is told of a job that is over.
#[derive(Clone, Copy)]
struct Ended {
    created: Moment,
    has_failed: bool,
}

impl Desk {
    /// The number of a job that can be seen.
    pub(super) fn seq(&self, id: JobId) -> Result<i64, QueueError> {
        let mut query = self.db.prepare_cached("SELECT seq FROM jobs WHERE id = ? AND stage IN (?, ?)")?;
        let seq = query
            .query_row(params![id.to_string(), Stage::Copying, Stage::Sealed], |row| row.get(0))
            .optional()?;
        seq.ok_or(QueueError::NoSuchJob)
    }

    /// What waits will not be done. What is in somebody's hands ends as it ends.
    pub(super) fn cancel(&mut self, id: JobId) -> Result<(), QueueError> {
        let seq = self.seq(id)?;
        let cancelled = self
            .db
            .prepare_cached(
                "UPDATE jobs SET cancelled = 1, stage = ?2 WHERE seq = ?1 AND ended IS NULL AND NOT cancelled",
            )?
            .execute(params![seq, Stage::Sealed])?;
        if cancelled > 0 {
            self.jobs.forget(seq);
            self.chores.push(Chore::Withdraw { job: seq, next: 0 });
            self.changes.touch(seq);
        }
        Ok(())
    }

    /// What failed is put back, as if it had never been tried. Returns how many rows.
    pub(super) fn retry(&mut self, id: JobId) -> Result<u64, QueueError> {
        let seq = self.seq(id)?;
        if self.facts(seq)?.is_cancelled {
            return Err(QueueError::Cancelled);
        }
        self.write_counts()?;
        let (failed, is_under_way): (u64, bool) = self
            .db
            .prepare_cached("SELECT failed, retried IS NOT NULL FROM jobs WHERE seq = ?")?
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if failed > 0 {
            self.db
                .prepare_cached(
                    "UPDATE jobs SET retried = 0, ended = NULL, announce = NULL, tellings = 0, told = NULL,
                     untold = NULL WHERE seq = ?",
                )?
                .execute([seq])?;
            if !is_under_way {
                self.chores.push(Chore::Retry { job: seq });
            }
        }
        Ok(failed)
    }

    /// A job whose numbers have changed may have ended.
    pub(super) fn look_whether_over(&mut self, seq: i64) -> Result<(), QueueError> {
        let over: Option<(Stage, bool, Ended)> = self
            .db
            .prepare_cached(
                "SELECT stage, continued, created, failed FROM jobs
                 WHERE seq = ? AND ended IS NULL AND waiting + processing = 0 AND retried IS NULL",
            )?
            .query_row([seq], |row| {
                let ended = Ended { created: Moment(row.get(2)?), has_failed: row.get::<_, u64>(3)? > 0 };
                Ok((row.get(0)?, row.get(1)?, ended))
            })
            .optional()?;
        match over {
            Some((Stage::Sealed, is_continued, ended)) => self.end_job(seq, is_continued, ended),
            Some((Stage::Dropped, ..)) => {
                self.db
                    .prepare_cached("UPDATE jobs SET ended = ?2 WHERE seq = ?1")?
                    .execute(params![seq, self.now.0])?;
                self.chores.push(Chore::Remove { job: seq, next: 0 });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end_job(&mut self, seq: i64, is_continued: bool, ended: Ended) -> Result<(), QueueError> {
        let job = self.facts(seq)?;
        let state = match (job.is_cancelled, ended.has_failed) {
            (true, _) => JobState::Cancelled,
            (false, true) => JobState::Failed,
            (false, false) => JobState::Succeeded,
        };
        let began = job.terms.at.unwrap_or_default().max(ended.created);
        self.noted.job(state, self.now.since(began));
        self.db
            .prepare_cached(
                "UPDATE jobs SET ended = ?2, announce = iif(webhook IS NULL, NULL, ?2) WHERE seq = ?1",
            )?
            .execute(params![seq, self.now.0])?;
        if job.terms.webhook.is_some() {
            self.signals().announce(self.now);
        }
        match job.terms.every {
            Some(every) if !is_continued && !job.is_cancelled => self.repeat(&job, every),
            _ => Ok(()),
        }
    }

    /// Makes the next run, in the same transaction in which this one ends: there is no moment at which it could be lost.
    fn repeat(&mut self, job: &Facts, every: Duration) -> Result<(), QueueError> {
        let id = JobId::new(self.now);
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(
                "INSERT INTO jobs (id, stage, list, urls, edges, tiered, action, priority, options, label, at,
                 opens, closes, every, webhook, origin, created, copied)
                 SELECT ?2, ?3, list, urls, edges, tiered, action, priority, options, label,
                 max(coalesce(at, created) + ?4, ?5), opens, closes, every, webhook, coalesce(origin, id), ?5, 0
                 FROM jobs WHERE seq = ?1",
            )?
            .execute(params![job.seq, id.to_string(), Stage::Copying, every, self.now.0])?;
        let next = self.db.last_insert_rowid();
        self.db
            .prepare_cached(
                "INSERT INTO places (job, edge, tier) SELECT ?2, edge, tier FROM places WHERE job = ?1",
            )?
            .execute([job.seq, next])?;
        self.db.prepare_cached("UPDATE jobs SET continued = 1 WHERE seq = ?")?.execute([job.seq])?;
        self.chores.push(Chore::Copy { job: next });
        Ok(())
    }

    /// An edge is back.
    pub(super) fn begin_catching_up(&mut self, edge: &EdgeName) -> Result<(), QueueError> {
        let Some(edge) = self.edges.id(edge) else { return Ok(()) };
        self.write_counts()?;
        let (to, left): (i64, u64) = self
            .db
            .prepare_cached(
                "SELECT (SELECT coalesce(max(seq), 0) FROM jobs),
                 coalesce(sum(places.waiting + places.processing), 0)
                 FROM jobs INDEXED BY jobs_live JOIN places ON places.job = jobs.seq
                 WHERE jobs.ended IS NULL AND action = 'purge' AND opens IS NULL
                 AND (at IS NULL OR at <= ?2) AND edge = ?1",
            )?
            .query_row([edge, self.now.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.edges.set_catch_up(edge, CatchUp { to, at: self.now, left });
        Ok(())
    }

    /// What time brings: leases end, jobs are forgotten, what there was no room for is tried again.
    pub(super) fn look_around(&mut self) -> Result<(), QueueError> {
        self.chores.wake();
        self.end_late_leases()?;
        self.forget_old()
    }

    /// Begins to remove what ended long ago, and what is too much.
    fn forget_old(&mut self) -> Result<(), QueueError> {
        let kept: u64 = self.db.query_row(
            "SELECT count(*) FROM jobs INDEXED BY jobs_by_end WHERE ended IS NOT NULL AND stage <> 3",
            [],
            |row| row.get(0),
        )?;
        let too_many = kept.saturating_sub(self.options.keep_max);
        let before = self.now.before(self.options.keep_for);
        let old: Vec<(i64, bool)> = {
            // Whoever wants to hear of an end is told for a bounded time, and until then the job is kept, unless there are too many.
            let mut query = self.db.prepare_cached(
                "SELECT seq, is_untold FROM (
                    SELECT seq, announce IS NOT NULL AS is_untold FROM jobs INDEXED BY jobs_by_end
                    WHERE ended IS NOT NULL AND stage <> 3 ORDER BY ended LIMIT ?2
                 ) UNION SELECT seq, 0 FROM (
                    SELECT seq FROM jobs INDEXED BY jobs_by_end
                    WHERE ended IS NOT NULL AND stage <> 3 AND ended < ?1 AND announce IS NULL ORDER BY ended LIMIT ?3
                 )",
            )?;
            let limits = params![before.0, too_many.min(FORGET_MAX), FORGET_MAX];
            let old = query.query_map(limits, |row| Ok((row.get(0)?, row.get(1)?)))?;
            old.collect::<Result<_, _>>()?
        };
        for (seq, is_untold) in old {
            if is_untold {
                tracing::warn!("too many jobs are kept: one is forgotten before its webhook has heard");
                self.noted.telling(Telling::Undelivered);
            }
            self.drop_job(seq)?;
            self.chores.push(Chore::Remove { job: seq, next: 0 });
        }
        Ok(())
    }
}
