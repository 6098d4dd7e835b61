//! What a worker has done, written down before it says so.
//!
//! A message that was acknowledged may come again: the server lost the acknowledgement, or this process died before it was sent. To fetch
//! twenty gigabytes once more for that would be a waste; to say *failed* of what succeeded would be a lie. So the outcome is on the disk first,
//! and whoever asks again is answered from there. It is kept for as long as a server may come back with what it had forgotten:
//! for a day, or until a million others have come.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::Semaphore;

use crate::outcome::Outcome;
use crate::queue::home::{Home, Kind, PAGES};
use crate::queue::{Moment, QueueError};

const KIND: Kind = Kind { name: "done", application: *b"frbd", steps: &[include_str!("ledger.sql")] };
/// How long an outcome is kept after it was sent.
const KEEP: Duration = Duration::from_hours(24);
/// How many are kept at most.
const KEEP_MAX: u64 = 1_000_000;
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
    desk: Arc<Mutex<Desk>>,
    /// One at a time may wait for the disk.
    turn: Semaphore,
    _home: Home,
}

#[derive(Debug)]
struct Desk {
    db: Connection,
    /// Outcomes that are kept.
    kept: u64,
    kept_max: u64,
}

impl Ledger {
    pub(super) async fn open(dir: PathBuf) -> Result<Self, QueueError> {
        let opened = tokio::task::spawn_blocking(move || {
            let home = Home::take(&dir, &KIND)?;
            Ok::<_, QueueError>((Desk::new(home.open(PAGES)?, KEEP_MAX)?, home))
        });
        let (desk, home) = opened.await.unwrap_or(Err(QueueError::Closed))?;
        Ok(Self { desk: Arc::new(Mutex::new(desk)), turn: Semaphore::new(1), _home: home })
    }

    /// Writes down what was done, and what of that which was done before the server has by now. On the disk when this returns.
    pub(super) async fn put(
        &self,
        done: Vec<(Source, Outcome)>,
        sent: Vec<Source>,
        now: Moment,
    ) -> Result<(), QueueError> {
        self.with(move |desk| desk.put(&done, &sent, now)).await
    }

    /// What is known to be done of these.
    pub(super) async fn find(&self, sources: Vec<Source>) -> Result<HashMap<Source, Outcome>, QueueError> {
        self.with(move |Desk { db, .. }| {
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
        self.with(move |Desk { db, .. }| {
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
        self.put(Vec::new(), sources, Moment::PAST).await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let _turn = self.turn.acquire().await.map_err(|_| QueueError::Closed)?;
        let desk = Arc::clone(&self.desk);
        let worked = tokio::task::spawn_blocking(move || work(&mut desk.lock()));
        worked.await.unwrap_or(Err(QueueError::Closed))
    }
}

impl Desk {
    fn new(db: Connection, kept_max: u64) -> Result<Self, QueueError> {
        let kept = db.query_row("SELECT count(*) FROM done", [], |row| row.get(0))?;
        Ok(Self { db, kept, kept_max })
    }

    fn put(&mut self, done: &[(Source, Outcome)], sent: &[Source], now: Moment) -> Result<(), QueueError> {
        let all = self.db.transaction()?;
        let mut kept = self.kept;
        for source in sent {
            all.prepare_cached("UPDATE done SET sent = 1 WHERE book = ? AND lease = ?")?
                .execute([&*source.book, &*source.lease])?;
        }
        for (source, outcome) in done {
            let outcome = serde_json::to_string(outcome).unwrap_or_default();
            kept += all
                .prepare_cached(
                    "INSERT INTO done (book, lease, outcome, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![&*source.book, &*source.lease, outcome, now.0])? as u64;
        }
        let before = if kept > self.kept_max { Moment::NEVER } else { now.before(KEEP) };
        kept -= all
            .prepare_cached(
                "DELETE FROM done WHERE (book, lease) IN (
                    SELECT book, lease FROM done INDEXED BY done_sent WHERE sent = 1 AND at < ? ORDER BY at LIMIT ?
                 )",
            )?
            .execute(params![before.0, done.len() * FORGET])? as u64;
        all.commit()?;
        self.kept = kept;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Held, Verdict};

    fn done(lease: usize) -> (Source, Outcome) {
        let (before, after) = (Held::Unknown, Held::Unknown);
        let outcome = Outcome {
            verdict: Verdict::Removed,
            status: Some(200),
            bytes: 0,
            ttfb: None,
            took: Duration::ZERO,
            before,
            after,
            attempts: 1,
            digest: None,
        };
        (Source { book: "book".into(), lease: lease.to_string().into() }, outcome)
    }

    #[test]
    fn what_was_sent_is_forgotten_in_time_and_above_a_number_and_what_was_not_never() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::take(dir.path(), &KIND).unwrap();
        let mut desk = Desk::new(home.open(PAGES).unwrap(), 10).unwrap();
        let begun = Moment(1_700_000_000_000);
        desk.put(&[done(0)], &[], begun).unwrap();
        for lease in 1..=40 {
            desk.put(&[done(lease)], &[], begun.after(Duration::from_millis(lease as u64))).unwrap();
            desk.put(&[], &[done(lease).0], Moment::PAST).unwrap();
        }
        let leases = |desk: &Desk| -> Vec<String> {
            let mut query = desk.db.prepare("SELECT lease FROM done ORDER BY at").unwrap();
            query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let kept = leases(&desk);
        assert!(kept.len() <= 11 && kept[0] == "0" && kept.last().unwrap() == "40", "{kept:?}");
        assert_eq!(Desk::new(home.open(PAGES).unwrap(), 10).unwrap().kept, desk.kept);
        for lease in 41..50 {
            desk.put(&[done(lease)], &[], begun.after(2 * KEEP)).unwrap();
        }
        assert_eq!(
            leases(&desk).len(),
            10,
            "those of the day before are gone, but for the one that was not sent"
        );
    }
}
