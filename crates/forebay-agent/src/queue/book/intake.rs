//! Taking jobs in.
//!
//! A job's URLs come in batches, each a transaction of its own, and its rows may be worked on before the last has come. But nobody is told that it
//! exists until it is sealed: what is not sealed when its submitter goes, or when the process ends, is withdrawn and forgotten.

use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::chores::Chore;
use super::desk::Desk;
use super::jobs::{Facts, parsed};
use super::state::{Stage, State, number};
use crate::queue::{JobId, Order, QueueError};

/// What became of an order.
#[derive(Debug)]
pub(super) enum Taken {
    /// A job that waits for its URLs.
    New(i64, JobId),
    /// There is one with this idempotency key. Its URLs are to be compared.
    Known(Known),
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: JobId,
    pub(super) fingerprint: Vec<u8>,
    pub(super) urls: u64,
    pub(super) duplicates: u64,
}

/// A URL with the hash by which it is found.
pub(super) type Keyed = (i64, Box<str>);

impl Desk {
    pub(super) fn open_job(&mut self, order: &Order) -> Result<Taken, QueueError> {
        if let Some(key) = &order.idempotency_key
            && let Some(known) = self.known(key)?
        {
            return Ok(Taken::Known(known));
        }
        let live: u64 =
            self.db.query_row("SELECT count(*) FROM jobs WHERE ended IS NULL", [], |row| row.get(0))?;
        if live >= self.options.jobs_max {
            return Err(QueueError::Full { what: "jobs", most: self.options.jobs_max });
        }
        let id = JobId::new(self.now);
        let terms = &order.terms;
        let window = terms.window.map(|window| window.minutes());
        self.db
            .prepare_cached(
                "INSERT INTO jobs (id, stage, list, edges, tiered, action, priority, options, label, at, opens,
                 closes, every, webhook, idempotency, created)
                 VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id.to_string(),
                Stage::Open,
                order.edges.len(),
                order.is_tiered(),
                terms.action.name(),
                terms.priority,
                &*terms.options,
                terms.label,
                terms.at.map(|at| at.0),
                window.map(|(opens, _)| opens),
                window.map(|(_, closes)| closes),
                terms.every.map(|every| i64::try_from(every.as_millis()).unwrap_or(i64::MAX)),
                terms.webhook,
                order.idempotency_key,
                self.now.0
            ])?;
        let seq = self.db.last_insert_rowid();
        self.db.prepare_cached("UPDATE jobs SET list = seq WHERE seq = ?")?.execute([seq])?;
        for place in &order.edges {
            let edge = self.edges.intern(&self.db, &place.edge)?;
            self.db
                .prepare_cached("INSERT INTO places (job, edge, tier) VALUES (?, ?, ?)")?
                .execute(params![seq, edge, place.tier])?;
        }
        Ok(Taken::New(seq, id))
    }

    fn known(&self, key: &str) -> Result<Option<Known>, QueueError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, stage, fingerprint, urls, duplicates FROM jobs WHERE idempotency = ?",
        )?;
        let known = query
            .query_row([key], |row| {
                let known = Known {
                    id: parsed(row, 0)?,
                    fingerprint: row.get::<_, Option<_>>(2)?.unwrap_or_default(),
                    urls: row.get(3)?,
                    duplicates: row.get(4)?,
                };
                Ok((row.get::<_, Stage>(1)?, known))
            })
            .optional()?;
        match known {
            Some((Stage::Open, _)) => Err(QueueError::UnderWay),
            known => Ok(known.map(|(_, known)| known)),
        }
    }

    /// Takes URLs in; says how many were not in the list yet.
    pub(super) fn add_urls(&mut self, seq: i64, urls: &[Keyed]) -> Result<u64, QueueError> {
        let job = self.unsealed(seq)?;
        let most = self.options.waiting_max;
        let rows = job.edges.unsigned_abs() * urls.len() as u64;
        if self.edges.waiting + rows > most {
            return Err(QueueError::Full { what: "rows", most });
        }
        let most = self.options.urls_max;
        let first = job.urls;
        let (mut next, mut duplicates) = (first, 0);
        for (key, url) in urls {
            let is_known = self
                .db
                .prepare_cached(
                    "SELECT 1 FROM urls INDEXED BY urls_by_key WHERE list = ? AND key = ? AND url = ?",
                )?
                .exists(params![seq, key, url])?;
            if is_known {
                duplicates += 1;
                continue;
            }
            if next.unsigned_abs() >= most {
                break;
            }
            self.db
                .prepare_cached("INSERT INTO urls (list, n, key, url) VALUES (?, ?, ?, ?)")?
                .execute(params![seq, next, key, url])?;
            next += 1;
        }
        self.db
            .prepare_cached("UPDATE jobs SET urls = ?2, duplicates = duplicates + ?3 WHERE seq = ?1")?
            .execute(params![seq, next, duplicates])?;
        self.jobs.forget(seq);
        self.make_rows(&job, first, next)?;
        if duplicates + (next - first) < urls.len() as i64 {
            return Err(QueueError::TooManyUrls { most });
        }
        Ok((next - first).unsigned_abs())
    }

    /// Makes the rows of some of a job's URLs, on all its edges.
    pub(super) fn make_rows(&mut self, job: &Facts, from: i64, until: i64) -> Result<(), QueueError> {
        let places: Vec<(i64, u8)> = {
            let mut query = self.db.prepare_cached("SELECT edge, tier FROM places WHERE job = ?")?;
            let places = query.query_map([job.seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
            places.collect::<Result<_, _>>()?
        };
        let lowest = places.iter().map(|(_, tier)| *tier).min().unwrap_or(0);
        let due = job.terms.due(self.now);
        let lane = job.terms.action.lane();
        let beginning = |tier: u8| if tier == lowest { State::Waiting } else { State::Held };
        {
            let mut urls =
                self.db.prepare_cached("SELECT n, key FROM urls WHERE list = ? AND n >= ? AND n < ?")?;
            let mut urls = urls.query(params![job.list, from, until])?;
            let mut insert = self.db.prepare_cached(
                "INSERT INTO rows (job, n, edge, key, lane, rank, tier, state, due)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            while let Some(url) = urls.next()? {
                let (n, key) = (url.get::<_, i64>(0)?, url.get::<_, i64>(1)?);
                for (edge, tier) in &places {
                    let rank = 9 - job.terms.priority;
                    insert.execute(params![
                        job.seq,
                        n,
                        edge,
                        key,
                        number(lane),
                        rank,
                        tier,
                        beginning(*tier),
                        due.0
                    ])?;
                }
                if job.is_tiered {
                    self.make_tiers(job.seq, n)?;
                }
            }
        }
        let rows = (until - from).unsigned_abs();
        for (edge, tier) in places {
            self.count_all(job, edge, (None, Some(beginning(tier))), rows);
            self.edges.poke(edge, lane, due);
        }
        Ok(())
    }

    fn make_tiers(&self, job: i64, n: i64) -> Result<(), QueueError> {
        self.db
            .prepare_cached(
                "INSERT INTO tiers (job, n, tier, missing)
                 SELECT job, ?2, tier, count(*) FROM places WHERE job = ?1 GROUP BY tier",
            )?
            .execute([job, n])?;
        Ok(())
    }

    /// The list is complete.
    pub(super) fn seal(&mut self, seq: i64, fingerprint: &[u8]) -> Result<(), QueueError> {
        if self.unsealed(seq)?.urls == 0 {
            return Err(QueueError::Invalid("a job needs a URL"));
        }
        self.db
            .prepare_cached("UPDATE jobs SET stage = ?2, fingerprint = ?3 WHERE seq = ?1")?
            .execute(params![seq, Stage::Sealed, fingerprint])?;
        self.jobs.forget(seq);
        self.noted.submitted();
        // All its rows may have ended already.
        self.changes.touch(seq);
        Ok(())
    }

    fn unsealed(&mut self, seq: i64) -> Result<Arc<Facts>, QueueError> {
        let job = self.jobs.get(&self.db, seq)?.filter(|job| job.stage == Stage::Open);
        job.ok_or(QueueError::NoSuchJob)
    }

    /// Its submitter has gone.
    pub(super) fn drop_open(&mut self, seq: i64) -> Result<(), QueueError> {
        if self.unsealed(seq).is_ok() {
            self.drop_job(seq)?;
            self.chores.push(Chore::Withdraw { job: seq, next: 0 });
        }
        Ok(())
    }

    /// What an earlier process had begun to take in.
    pub(super) fn drop_unsealed(&mut self) -> Result<(), QueueError> {
        let open: Vec<i64> = {
            let mut query = self.db.prepare("SELECT seq FROM jobs WHERE stage = ?")?;
            query.query_map([Stage::Open], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        for seq in open {
            self.drop_job(seq)?;
        }
        Ok(())
    }

    /// From now on nobody sees it, and its rows are taken away.
    pub(super) fn drop_job(&mut self, seq: i64) -> Result<(), QueueError> {
        self.db
            .prepare_cached(
                "UPDATE jobs SET stage = ?2, cancelled = 1, idempotency = NULL, announce = NULL WHERE seq = ?1",
            )?
            .execute(params![seq, Stage::Dropped])?;
        self.jobs.forget(seq);
        self.changes.touch(seq);
        Ok(())
    }
}
