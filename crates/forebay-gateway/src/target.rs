//! What a request's path names: decoded and checked once, before anybody is asked anything about it.

use forebay_store::Key;
use http::request::Parts;

use crate::error::Failure;
use crate::path;

/// A name, and whether it was written as a directory's.
pub(crate) struct Target {
    pub(crate) key: Key,
    /// The path ends in a slash.
    pub(crate) is_directory: bool,
}

impl Target {
    /// What a request is about.
    pub(crate) fn of(head: &Parts) -> Result<Self, Failure> {
        Self::parse(head.uri.path())
    }

    /// What a path names.
    pub(crate) fn parse(path: &str) -> Result<Self, Failure> {
        let name = path::decode(path)?;
        if name.starts_with(b"/") {
            // `//host` is a reference to another host: no answer of ours may repeat it.
            return Err(Failure::NotFound);
        }
        let is_directory = name.is_empty() || name.ends_with(b"/");
        Ok(Self { key: Key::parse(&name)?, is_directory })
    }
}
