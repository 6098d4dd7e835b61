//! Whose go it is in this process.
//!
//! A client that comes back while its last connection hangs is the same client. So the later go takes over at once: the earlier one is told to
//! stop, wherever it waits, and what its client had sent is made durable first, or a line that breaks every few megabytes would never get a
//! part across. What one process cannot know of another, the record tells.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_store::{Begun, Key, StoreError, UploadId};
use parking_lot::Mutex;
use tokio::sync::{MappedMutexGuard, MutexGuard, watch};

use super::book::taken_over;
use super::going::Going;
use crate::deposit::Inner;

/// How long a later go waits for what the earlier one has under way. What is not there then is sent again.
const HAND_OVER: Duration = Duration::from_secs(20);

/// The goes that are under way.
#[derive(Debug, Default)]
pub(in crate::deposit) struct Seats(Mutex<HashMap<UploadId, Arc<Seat>>>);

/// Where one go is, until another takes it away.
#[derive(Debug)]
pub(super) struct Seat {
    is_over: watch::Sender<bool>,
    going: tokio::sync::Mutex<Option<Going>>,
}

/// A go, as its client's connection holds it.
#[derive(Debug)]
pub(super) struct Taken {
    reserved: Reserved,
    pub(super) begun: Begun,
}

/// A seat that is freed when it is dropped.
#[derive(Debug)]
struct Reserved {
    inner: Arc<Inner>,
    id: UploadId,
    seat: Arc<Seat>,
}

impl Seats {
    /// Takes over from whoever is there.
    pub(super) async fn take(inner: &Arc<Inner>, key: &Key, id: &UploadId) -> Result<Taken, StoreError> {
        let seat =
            Arc::new(Seat { is_over: watch::Sender::new(false), going: tokio::sync::Mutex::default() });
        let mut place = seat.going.lock().await;
        let earlier = inner.seats.0.lock().insert(id.clone(), Arc::clone(&seat));
        let reserved = Reserved { inner: Arc::clone(inner), id: id.clone(), seat: Arc::clone(&seat) };
        if let Some(earlier) = earlier {
            earlier.hand_over().await;
        }
        let going = Going::open(inner, key, id).await?;
        let begun = going.begun()?;
        *place = Some(going);
        drop(place);
        Ok(Taken { reserved, begun })
    }

    /// Ends the go that is under way, and keeps what it has.
    pub(super) async fn end(&self, id: &UploadId) {
        let seat = self.0.lock().remove(id);
        if let Some(seat) = seat {
            seat.hand_over().await;
        }
    }

    /// Ends the go that is under way, and nothing of it is kept.
    pub(super) async fn stop(&self, id: &UploadId) {
        let seat = self.0.lock().remove(id);
        if let Some(seat) = seat {
            drop(seat.vacate().await);
        }
    }
}

impl Seat {
    async fn vacate(&self) -> Option<Going> {
        self.is_over.send_replace(true);
        self.going.lock().await.take()
    }

    async fn hand_over(&self) {
        if let Some(mut going) = self.vacate().await {
            // Whatever it fails with is its own client's, who is gone.
            let _ = tokio::time::timeout(HAND_OVER, going.keep()).await;
        }
    }

    /// The go; `Changed` if it was taken away.
    pub(super) async fn going(&self) -> Result<MappedMutexGuard<'_, Going>, StoreError> {
        MutexGuard::try_map(self.going.lock().await, Option::as_mut).map_err(|_| taken_over())
    }

    /// Takes bytes, until another takes over.
    pub(super) async fn write(&self, bytes: Bytes) -> Result<(), StoreError> {
        let mut over = self.is_over.subscribe();
        let write = async { self.going().await?.write(bytes).await };
        tokio::select! {
            biased;
            _ = over.wait_for(|over| *over) => Err(taken_over()),
            written = write => written,
        }
    }
}

impl Taken {
    pub(super) fn seat(&self) -> &Seat {
        &self.reserved.seat
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut seats = self.inner.seats.0.lock();
        if seats.get(&self.id).is_some_and(|there| Arc::ptr_eq(there, &self.seat)) {
            seats.remove(&self.id);
        }
    }
}
