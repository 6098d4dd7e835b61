//! What is known about an object without reading it.

use std::time::SystemTime;

use crate::Validator;

/// What is known about one version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Whether it can be read or listed.
    pub kind: Kind,
    /// Its length in bytes; 0 for a directory.
    pub len: u64,
    /// When its content last changed, as far as the store knows.
    pub modified: Option<SystemTime>,
    /// What tells this version from every other; `None` for a directory, and where the store knows of none.
    pub validator: Option<Validator>,
}

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something that can be read.
    File,
    /// Something that can be listed.
    Directory,
}
