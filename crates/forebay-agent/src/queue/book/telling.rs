//! Who is told that a job is over, and what came of it.
//!
//! A job with a webhook is announced in the same transaction in which it ends, so there is no moment at which that could be lost. The time of the
//! announcement moves into the future with every try that failed, and is taken away when the receiver has heard or will not be asked
//! any more. A job that is tried again ends again: what is said of its first end does not count for the second.

use rusqlite::params;

use super::desk::Desk;
use super::reading;
use crate::queue::{Job, JobId, Moment, QueueError, Telling, Told};

impl Desk {
    /// At most so many jobs whose webhook is to be told now; those that are in somebody's hands already are left out.
    pub(super) fn due_announcements(
        &mut self,
        most: usize,
        in_hand: &[JobId],
    ) -> Result<Vec<Job>, QueueError> {
        let candidates = reading::announced(&self.db, most + in_hand.len() + 1)?;
        let mut jobs = Vec::new();
        let mut next = Moment::NEVER;
        for (due, job) in candidates.into_iter().filter(|(_, job)| !in_hand.contains(&job.id)) {
            if due > self.now || jobs.len() == most {
                next = due;
                break;
            }
            jobs.push(job);
        }
        self.signals().quiet_announcements(next);
        Ok(jobs)
    }

    /// What came of a try to tell of a job that ended then.
    pub(super) fn told(&mut self, id: JobId, ended: Moment, told: &Told) -> Result<(), QueueError> {
        let seq = self.seq(id)?;
        let (announce, heard, tries, why) = match told {
            Told::Heard => (None, Some(self.now.0), 1, None),
            Told::Again { at, why } => (Some(at.0), None, 1, Some(why)),
            Told::Later { at } => (Some(at.0), None, 0, None),
            Told::GivenUp { why } => (None, None, 1, Some(why)),
        };
        let told = self
            .db
            .prepare_cached(
                "UPDATE jobs SET announce = ?3, told = ?4, tellings = tellings + ?5, untold = coalesce(?6, untold)
                 WHERE seq = ?1 AND ended = ?2 AND announce IS NOT NULL",
            )?
            .execute(params![seq, ended.0, announce, heard, tries, why])?;
        match (announce, heard) {
            // It has begun anew since, or was forgotten.
            _ if told == 0 => {}
            (Some(due), _) => self.signals().announce(Moment(due)),
            (None, Some(_)) => self.noted.telling(Telling::Delivered),
            (None, None) => self.noted.telling(Telling::Undelivered),
        }
        Ok(())
    }
}
