//! The verbs that change a store.
//!
//! What arrives is written beside its name and seen by nobody until it is published, whole. Who drops it has abandoned it: nothing stays.
//!
//! | file | what it holds |
//! |---|---|
//! | this one | the verbs, and an object on its way in |
//! | `resumable` | objects that arrive in several goes, with hours or a restart between them |

mod resumable;

use std::fmt;

use bytes::Bytes;

use crate::remote::{Attributes, Condition, Stored};
use crate::{Answer, Key, Store};

pub use resumable::{Begun, NewUpload, Resumable, Resumed, UploadId, UploadIdError};

/// A store that can be written. Kept as `Arc<dyn Writable>`.
pub trait Writable: Store {
    /// Begins an object. A condition that fails already, a name that cannot be, a directory that is missing or full are told now, before the
    /// client is asked for its first byte; the condition is looked at again when the object is published.
    ///
    /// # Errors
    ///
    /// `Precondition`; `Conflict` if a directory has this name, or its own directory is missing or is a file; `Full`; `Denied`;
    /// `Unavailable` if memory or a descriptor cannot be had in time.
    fn create<'a>(&'a self, ask: &'a NewObject) -> Answer<'a, Box<dyn Incoming>>;

    /// Removes an object, or a directory that is empty.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Precondition`; `Conflict` for a directory that is not empty, and for the root; else as [`Store::open`].
    fn remove<'a>(&'a self, key: &'a Key, condition: &'a Condition) -> Answer<'a, ()>;

    /// Makes a directory. Where directories are only what names begin with, one that holds nothing is a mark that lists as one.
    ///
    /// # Errors
    ///
    /// `Precondition` if something has this name; else as [`create`](Writable::create).
    fn make_directory<'a>(&'a self, key: &'a Key) -> Answer<'a, ()>;

    /// Gives an object or a directory another name in this store.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no `from`; `Precondition` if the condition does not hold at `to`; `Conflict` if `to` is a directory, is below
    /// `from` or has no directory to be in, or if this store cannot rename directories.
    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key, condition: &'a Condition) -> Answer<'a, Stored>;

    /// Objects that arrive in several goes; `None` if this store keeps none.
    fn resumable(&self) -> Option<&dyn Resumable> {
        None
    }
}

/// An object that is to come.
#[derive(Debug, Clone)]
pub struct NewObject {
    /// Its name. Never the root.
    pub key: Key,
    /// How long it will be, if the client said so.
    pub len: Option<u64>,
    /// What is stored beside it, where the store keeps such things.
    pub attributes: Attributes,
    /// When to write at all.
    pub condition: Condition,
}

/// An object on its way in. Dropped, it is abandoned: nothing of it stays.
pub trait Incoming: fmt::Debug + Send {
    /// Takes the next bytes, and comes back when there is room for more: whoever waits here reads nothing more from the client.
    ///
    /// # Errors
    ///
    /// `Full`; `Unavailable`, also if memory cannot be had in time. Nothing can be written after an error.
    fn write<'a>(&'a mut self, bytes: Bytes) -> Answer<'a, ()>;

    /// Publishes what was written, under the name and on the condition it was begun with. On `Ok` it is durable, as far as the store promises
    /// that at all.
    ///
    /// # Errors
    ///
    /// `Precondition`, `Conflict`; else as [`write`](Incoming::write). Nothing is published then, but for an answer of a store across
    /// a network that was lost.
    fn publish<'a>(&'a mut self) -> Answer<'a, Stored>;
}
