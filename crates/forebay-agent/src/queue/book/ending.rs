//! How rows end, or come back.

use rusqlite::params;

use super::desk::Desk;
use super::row::Found;
use super::state::State;
use crate::failure::{Failure, FailureClass};
use crate::outcome::Outcome;
use crate::queue::{GivenBack, LeaseId, Moment, QueueError, Settled};

/// Bytes of a failure's line that are kept.
const DETAIL_LEN_MAX: usize = 300;

/// Why a row ends.
#[derive(Debug)]
pub(super) enum Ending<'a> {
    /// Somebody did it, or gave it up.
    Worked(&'a Outcome),
    /// It is given up without being tried.
    Untried(Failure),
    /// Its job was cancelled.
    Cancelled,
}

impl Desk {
    pub(super) fn settle(&mut self, settled: Vec<Settled>) -> Result<(), QueueError> {
        for Settled { lease, outcome } in settled {
            for row in self.group(lease)? {
                self.end(&row, Ending::Worked(&outcome))?;
            }
        }
        Ok(())
    }

    pub(super) fn give_back(&mut self, rows: Vec<GivenBack>) -> Result<(), QueueError> {
        for GivenBack { lease, due, because } in rows {
            for row in self.group(lease)? {
                self.db
                    .prepare_cached(
                        "UPDATE rows SET token = NULL, class = coalesce(?4, class), attempts = attempts - ?5
                         WHERE job = ?1 AND n = ?2 AND edge = ?3",
                    )?
                    .execute(params![
                        row.id.job,
                        row.id.n,
                        row.id.edge,
                        because.map(FailureClass::name),
                        because.is_none()
                    ])?;
                self.put_back(&row, due)?;
            }
        }
        Ok(())
    }

    /// The row of a lease and those that follow it; none if it is held no more.
    pub(super) fn group(&self, lease: LeaseId) -> Result<Vec<Found>, QueueError> {
        let is_held = |row: &Found| row.state.is_live() && row.token == Some(lease.token);
        let Some(row) = self.row(lease.row)?.filter(is_held) else { return Ok(Vec::new()) };
        let mut group = self.live(row.key, row.id.edge)?;
        group.retain(is_held);
        Ok(group)
    }

    /// A leased row waits again, unless nobody wants it any more.
    pub(super) fn put_back(&mut self, row: &Found, due: Moment) -> Result<(), QueueError> {
        if self.facts(row.id.job)?.is_cancelled {
            return self.end(row, Ending::Cancelled);
        }
        self.db
            .prepare_cached(
                "UPDATE rows SET state = ?4, due = ?5, until = NULL WHERE job = ?1 AND n = ?2 AND edge = ?3",
            )?
            .execute(params![row.id.job, row.id.n, row.id.edge, State::Waiting, due.0])?;
        self.count(row, State::Waiting)?;
        self.free(row);
        self.edges.poke(row.id.edge, row.lane, due);
        Ok(())
    }

    /// A row ends, and whoever waits for that is looked after.
    pub(super) fn end(&mut self, row: &Found, ending: Ending<'_>) -> Result<(), QueueError> {
        let to = match &ending {
            Ending::Worked(outcome) if outcome.verdict.is_success() => State::Succeeded,
            Ending::Worked(_) | Ending::Untried(_) => State::Failed,
            Ending::Cancelled => State::Cancelled,
        };
        match ending {
            Ending::Worked(outcome) => self.write_outcome(row, to, outcome)?,
            Ending::Untried(why) => self.write_failure(row, to, Some(&why))?,
            Ending::Cancelled => self.write_failure(row, to, None)?,
        }
        self.count(row, to)?;
        self.noted.row(to);
        self.free(row);
        if self.facts(row.id.job)?.is_tiered {
            match to {
                State::Succeeded => self.open_next_tier(row)?,
                State::Failed => self.fail_children(row)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn write_outcome(&self, row: &Found, to: State, outcome: &Outcome) -> Result<(), QueueError> {
        let failure = outcome.verdict.failure();
        let micros = |span: std::time::Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(
                "UPDATE rows SET state = ?4, ended = ?5, until = NULL, class = ?6, detail = ?7, verdict = ?8,
                 status = ?9, bytes = ?10, ttfb = ?11, took = ?12, held_before = ?13, held_after = ?14,
                 requests = ?15, digest = ?16 WHERE job = ?1 AND n = ?2 AND edge = ?3",
            )?
            .execute(params![
                row.id.job,
                row.id.n,
                row.id.edge,
                to,
                self.now.0,
                failure.map(|failure| failure.class.name()),
                failure.map(|failure| cut(&failure.detail)),
                outcome.verdict.name(),
                outcome.status,
                i64::try_from(outcome.bytes).unwrap_or(i64::MAX),
                outcome.ttfb.map(micros),
                micros(outcome.took),
                outcome.before.name(),
                outcome.after.name(),
                outcome.attempts,
                outcome.digest.as_ref().map(|digest| digest.0)
            ])?;
        Ok(())
    }

    pub(super) fn write_failure(
        &self,
        row: &Found,
        to: State,
        why: Option<&Failure>,
    ) -> Result<(), QueueError> {
        self.db
            .prepare_cached(
                "UPDATE rows SET state = ?4, ended = ?5, until = NULL, class = coalesce(?6, class), detail = ?7
                 WHERE job = ?1 AND n = ?2 AND edge = ?3",
            )?
            .execute(params![
                row.id.job,
                row.id.n,
                row.id.edge,
                to,
                self.now.0,
                why.map(|why| why.class.name()),
                why.map(|why| cut(&why.detail))
            ])?;
        Ok(())
    }
}

/// As much of a line as is kept.
fn cut(detail: &str) -> &str {
    let end = (0..=DETAIL_LEN_MAX.min(detail.len())).rev().find(|at| detail.is_char_boundary(*at));
    &detail[..end.unwrap_or(0)]
}
