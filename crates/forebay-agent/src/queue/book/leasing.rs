//! Handing out rows.
//!
//! They come in the order of priority, due time and age. A row whose time has not come, or who has to wait for another, is taken out of that order
//! as soon as it is met, so that nobody meets it twice: it gets the time at which its job's window opens, or is parked until who is in its way has ended.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::desk::Desk;
use super::ending::Ending;
use super::options::Leases;
use super::row::Found;
use super::siblings::Way;
use super::state::{State, number};
use crate::edge::EdgeName;
use crate::failure::{Failure, FailureClass};
use crate::queue::{LeaseId, Leased, Moment, QueueError, RowId};
use crate::target::Target;
use crate::task::Lane;

/// Rows that are looked at for one lease at most; who asks again goes on behind them.
const LOOKS_MAX: usize = 4096;
/// Candidates that are read at once.
const PAGE: usize = 256;
/// Leases that are ended in one go.
const LATE_MAX: usize = 1024;

impl Desk {
    pub(super) fn lease(
        &mut self,
        edge: &EdgeName,
        lane: Lane,
        most: usize,
        span: Duration,
    ) -> Result<Vec<Leased>, QueueError> {
        self.end_late_leases()?;
        let mut leased = Vec::new();
        let mut due = Moment::NEVER;
        if let Some(id) = self.edges.id(edge)
            && !(lane == Lane::Bulk && self.edges.is_catching_up(id))
        {
            let mut looks = 0;
            let mut rank = -1;
            while let Some(next) = self.next_rank(id, lane, rank)? {
                rank = next;
                loop {
                    if leased.len() >= most || looks >= LOOKS_MAX {
                        return Ok(leased);
                    }
                    let page = PAGE.min(most - leased.len());
                    let found = self.candidates((id, lane, rank), page)?;
                    looks += found.len();
                    for row in &found {
                        leased.extend(self.try_lease(*row, span)?);
                    }
                    if found.len() < page {
                        break;
                    }
                }
                due = due.min(self.next_due(id, lane, rank)?);
            }
        }
        if leased.len() < most {
            self.edges.quiet(edge, lane, due);
        }
        Ok(leased)
    }

    /// The next lower priority of which there are rows.
    fn next_rank(&self, edge: i64, lane: Lane, after: i64) -> Result<Option<i64>, QueueError> {
        let mut query = self.db.prepare_cached(
            "SELECT rank FROM rows INDEXED BY rows_ready
             WHERE edge = ? AND lane = ? AND state = 0 AND rank > ? ORDER BY rank LIMIT 1",
        )?;
        Ok(query.query_row(params![edge, number(lane), after], |row| row.get(0)).optional()?)
    }

    fn candidates(
        &self,
        (edge, lane, rank): (i64, Lane, i64),
        most: usize,
    ) -> Result<Vec<RowId>, QueueError> {
        let mut query = self.db.prepare_cached(
            "SELECT job, n FROM rows INDEXED BY rows_ready
             WHERE edge = ? AND lane = ? AND rank = ? AND state = 0 AND due <= ?
             ORDER BY due, job, n LIMIT ?",
        )?;
        let rows = query.query_map(params![edge, number(lane), rank, self.now.0, most], |row| {
            Ok(RowId { job: row.get(0)?, n: row.get(1)?, edge })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn next_due(&self, edge: i64, lane: Lane, rank: i64) -> Result<Moment, QueueError> {
        let mut query = self.db.prepare_cached(
            "SELECT due FROM rows INDEXED BY rows_ready
             WHERE edge = ? AND lane = ? AND rank = ? AND state = 0 ORDER BY due LIMIT 1",
        )?;
        let due = query.query_row(params![edge, number(lane), rank], |row| row.get(0)).optional()?;
        Ok(due.map_or(Moment::NEVER, Moment))
    }

    /// Leases a row with all that follow it, or takes it out of the way.
    fn try_lease(&mut self, id: RowId, span: Duration) -> Result<Option<Leased>, QueueError> {
        // It may have followed, or have been parked with, one that was met just before.
        let Some(row) = self.row(id)?.filter(|row| row.state == State::Waiting) else { return Ok(None) };
        let job = self.facts(id.job)?;
        if job.is_cancelled {
            self.end(&row, Ending::Cancelled)?;
            return Ok(None);
        }
        let opens = job.terms.due(self.now);
        if opens > self.now {
            self.postpone(id, opens)?;
            return Ok(None);
        }
        let url = self.url(job.list, id.n)?;
        let followers = match self.way(&row, &job, &url)? {
            Way::Free { followers } => followers,
            Way::Blocked => return Ok(None),
        };
        let Ok(target) = Target::parse(&url) else {
            let why = Failure::new(FailureClass::Invalid, "it was taken once and is no URL any more");
            self.end(&row, Ending::Untried(why))?;
            return Ok(None);
        };
        let token = self.next_token();
        let until = self.now.after(span);
        self.hand_out(&row, token, Some(until))?;
        for follower in &followers {
            self.hand_out(follower, token, None)?;
        }
        Ok(Some(Leased {
            lease: LeaseId { row: id, token },
            target,
            action: job.terms.action,
            options: job.terms.options.clone(),
            attempts: row.attempts + 1,
            rows: u32::try_from(1 + followers.len()).unwrap_or(u32::MAX),
        }))
    }

    fn hand_out(&mut self, row: &Found, token: i64, until: Option<Moment>) -> Result<(), QueueError> {
        self.db
            .prepare_cached(
                "UPDATE rows SET state = ?4, token = ?5, until = ?6, attempts = attempts + 1
                 WHERE job = ?1 AND n = ?2 AND edge = ?3",
            )?
            .execute(params![
                row.id.job,
                row.id.n,
                row.id.edge,
                State::Processing,
                token,
                until.map(|until| until.0)
            ])?;
        self.count(row, State::Processing)?;
        Ok(())
    }

    fn postpone(&self, id: RowId, due: Moment) -> Result<(), QueueError> {
        self.db
            .prepare_cached("UPDATE rows SET due = ?4 WHERE job = ?1 AND n = ?2 AND edge = ?3")?
            .execute(params![id.job, id.n, id.edge, due.0])?;
        Ok(())
    }

    /// Holds leases for longer; returns those that are held no more.
    pub(super) fn extend(
        &mut self,
        leases: Vec<LeaseId>,
        span: Duration,
    ) -> Result<Vec<LeaseId>, QueueError> {
        let until = self.now.after(span);
        let mut lost = Vec::new();
        for lease in leases {
            let extended = self
                .db
                .prepare_cached(
                    "UPDATE rows SET until = ?6
                     WHERE job = ?1 AND n = ?2 AND edge = ?3 AND token = ?4 AND state = ?5",
                )?
                .execute(params![
                    lease.row.job,
                    lease.row.n,
                    lease.row.edge,
                    lease.token,
                    State::Processing,
                    until.0
                ])?;
            if extended == 0 {
                lost.push(lease);
            }
        }
        Ok(lost)
    }

    /// Puts back the rows of leases that were not extended. They keep the token: who comes late and has done the work may
    /// still say so, until somebody else has leased it.
    pub(super) fn end_late_leases(&mut self) -> Result<(), QueueError> {
        if self.options.leases == Leases::Stay {
            return Ok(());
        }
        let late: Vec<LeaseId> = {
            let mut query = self.db.prepare_cached(
                "SELECT job, n, edge, token FROM rows INDEXED BY rows_leased
                 WHERE state = 3 AND until <= ? ORDER BY until LIMIT ?",
            )?;
            let rows = query.query_map(params![self.now.0, LATE_MAX], |row| {
                let id = RowId { job: row.get(0)?, n: row.get(1)?, edge: row.get(2)? };
                Ok(LeaseId { row: id, token: row.get(3)? })
            })?;
            rows.collect::<Result<_, _>>()?
        };
        for lease in late {
            for row in self.group(lease)? {
                self.put_back(&row, self.now)?;
            }
        }
        self.end_turn()
    }

    /// Nobody is there any more who had leased anything.
    pub(super) fn return_leases(&mut self) -> Result<(), QueueError> {
        if self.options.leases == Leases::Stay {
            return Ok(());
        }
        let leased: Vec<RowId> = {
            let mut query =
                self.db.prepare("SELECT job, n, edge FROM rows INDEXED BY rows_leased WHERE state = 3")?;
            let rows = query
                .query_map([], |row| Ok(RowId { job: row.get(0)?, n: row.get(1)?, edge: row.get(2)? }))?;
            rows.collect::<Result<_, _>>()?
        };
        for id in leased {
            if let Some(row) = self.row(id)? {
                self.put_back(&row, self.now)?;
            }
        }
        Ok(())
    }
}
