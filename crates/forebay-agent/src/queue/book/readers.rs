//! Looking at the queue beside the writer.
//!
//! A reader sees what was committed when it began, and holds up nobody: but a long look keeps the log from being written back, so
//! everything that can be long comes in pages.

use std::sync::Arc;

use forebay_budget::ByteSize;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::options::READERS;
use crate::queue::QueueError;
use crate::queue::home::Home;

#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Semaphore,
}

impl Readers {
    /// Blocks.
    pub(super) fn open(home: &Home, pages: ByteSize) -> Result<Self, QueueError> {
        let idle = (0..READERS).map(|_| home.open_reader(pages)).collect::<Result<_, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), turns: Semaphore::new(READERS) })
    }

    /// Looks, on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let _turn = self.turns.acquire().await.map_err(|_| QueueError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let looked = tokio::task::spawn_blocking(move || {
            let db = idle.lock().pop().ok_or(QueueError::Closed)?;
            let result = look(&db);
            idle.lock().push(db);
            result
        });
        looked.await.unwrap_or(Err(QueueError::Closed))
    }
}
