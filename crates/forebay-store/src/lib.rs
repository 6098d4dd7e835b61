//! Where objects live: one small trait and the stores that implement it.
//!
//! A store answers two questions: *what is under this key now* ([`Store::open`]) and *what is in this
//! directory* ([`Store::list`]). What comes back from `open` is an [`Object`]: one version, pinned, from which
//! any number of ranges can be read without ever mixing it with the next version. Whoever serves it never
//! learns where it came from: what crosses this boundary is a [`Key`], [`Meta`] with a [`Validator`], a
//! [`ByteRange`], and [`Content`].
//!
//! | file | what it holds |
//! |---|---|
//! | `store` | the trait, and [`Answer`]: ready now, or later |
//! | `key` | names of objects, checked once |
//! | `object` | one version of an object, and reading from it |
//! | `meta`, `validator`, `range` | what is known about it; entity tags; ranges of bytes |
//! | `listing` | pages of a directory, packed; their order, the cursor, and the bounded selection behind them |
//! | `writable` | the verbs that change a store; objects that arrive in several goes |
//! | `walk` | a whole tree in order, in memory that its depth bounds |
//! | [`remote`] | places across a network: what can be read, what can be written |
//! | [`origin`] | a web server as such a place |
//! | `remote_store` | such a place as a store, below a prefix |
//! | [`expiring`] | objects that expire, in a bucket |
//! | `error` | nine kinds of failure that callers act on |
//! | `local` | a directory of this machine: sandbox, open-file cache, listing |
//!
//! Everything here that holds memory or a descriptor holds a lease of `forebay-budget` for it.
//!
//! A directory of this machine, from which nothing leads outside:
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # std::fs::write(dir.path().join("greeting"), "hello")?;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
//! use forebay_store::{ByteRange, Content, Key, LocalOptions, LocalStore, Store};
//!
//! let ledger = Ledger::new([(Class::SmallFiles, ByteSize::mib(1)), (Class::Listings, ByteSize::mib(1))]);
//! let store = LocalStore::open(dir.path(), LocalOptions::new(ledger, FdLedger::new(64)))?;
//!
//! let object = store.open(&Key::parse(b"greeting")?).await?;
//! let range = ByteRange::new(1, 5).ok_or("ends before it starts")?;
//! match object.read(range)? {
//!     Content::Bytes(bytes) => assert_eq!(bytes, "ello"),
//!     // A larger file is handed out as what `sendfile` takes, and an object of a bucket as a promise to ask for it.
//!     Content::File(_) | Content::Remote(_) => unreachable!("small files are bytes"),
//! }
//! assert!(Key::parse(b"../etc/passwd").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Objects of a bucket that expire, made by one caller however many ask:
//!
//! ```no_run
//! # async fn example(bucket: std::sync::Arc<dyn forebay_store::remote::Bucket>) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use forebay_store::expiring::{ExpiringOptions, ExpiringStore, Served};
//! use forebay_store::remote::ObjectKey;
//!
//! let cache = ExpiringStore::new(bucket, ExpiringOptions::default());
//! let producer = || async { std::fs::read("report").map(bytes::Bytes::from) };
//! match cache.get_or_refresh(&ObjectKey::new("report")?, Duration::from_secs(600), producer).await? {
//!     Served::Found(fresh) => println!("{:?} bytes to be read from its body", fresh.facts().len),
//!     Served::Made(bytes) => println!("{} bytes, just made", bytes.len()),
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod error;
pub mod expiring;
mod key;
mod listing;
mod local;
mod meta;
mod object;
pub mod origin;
mod range;
pub mod remote;
mod remote_store;
mod store;
mod validator;
mod walk;
mod writable;

pub use answer::Answer;
pub use error::{StoreError, StoreErrorKind};
pub use key::{Key, KeyError, TEMP_PREFIX};
pub use listing::{
    Cursor, Direction, Entries, EntriesIter, Entry, Grouping, LIMIT_MAX, ListAsk, ListPage, Order,
    PAGE_BYTES, PageBudget, SCAN_BYTES, SortBy,
};
pub use local::{Dotfiles, Durability, LocalOptions, LocalStore, RootError, Sandbox, Symlinks};
pub use meta::{Access, Kind, Meta};
pub use object::{Content, Object};
pub use range::ByteRange;
pub use remote_store::{RemoteStore, RemoteStoreOptions};
pub use store::Store;
pub use validator::{Strength, Validator};
pub use walk::{DEPTH_MAX, Walk, Walked};
pub use writable::{
    Begun, Incoming, NewObject, NewUpload, Resumable, Resumed, UploadId, UploadIdError, Writable,
};
