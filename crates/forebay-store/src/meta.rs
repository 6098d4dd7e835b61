//! What is known about an object without reading it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::Validator;
use crate::remote::Attributes;

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
    /// In which way its bytes can be had.
    pub access: Access,
    /// What is stored beside it and goes out with it, where a store keeps such things.
    pub attributes: Option<Arc<Attributes>>,
    /// For how many seconds caches on the way held what was told of it (`Age`).
    pub age_s: Option<u64>,
}

/// In which way the bytes of an object can be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Access {
    /// Any range by itself.
    #[default]
    Ranges,
    /// From the start to the end only.
    Whole,
    /// From the start to an end that only reading it tells; the length is given as 0.
    Unmeasured,
}

impl Meta {
    /// A directory.
    pub const fn directory(modified: Option<SystemTime>) -> Self {
        let kind = Kind::Directory;
        Self {
            kind,
            len: 0,
            modified,
            validator: None,
            access: Access::Ranges,
            attributes: None,
            age_s: None,
        }
    }
}

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something that can be read.
    File,
    /// Something that can be listed.
    Directory,
}
