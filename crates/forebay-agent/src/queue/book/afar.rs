//! What somebody needs who hands rows on to workers elsewhere.
//!
//! He leases them like a worker, for as long as he means to ask after them; he keeps a number of them in hand for each edge, so that
//! what is more important and comes later does not stand behind a million others; and he asks after those of which he has heard nothing.

use std::sync::Arc;

use rusqlite::params;
use tokio::sync::watch;

use super::Book;
use super::desk::Desk;
use super::options::Leases;
use super::state::number;
use crate::edge::EdgeName;
use crate::queue::{GivenBack, LeaseId, Leased, Moment, QueueError, RowId};
use crate::target::Target;
use crate::task::Lane;

/// A row of which nothing has been heard until its lease ended.
#[derive(Debug)]
pub(in crate::queue) struct Unheard {
    pub(in crate::queue) leased: Leased,
    pub(in crate::queue) edge: EdgeName,
    /// Its job was cancelled: it need not be done.
    pub(in crate::queue) is_cancelled: bool,
}

impl Book {
    /// What it is called in a message queue: given to no other.
    pub(in crate::queue) async fn name(&self) -> Result<String, QueueError> {
        self.inner.readers.read(|db| Ok(db.query_row("SELECT name FROM about", [], |row| row.get(0))?)).await
    }

    /// The time by its clock.
    pub(in crate::queue) fn now(&self) -> Moment {
        self.inner.clock.now()
    }

    /// Tells when there may be more to hand out, or more room for it.
    pub(in crate::queue) fn changes(&self) -> watch::Receiver<()> {
        self.inner.signals.changes()
    }

    /// Where there may be rows to lease, and how many until `most` are in hand there, by lane, or an even share of `most_of_all`. Edges take turns.
    pub(in crate::queue) async fn with_room(
        &self,
        most: [u64; 2],
        most_of_all: u64,
        edges_max: usize,
    ) -> Result<Vec<(EdgeName, Lane, u64)>, QueueError> {
        self.inner
            .writer
            .call(move |desk| Ok(desk.edges.with_room(desk.now, most, most_of_all, edges_max)))
            .await
    }

    /// Whether an edge has purges to end before it fetches.
    pub(in crate::queue) async fn is_catching_up(&self, edge: &EdgeName) -> Result<bool, QueueError> {
        let edge = edge.clone();
        let is_so = move |desk: &mut Desk| {
            Ok(desk.edges.id(&edge).is_some_and(|edge| desk.edges.is_catching_up(edge)))
        };
        self.inner.writer.call(is_so).await
    }

    /// Takes all rows of an edge back that are in hand: they wait again, untried.
    pub(in crate::queue) async fn take_back_all(
        &self,
        edge: &EdgeName,
        lane: Lane,
    ) -> Result<(), QueueError> {
        let edge = edge.clone();
        self.inner.writer.call(move |desk| desk.take_back_all(&edge, lane)).await
    }

    /// What becomes of its leases.
    pub(in crate::queue) fn leases(&self) -> Leases {
        self.inner.leases
    }

    /// Rows whose lease has ended, the oldest first.
    pub(in crate::queue) async fn unheard(&self, most: usize) -> Result<Vec<Unheard>, QueueError> {
        self.inner.writer.call(move |desk| desk.unheard(most)).await
    }
}

impl Desk {
    fn take_back_all(&mut self, edge: &EdgeName, lane: Lane) -> Result<(), QueueError> {
        let Some(edge) = self.edges.id(edge) else { return Ok(()) };
        let leased: Vec<LeaseId> = {
            let mut query = self.db.prepare_cached(
                "SELECT job, n, token FROM rows INDEXED BY rows_leased
                 WHERE state = 3 AND until IS NOT NULL AND edge = ? AND lane = ?",
            )?;
            let rows = query.query_map(params![edge, number(lane)], |row| {
                let id = RowId { job: row.get(0)?, n: row.get(1)?, edge };
                Ok(LeaseId { row: id, token: row.get(2)? })
            })?;
            rows.collect::<Result<_, _>>()?
        };
        let due = self.now;
        self.give_back(leased.into_iter().map(|lease| GivenBack { lease, due, because: None }).collect())
    }

    fn unheard(&mut self, most: usize) -> Result<Vec<Unheard>, QueueError> {
        let found: Vec<(LeaseId, u32)> = {
            let mut query = self.db.prepare_cached(
                "SELECT job, n, edge, token, attempts FROM rows INDEXED BY rows_leased
                 WHERE state = 3 AND until <= ? ORDER BY until LIMIT ?",
            )?;
            let rows = query.query_map(params![self.now.0, most], |row| {
                let id = RowId { job: row.get(0)?, n: row.get(1)?, edge: row.get(2)? };
                Ok((LeaseId { row: id, token: row.get(3)? }, row.get(4)?))
            })?;
            rows.collect::<Result<_, _>>()?
        };
        let mut unheard = Vec::with_capacity(found.len());
        for (lease, attempts) in found {
            let job = self.facts(lease.row.job)?;
            let (Ok(target), Some(edge)) =
                (Target::parse(&self.url(job.list, lease.row.n)?), self.edges.name(lease.row.edge))
            else {
                continue;
            };
            let rows = u32::try_from(self.group(lease)?.len()).unwrap_or(u32::MAX);
            let (action, options) = (job.terms.action, Arc::clone(&job.terms.options));
            let leased = Leased { lease, target, action, options, attempts, rows };
            unheard.push(Unheard { leased, edge, is_cancelled: job.is_cancelled });
        }
        Ok(unheard)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::queue::{BookOptions, Order, Queue as _, SHARE_MIN, Terms};
    use crate::task::Action;

    #[tokio::test]
    async fn edges_with_room_take_turns() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path(), BookOptions::default()).await.unwrap();
        let names: Vec<EdgeName> = ["a", "b", "c"].map(|name| name.parse().unwrap()).into();
        let order = Order::new(Terms::new(Action::Warm), names.clone());
        let mut submission = book.submit(order).await.unwrap();
        submission.add(&Target::parse("http://www.example.test/").unwrap()).await.unwrap();
        submission.seal().await.unwrap();
        let mut told = Vec::new();
        for _ in 0..4 {
            told.extend(book.with_room([1, 1], 100, 1).await.unwrap().into_iter().map(|(edge, ..)| edge));
        }
        assert_eq!(told, [&names[..], &names[..1]].concat());
        assert_eq!(book.with_room([1, 1], 100, 10).await.unwrap().len(), 3);
        assert!(book.with_room([1, 0], 100, 10).await.unwrap().is_empty(), "no room, nothing to tell");
    }

    #[tokio::test]
    async fn edges_that_have_rows_share_what_may_be_on_its_way() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path(), BookOptions::default()).await.unwrap();
        let room = async |most_of_all| {
            let places = book.with_room([100, 50], most_of_all, 10).await.unwrap();
            let mut rooms: Vec<_> = places.into_iter().map(|(.., room)| room).collect();
            rooms.sort_unstable();
            rooms
        };
        let submit = async |edge: &str, action| {
            let order = Order::new(Terms::new(action), [edge.parse().unwrap()]);
            let mut submission = book.submit(order).await.unwrap();
            submission.add(&Target::parse("http://www.example.test/").unwrap()).await.unwrap();
            submission.seal().await.unwrap();
        };
        submit("a", Action::Purge).await;
        assert_eq!((room(1000).await, room(60).await), (vec![100], vec![60]));
        submit("b", Action::Warm).await;
        assert_eq!((room(1000).await, room(60).await), (vec![50, 100], vec![30, 30]));
        assert_eq!(room(2).await, [SHARE_MIN, SHARE_MIN], "however many there are");
        book.lease(&"a".parse().unwrap(), Lane::Control, 1, Duration::from_secs(60)).await.unwrap();
        assert_eq!(room(60).await, [30], "what is in hand has its share");
    }
}
