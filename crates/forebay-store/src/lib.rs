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
//! | `walk` | a whole tree in order, in memory that its depth bounds |
//! | [`remote`] | places across a network: what can be read, what can be written |
//! | [`origin`] | a web server as such a place |
//! | `remote_store` | such a place as a store, below a prefix |
//! | [`expiring`] | objects that expire, in a bucket |
//! | `error` | seven kinds of failure that callers act on |
//! | `local` | a directory of this machine: sandbox, open-file cache, listing |
//!
//! Everything here that holds memory or a descriptor holds a lease of `forebay-budget` for it.

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

pub use answer::Answer;
pub use error::{StoreError, StoreErrorKind};
pub use key::{Key, KeyError, TEMP_PREFIX};
pub use listing::{
    Cursor, Direction, Entries, EntriesIter, Entry, Grouping, LIMIT_MAX, ListAsk, ListPage, Order,
    PAGE_BYTES, PageBudget, SCAN_BYTES, SortBy,
};
pub use local::{Dotfiles, LocalOptions, LocalStore, RootError, Sandbox, Symlinks};
pub use meta::{Access, Kind, Meta};
pub use object::{Content, Object};
pub use range::ByteRange;
pub use remote_store::{RemoteStore, RemoteStoreOptions};
pub use store::Store;
pub use validator::{Strength, Validator};
pub use walk::{DEPTH_MAX, Walk, Walked};
