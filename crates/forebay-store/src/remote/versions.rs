//! Versions of objects, a page at a time.

use std::time::SystemTime;

use super::ObjectKey;
use crate::Validator;

/// Which versions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionsAsk {
    /// Of keys that begin with this.
    pub prefix: Box<str>,
    /// Group keys that go on after the next `/` into one entry.
    pub by_directory: bool,
    /// Continue where the last page ended.
    pub continuation: Option<VersionsMark>,
}

/// Where a page of versions ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionsMark {
    /// The key, or the group.
    pub key: Box<str>,
    /// The version; none of a group.
    pub version: Option<Box<str>>,
}

/// A page of versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionsPage {
    /// In the order of keys; of each key the newest first.
    pub entries: Vec<VersionEntry>,
    /// What continues; `None` at the end.
    pub next: Option<VersionsMark>,
}

/// One version of one object, or one group of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionEntry {
    /// A version.
    Version(Version),
    /// What several keys begin with, up to and with a `/`.
    Prefix(Box<str>),
}

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The object's name.
    pub key: ObjectKey,
    /// The version's name: `null` for what was written where no versions are kept.
    pub id: Box<str>,
    /// Whether it is what is there now.
    pub newest: bool,
    /// When it was written.
    pub modified: Option<SystemTime>,
    /// What was written: nothing is a mark that says *deleted*.
    pub content: Option<VersionContent>,
}

/// What a version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionContent {
    /// Its length in bytes.
    pub len: u64,
    /// Its entity tag.
    pub validator: Option<Validator>,
    /// Its storage class, where it is not the usual one.
    pub storage_class: Option<Box<str>>,
}
