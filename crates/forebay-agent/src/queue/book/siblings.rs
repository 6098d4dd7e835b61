//! The other rows of the same URL on the same edge: who is in the way, and who comes along.
//!
//! - One at a time: while a row is leased, no other of its URL on its edge is.
//! - A purge comes before what was ordered after it: what fetches waits for every older purge of the URL, or it would fetch what the
//!   purge then removes. (A purge does not wait for what was ordered before it: what it removes is fetched anew.) Only a purge that is
//!   meant for later, or for some hours of the day, is waited for by nobody until then.
//! - Who asks for the same comes along: rows with the same action and options that are due end with the one that is leased. A row that
//!   comes later does not, because what it was to bring may have changed in between; and neither does one that a purge in between has to precede.

use rusqlite::params;

use super::desk::Desk;
use super::jobs::Facts;
use super::row::Found;
use super::state::{State, number};
use crate::queue::QueueError;
use crate::task::Lane;

/// Whether a row may be leased.
#[derive(Debug)]
pub(super) enum Way {
    /// Yes, and these with it.
    Free { followers: Vec<Found> },
    /// No; it was parked, and with it all that wait for the same.
    Blocked,
}

impl Desk {
    pub(super) fn way(&mut self, row: &Found, job: &Facts, url: &str) -> Result<Way, QueueError> {
        let mut others = self.live(row.key, row.id.edge)?;
        others.retain(|other| other.id != row.id);
        if others.is_empty() {
            return Ok(Way::Free { followers: others });
        }
        let mut same = Vec::with_capacity(others.len());
        for other in others {
            if self.is_of(&other, url)? {
                same.push(other);
            }
        }
        if same.iter().any(|other| other.state == State::Processing) {
            self.park(row, i64::MIN)?;
            return Ok(Way::Blocked);
        }
        let oldest_purge = match row.lane {
            Lane::Control => i64::MAX,
            Lane::Bulk => self.oldest_purge(&same)?,
        };
        if oldest_purge < row.id.job {
            self.park(row, oldest_purge)?;
            return Ok(Way::Blocked);
        }
        let mut followers = Vec::new();
        for other in same {
            if other.state == State::Waiting
                && other.lane == row.lane
                && other.due <= self.now
                && other.id.job < oldest_purge
                && self.asks_for_the_same(&other, job)?
            {
                followers.push(other);
            }
        }
        Ok(Way::Free { followers })
    }

    /// The oldest job that wants it purged.
    fn oldest_purge(&mut self, rows: &[Found]) -> Result<i64, QueueError> {
        let mut oldest = i64::MAX;
        for purge in rows.iter().filter(|row| row.lane == Lane::Control) {
            if purge.id.job < oldest && self.facts(purge.id.job)?.terms.is_pressing(self.now) {
                oldest = purge.id.job;
            }
        }
        Ok(oldest)
    }

    /// Whether a row is of this URL, and not of another with the same hash.
    fn is_of(&mut self, other: &Found, url: &str) -> Result<bool, QueueError> {
        let list = self.facts(other.id.job)?.list;
        Ok(self.url(list, other.id.n)? == url)
    }

    fn asks_for_the_same(&mut self, other: &Found, job: &Facts) -> Result<bool, QueueError> {
        let theirs = self.facts(other.id.job)?;
        Ok(!theirs.is_cancelled
            && theirs.terms.action == job.terms.action
            && theirs.terms.options == job.terms.options
            && theirs.terms.due(self.now) <= self.now)
    }

    /// Takes those out of the way that wait for who is in this row's way, all at once: there may be many of one URL. Behind a purge these
    /// are the fetches that are younger than it, behind a leased row all.
    fn park(&self, row: &Found, younger_than: i64) -> Result<(), QueueError> {
        let lane_min = if younger_than == i64::MIN { 0 } else { number(Lane::Bulk) };
        self.db
            .prepare_cached(
                "UPDATE rows INDEXED BY rows_live SET state = ?5
                 WHERE key = ?1 AND edge = ?2 AND state < 4 AND state = ?6 AND job > ?3 AND lane >= ?4",
            )?
            .execute(params![row.key, row.id.edge, younger_than, lane_min, State::Parked, State::Waiting])?;
        Ok(())
    }
}
