//! The verbs of a store.
//!
//! Two verbs read, and both are shaped so that a disk, a bucket and a web server can answer them: `open` pins
//! one version and hands out something to read ranges from; `list` hands out a bounded page and an opaque cursor.
//! Nothing in them is a path, a descriptor or a header. `open` has two variants with more to say, for stores to which that makes a
//! difference: what will be read next, and that the name is a directory's.

use std::fmt;

use crate::{Answer, ByteRange, Key, Kind, ListAsk, ListPage, Object, StoreErrorKind};

/// A place where objects live. Kept as `Arc<dyn Store>`.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The version that is under `key` now. Its descriptor, connection or memory is held by the object.
    ///
    /// Cancel safe: a dropped answer leaves nothing behind but work that ends by itself and frees what it holds.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Denied`, `Throttled` or `Unavailable`; see [`StoreErrorKind`](crate::StoreErrorKind).
    fn open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object>;

    /// The same for a caller who holds an object already, and may therefore not wait for what others hold: a descriptor,
    /// a turn or a connection is taken now or not at all. What is waited for is the disk or the network alone.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Store::open); `Unavailable` or `Throttled` also where `open` would have waited.
    fn try_open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object>;

    /// As [`open`](Store::open), by somebody who will probably read next: all of the object, or `range`, which may end beyond it. A
    /// store across a network asks for the bytes at once instead of for the head first. The object may hold a connection until those bytes are
    /// read or it is dropped, so nothing is to be waited for meanwhile ([`RemoteSpan::put_down`](crate::remote::RemoteSpan::put_down)).
    ///
    /// # Errors
    ///
    /// Those of [`open`](Store::open).
    fn open_to_read<'a>(&'a self, key: &'a Key, range: Option<ByteRange>) -> Answer<'a, Object> {
        let _ = range;
        self.open(key)
    }

    /// What a client gets that asks for the directory `key` by its name with a slash: the directory, or what the store has there
    /// to be read (`reads` says whether it will be). An object of that name without a slash is none.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Store::open).
    fn open_directory<'a>(&'a self, key: &'a Key, reads: bool) -> Answer<'a, Object> {
        let _ = reads;
        Answer::later(async move {
            match self.open(key).await {
                Ok(object) if object.meta().kind == Kind::File => Err(StoreErrorKind::NotFound.into()),
                answer => answer,
            }
        })
    }

    /// A page of what a client may open in the directory `dir`, in the order that `ask` wants.
    ///
    /// Paging is by position and not by number: what is neither created, removed, renamed nor (where the order
    /// looks at it) changed while a client pages is seen exactly once. A page may be shorter than `ask.limit`
    /// although others follow: only `next` says whether they do.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such directory, `Invalid` for a cursor of another order or store, `Unavailable` if
    /// memory or a descriptor cannot be had in time.
    fn list<'a>(&'a self, dir: &'a Key, ask: &'a ListAsk) -> Answer<'a, ListPage>;
}
