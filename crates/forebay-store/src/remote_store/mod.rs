//! What is across a network, as a tree of objects to serve: a bucket below a prefix, a web server below its base.
//!
//! A key of the tree is the name of an object behind the prefix, and cannot be anything else: it has no segment of dots, no empty
//! one and no slash at its ends ([`Key`]), so it stays below the prefix by its form. A directory is what other names begin with.
//!
//! `open` asks for the head of an object, which pins its version, and holds nothing afterwards: neither a connection nor a descriptor.
//! A read names a range of that version; who sends it asks for it when it can. So `open` and `try_open` are one, and nobody who holds an
//! object waits for himself. `open_to_read` asks for bytes at once, and the answer's head says the same: one request instead of two, and the
//! object then holds a connection until its bytes are read or it is dropped. What its head shows to be of no use is dropped.
//!
//! A place that cannot be listed answers for its directories itself: what it has under a name with a slash is passed on like an object.

mod list;
mod open;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use forebay_budget::Ledger;

use crate::remote::{ObjectKey, Remote, Tenacity};
use crate::{Answer, ByteRange, Key, ListAsk, ListPage, Object, Store, StoreError, StoreErrorKind};

/// What lies below a prefix of a remote place. Cheap to clone.
#[derive(Clone)]
pub struct RemoteStore {
    remote: Arc<dyn Remote>,
    options: Arc<RemoteStoreOptions>,
    /// It sent all of an object when it was asked for a part, and has shown no ranges since.
    ignores_ranges: Arc<AtomicBool>,
}

/// How a remote place is served.
#[derive(Debug, Clone)]
pub struct RemoteStoreOptions {
    /// What is in front of each key, as it is: `a/` serves a directory, `a` all names that begin with `a`.
    pub prefix: Box<str>,
    /// Pays for pages of listings that nobody else pays for.
    pub ledger: Ledger,
    /// How long a listing waits for memory.
    pub patience: Duration,
    /// How long to keep asking a place that gives nothing.
    pub tenacity: Tenacity,
}

impl RemoteStore {
    /// Serves what is in `remote`.
    pub fn new(remote: Arc<dyn Remote>, options: RemoteStoreOptions) -> Self {
        Self { remote, options: Arc::new(options), ignores_ranges: Arc::default() }
    }

    /// The name of the object that a key stands for. What no object can be called is not there.
    fn name(&self, key: &Key) -> Result<ObjectKey, StoreError> {
        let path = std::str::from_utf8(key.as_bytes()).map_err(|_| StoreErrorKind::NotFound)?;
        let name = format!("{}{path}", self.options.prefix);
        ObjectKey::new(name).map_err(|error| StoreError::with_cause(StoreErrorKind::NotFound, error))
    }

    /// What all names in a directory begin with.
    fn inside(&self, directory: &Key) -> Result<Box<str>, StoreError> {
        if directory.is_root() {
            return Ok(self.options.prefix.clone());
        }
        Ok(format!("{}/", self.name(directory)?.as_str()).into())
    }
}

impl Store for RemoteStore {
    fn open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
        Answer::later(open::open(self, key))
    }

    fn try_open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
        self.open(key)
    }

    fn open_to_read<'a>(&'a self, key: &'a Key, range: Option<ByteRange>) -> Answer<'a, Object> {
        Answer::later(open::open_to_read(self, key, range))
    }

    fn open_directory<'a>(&'a self, key: &'a Key, reads: bool) -> Answer<'a, Object> {
        Answer::later(open::open_directory(self, key, reads))
    }

    fn list<'a>(&'a self, dir: &'a Key, ask: &'a ListAsk) -> Answer<'a, ListPage> {
        Answer::later(list::list(self, dir, ask))
    }
}

impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStore")
            .field("place", &self.remote.place())
            .field("prefix", &self.options.prefix)
            .finish_non_exhaustive()
    }
}
