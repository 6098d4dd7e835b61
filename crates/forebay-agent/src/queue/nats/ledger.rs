//! What a worker has done, written down before it says so.
//!
//! A message that was acknowledged may come again: the server lost the acknowledgement, or this process died before it was sent. To fetch
//! twenty gigabytes once more for that would be a waste; to say *failed* of what succeeded would be a lie. So the outcome is on the disk first,
//! and whoever asks again is answered from there. It is kept for as long as a server may come back with what it had forgotten.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::Semaphore;

use crate::outcome::Outcome;
use crate::queue::home::{Home, Kind};
use crate::queue::{Moment, QueueError};

const KIND: Kind = Kind { name: "done", application: *b"frbd", steps: &[include_str!("ledger.sql")] };
/// How long an outcome is kept after it was sent.
const KEEP: Duration = Duration::from_hours(24);
/// Outcomes that are removed along with each that is written.
const FORGET: usize = 4;

/// Which row: of which book, under which lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source {
    pub(super) book: Arc<str>,
    pub(super) lease: Box<str>,
}

#[derive(Debug)]
pub(super) struct Ledger {
    db: Arc<Mutex<Connection>>,
    /// One at a time may wait for the disk.
    turn: Semaphore,
    _home: Home,
}

impl Ledger {
    pub(super) async fn open(dir: PathBuf) -> Result<Self, QueueError> {
        let opened = tokio::task::spawn_blocking(move || {
            let home = Home::take(&dir, &KIND)?;
            let db = home.open()?;
            Ok::<_, QueueError>((home, db))
        });
        let (home, db) = opened.await.unwrap_or(Err(QueueError::Closed))?;
        Ok(Self { db: Arc::new(Mutex::new(db)), turn: Semaphore::new(1), _home: home })
    }

    /// Writes down what was done. On the disk when this returns.
    pub(super) async fn put(&self, done: Vec<(Source, Outcome)>, now: Moment) -> Result<(), QueueError> {
        self.with(move |db| {
            let all = db.transaction()?;
            for (source, outcome) in &done {
                let outcome = serde_json::to_string(outcome).unwrap_or_default();
                all.prepare_cached(
                    "INSERT INTO done (book, lease, outcome, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![&*source.book, &*source.lease, outcome, now.0])?;
            }
            all.prepare_cached(
                "DELETE FROM done WHERE (book, lease) IN (
                    SELECT book, lease FROM done INDEXED BY done_sent WHERE sent = 1 AND at < ? ORDER BY at LIMIT ?
                 )",
            )?
            .execute(params![now.before(KEEP).0, done.len() * FORGET])?;
            Ok(all.commit()?)
        })
        .await
    }

    /// What is known to be done of these.
    pub(super) async fn find(&self, sources: Vec<Source>) -> Result<HashMap<Source, Outcome>, QueueError> {
        self.with(move |db| {
            let mut query = db.prepare_cached("SELECT outcome FROM done WHERE book = ? AND lease = ?")?;
            let mut known = HashMap::new();
            for source in sources {
                let outcome: Option<String> =
                    query.query_row([&*source.book, &*source.lease], |row| row.get(0)).optional()?;
                if let Some(outcome) = outcome.and_then(|text| serde_json::from_str(&text).ok()) {
                    known.insert(source, outcome);
                }
            }
            Ok(known)
        })
        .await
    }

    /// What was done and has not been sent, the oldest first.
    pub(super) async fn unsent(&self, most: usize) -> Result<Vec<(Source, Outcome)>, QueueError> {
        self.with(move |db| {
            let mut query = db.prepare_cached(
                "SELECT book, lease, outcome FROM done INDEXED BY done_unsent WHERE sent = 0 ORDER BY at LIMIT ?",
            )?;
            let mut rows = query.query([most])?;
            let mut unsent = Vec::new();
            while let Some(row) = rows.next()? {
                let source = Source { book: row.get::<_, String>(0)?.into(), lease: row.get::<_, String>(1)?.into() };
                if let Ok(outcome) = serde_json::from_str(&row.get::<_, String>(2)?) {
                    unsent.push((source, outcome));
                }
            }
            Ok(unsent)
        })
        .await
    }

    /// The server has these.
    pub(super) async fn mark_sent(&self, sources: Vec<Source>) -> Result<(), QueueError> {
        self.with(move |db| {
            let all = db.transaction()?;
            for source in &sources {
                all.prepare_cached("UPDATE done SET sent = 1 WHERE book = ? AND lease = ?")?
                    .execute([&*source.book, &*source.lease])?;
            }
            Ok(all.commit()?)
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let _turn = self.turn.acquire().await.map_err(|_| QueueError::Closed)?;
        let db = Arc::clone(&self.db);
        let worked = tokio::task::spawn_blocking(move || work(&mut db.lock()));
        worked.await.unwrap_or(Err(QueueError::Closed))
    }
}
