//! Writing: an object arrives as a file without a name, and gets one when it is whole.
//!
//! ```text
//! create ─► directory found, condition looked at, room on the disk claimed ─► a file without a name (O_TMPFILE) in that directory
//! write  ─► gathered in leased memory ─► blocking pool: pwritev         without a lease: at once, and the client waits
//! publish ─► fsync ─► condition again, under the name's lock ─► linkat, or link beside and rename over ─► fsync of the directory
//! ```
//!
//! A file without a name goes with its last descriptor: nothing is left of an upload that was abandoned, nor after `kill -9` or a power cut.
//! Where a file system has no such files, it has a name that no key can have, and so have the few files that are between their link and the
//! rename: `.forebay-new-…`, which is how what a crash leaves there can be found.
//!
//! Nobody is inside this process twice under one name: the lock is held while the condition is looked at and the name is given, on a thread
//! that may wait. Writers in other processes are not locked out; `Absent` holds against them too, since the kernel decides it.

mod arriving;
mod change;
mod new_file;
mod place;
mod room;

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::turns::Turns;
use super::{LocalOptions, LocalStore};
use crate::remote::{Condition, Stored};
use crate::writable::{Incoming, NewObject, Writable};
use crate::{Answer, Key, StoreError};
use room::Room;

const LOCKS: usize = 64;

/// What all writing shares.
pub(super) struct Writing {
    /// Who may write on the blocking pool.
    turns: Turns,
    room: Arc<Room>,
    /// One of them is held while a name is given.
    names: [Mutex<()>; LOCKS],
}

impl Writing {
    pub(super) fn new(options: &LocalOptions) -> Self {
        Self {
            turns: Turns::new(options.writers_max, options.patience),
            room: Arc::new(Room::new(options.free_min)),
            names: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Locks a name against everybody else in this process. Blocks for as long as giving a name takes.
    fn lock(&self, key: &Key) -> MutexGuard<'_, ()> {
        let sum = key
            .as_bytes()
            .iter()
            .fold(0_usize, |sum, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.names[sum % LOCKS].lock()
    }
}

impl Writable for LocalStore {
    fn create<'a>(&'a self, ask: &'a NewObject) -> Answer<'a, Box<dyn Incoming>> {
        Answer::later(async move {
            let arriving = arriving::create(&self.inner, ask).await?;
            Ok(Box::new(arriving) as Box<dyn Incoming>)
        })
    }

    fn remove<'a>(&'a self, key: &'a Key, condition: &'a Condition) -> Answer<'a, ()> {
        Answer::later(change::remove(&self.inner, key, condition))
    }

    fn make_directory<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        Answer::later(change::make_directory(&self.inner, key))
    }

    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key, condition: &'a Condition) -> Answer<'a, Stored> {
        Answer::later(change::rename(&self.inner, from, to, condition))
    }
}

/// Does something that may wait for the disk, in turn.
async fn in_turn<T: Send + 'static>(
    turns: &Turns,
    job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let turn = turns.await_next().await?;
    let job = move || {
        let done = job();
        drop(turn);
        done
    };
    tokio::task::spawn_blocking(job).await.map_err(super::fault::no_worker)?
}
