//! Keys, a page at a time.

use std::time::SystemTime;

use super::ObjectKey;
use crate::Validator;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysAsk {
    /// Keys that begin with this.
    pub prefix: Box<str>,
    /// Keys behind this one, in the order of bytes. Used for the first page only.
    pub start_after: Option<Box<str>>,
    /// Group keys that go on after the next `/` into one entry.
    pub by_directory: bool,
    /// Continue where the last page ended.
    pub continuation: Option<Box<str>>,
    /// At most so many entries (S3: 1,000).
    pub limit: Option<u16>,
}

/// A page of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysPage {
    /// Objects and groups, merged in the order of bytes.
    pub entries: Vec<KeyEntry>,
    /// What continues; `None` at the end. A page may be empty and others follow.
    pub next: Option<Box<str>>,
}

/// One object, or one group of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyEntry {
    /// An object.
    Object {
        /// Its name.
        key: ObjectKey,
        /// Its length in bytes.
        len: u64,
        /// When it was last written.
        modified: Option<SystemTime>,
        /// Its entity tag.
        validator: Option<Validator>,
        /// Its storage class, where it is not the usual one.
        storage_class: Option<Box<str>>,
    },
    /// What several keys begin with, up to and with a `/`.
    Prefix(Box<str>),
}
