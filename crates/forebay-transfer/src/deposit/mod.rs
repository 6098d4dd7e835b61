//! A bucket, below a prefix, as a store that can be written.
//!
//! It is read as any remote place is ([`RemoteStore`]). What is written comes from clients that send their bytes once: it is pushed into parts
//! that the plan pays for, and whoever sends faster than the bucket takes is made to wait. One upload holds a few parts at most, so that one
//! client cannot have all of them; many uploads wait their turn for one, first come, first served, and are refused when patience ends.
//!
//! Directories are only what names begin with. One that holds nothing is a mark: an empty object whose name ends with a slash.
//!
//! | file | what it holds |
//! |---|---|
//! | this one | the store |
//! | `names` | what objects are called |
//! | `before` | what is looked at before anything is written |
//! | `arriving` | an object on its way in |
//! | `change` | removing, renaming, directories |
//! | `goes` | objects that arrive in several goes |

mod arriving;
mod before;
mod change;
mod goes;
mod names;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::{ByteSize, Class};
use forebay_store::remote::{Bucket, Condition, ObjectKey, Remote, Stored};
use forebay_store::{
    Answer, ByteRange, Incoming, Key, ListAsk, ListPage, NewObject, Object, RemoteStore, RemoteStoreOptions,
    Resumable, Store, StoreError, StoreErrorKind, Writable,
};

use goes::Seats;

use crate::engine::{Engine, Shared};
use crate::parts::PartsError;
use crate::put::sink::{Hold, half};
use crate::put::sizes::Sizes;
use crate::verify::Algorithm;
use crate::{Destination, PutOptions};

/// What lies below a prefix of a bucket, to be read and written. Cheap to clone.
#[derive(Clone)]
pub struct BucketStore {
    reads: RemoteStore,
    inner: Arc<Inner>,
}

struct Inner {
    bucket: Arc<dyn Bucket>,
    engine: Engine,
    prefix: Box<str>,
    options: DepositOptions,
    seats: Seats,
}

/// How a bucket is written by clients.
#[derive(Debug, Clone)]
pub struct DepositOptions {
    /// The size of the parts, where an object does not need larger ones.
    pub part_size: Option<ByteSize>,
    /// Parts that one upload may hold, the one that is being filled included.
    pub parts_ahead: usize,
    /// How long an upload waits for memory that others hold before its client sends anything.
    pub patience: Duration,
    /// The same for each further part: its client waits meanwhile, and loses what it has sent if this ends.
    pub patience_under_way: Duration,
    /// The digest that is sent along, checked by the bucket and kept by it, where it keeps any.
    pub checksum: Algorithm,
}

impl Default for DepositOptions {
    fn default() -> Self {
        Self {
            part_size: None,
            parts_ahead: 4,
            patience: Duration::from_secs(60),
            patience_under_way: Duration::from_secs(900),
            checksum: Algorithm::default(),
        }
    }
}

impl BucketStore {
    /// What lies in `bucket` below the prefix of `reading`. Uploads share the engine's memory, turns and brakes.
    pub fn new(
        bucket: Arc<dyn Bucket>,
        engine: Engine,
        reading: RemoteStoreOptions,
        options: DepositOptions,
    ) -> Self {
        let prefix = reading.prefix.clone();
        let reads = RemoteStore::new(Arc::clone(&bucket) as Arc<dyn Remote>, reading);
        Self { reads, inner: Arc::new(Inner { bucket, engine, prefix, options, seats: Seats::default() }) }
    }
}

impl Inner {
    fn shared(&self) -> &Arc<Shared> {
        self.engine.shared()
    }

    fn to(&self, key: ObjectKey) -> Destination {
        Destination { bucket: Arc::clone(&self.bucket), key }
    }

    fn hold(&self) -> Hold {
        let DepositOptions { parts_ahead, patience, patience_under_way, .. } = self.options;
        Hold { parts: parts_ahead, patience, under_way: patience_under_way }
    }

    fn put_options(&self, ask: &NewObject) -> PutOptions {
        PutOptions {
            attributes: ask.attributes.clone(),
            condition: ask.condition.clone(),
            checksum: self.options.checksum,
            ..PutOptions::default()
        }
    }

    /// The parts of an object, if a bucket takes so much and the plan has room for one of them.
    fn sizes(&self, len: Option<u64>) -> Result<Sizes, StoreError> {
        let (half, asked) = (half(self.shared()), self.options.part_size);
        let sizes = match len {
            None => Sizes::unknown(asked, half, self.bucket.wants_equal_parts()),
            Some(len) => Sizes::known(len, asked, half).map_err(too_long)?,
        };
        self.fit(sizes)
    }

    /// The same sizes, if the plan has room for one part.
    fn fit(&self, sizes: Sizes) -> Result<Sizes, StoreError> {
        let planned = self.shared().ledger.usage(Class::Windows).capacity;
        if sizes.needed().as_u64() > planned {
            let (needed, planned) = (sizes.needed(), ByteSize::b(planned));
            let what = format!(
                "an upload needs parts of {needed}, and {planned} are planned for parts: set --memory higher"
            );
            return Err(StoreError::with_cause(StoreErrorKind::Unavailable, what).with_ours(true));
        }
        Ok(sizes)
    }
}

fn too_long(error: PartsError) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Invalid, error)
}

impl Store for BucketStore {
    fn open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
        self.reads.open(key)
    }

    fn try_open<'a>(&'a self, key: &'a Key) -> Answer<'a, Object> {
        self.reads.try_open(key)
    }

    fn open_to_read<'a>(&'a self, key: &'a Key, range: Option<ByteRange>) -> Answer<'a, Object> {
        self.reads.open_to_read(key, range)
    }

    fn open_directory<'a>(&'a self, key: &'a Key, reads: bool) -> Answer<'a, Object> {
        self.reads.open_directory(key, reads)
    }

    fn list<'a>(&'a self, dir: &'a Key, ask: &'a ListAsk) -> Answer<'a, ListPage> {
        self.reads.list(dir, ask)
    }
}

impl Writable for BucketStore {
    fn create<'a>(&'a self, ask: &'a NewObject) -> Answer<'a, Box<dyn Incoming>> {
        Answer::later(async move {
            let arriving = self.inner.create(ask).await?;
            Ok(Box::new(arriving) as Box<dyn Incoming>)
        })
    }

    fn remove<'a>(&'a self, key: &'a Key, condition: &'a Condition) -> Answer<'a, ()> {
        Answer::later(self.inner.remove(key, condition))
    }

    fn make_directory<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        Answer::later(self.inner.make_directory(key))
    }

    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key, condition: &'a Condition) -> Answer<'a, Stored> {
        Answer::later(self.inner.rename(from, to, condition))
    }

    fn resumable(&self) -> Option<&dyn Resumable> {
        Some(self)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("place", &self.bucket.place())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketStore")
            .field("reads", &self.reads)
            .field("options", &self.inner.options)
            .finish()
    }
}
