//! Names of objects, checked once.
//!
//! A key is a relative path of bytes: what remains of a request's path after percent-decoding. It is checked
//! where it enters and is then carried as a type, so that no later line has to ask whether it may contain `..`.
//! What a file system would interpret is refused rather than cleaned up: a client that sends `a/../b` or `a//b`
//! gets an error and not a guess, because a proxy in front of us may have guessed differently.
//!
//! Kept as they are: bytes that are not UTF-8 (file names are bytes), control characters, and the backslash,
//! which is an ordinary character on every system that this crate serves from.
//!
//! Names that begin with [`TEMP_PREFIX`] are our own unfinished files. No key can name them, so that no verb of
//! any store can serve, list or overwrite one.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::{StoreError, StoreErrorKind};

/// How the names of unfinished files begin (in any case, since some file systems fold it).
pub const TEMP_PREFIX: &str = ".forebay-";

/// The longest key in bytes (`PATH_MAX` less its NUL).
const KEY_BYTES_MAX: usize = 4095;
/// The longest segment in bytes (`NAME_MAX`).
const SEGMENT_BYTES_MAX: usize = 255;

/// The name of an object or a directory: segments joined by `/`, without one at either end. The empty key is
/// the root. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<[u8]>);

/// Why bytes are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum KeyError {
    /// It contains a NUL byte, which no file name can.
    #[error("the path contains a NUL byte")]
    Nul,
    /// A segment is `.` or `..`.
    #[error("the path contains a segment `.` or `..`")]
    DotSegment,
    /// Two slashes follow each other.
    #[error("the path contains an empty segment")]
    EmptySegment,
    /// A segment is longer than 255 bytes, or all of it than 4095.
    #[error("the path is too long")]
    TooLong,
    /// A segment is the name of an unfinished file of ours. To a client there is no such object.
    #[error("the path names a temporary file")]
    Reserved,
}

impl Key {
    /// The root of a store.
    pub fn root() -> Self {
        Self(Arc::from([]))
    }

    /// Checks a percent-decoded path. One slash at the start and one at the end are dropped: whether a client
    /// wrote `a` or `a/` is for whoever sees the URL to judge.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says which rule it breaks.
    pub fn parse(path: &[u8]) -> Result<Self, KeyError> {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        if path.len() > KEY_BYTES_MAX {
            return Err(KeyError::TooLong);
        }
        if !path.is_empty() {
            path.split(|&byte| byte == b'/').try_for_each(check_segment)?;
        }
        Ok(Self(Arc::from(path)))
    }

    /// The key of `name` in this directory.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if `name` is not one valid segment, or the sum is too long.
    pub fn join(&self, name: &[u8]) -> Result<Self, KeyError> {
        check_segment(name)?;
        if name.contains(&b'/') {
            return Err(KeyError::EmptySegment);
        }
        if self.is_root() {
            return Ok(Self(Arc::from(name)));
        }
        if self.0.len() + 1 + name.len() > KEY_BYTES_MAX {
            return Err(KeyError::TooLong);
        }
        Ok(Self([&*self.0, b"/", name].concat().into()))
    }

    /// The path, without a slash at either end.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the root of the store.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The segments in order; none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/').filter(|segment| !segment.is_empty())
    }

    /// The last segment; `None` for the root.
    pub fn name(&self) -> Option<&[u8]> {
        self.segments().last()
    }

    /// The directory that it is in; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let name = self.name()?;
        let rest = &self.0[..self.0.len() - name.len()];
        Some(Self(Arc::from(rest.strip_suffix(b"/").unwrap_or(rest))))
    }
}

/// Whether a name is kept for unfinished files.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    name.get(..TEMP_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(TEMP_PREFIX.as_bytes()))
}

fn check_segment(segment: &[u8]) -> Result<(), KeyError> {
    match segment {
        [] => Err(KeyError::EmptySegment),
        b"." | b".." => Err(KeyError::DotSegment),
        _ if segment.contains(&0) => Err(KeyError::Nul),
        _ if segment.len() > SEGMENT_BYTES_MAX => Err(KeyError::TooLong),
        _ if is_reserved(segment) => Err(KeyError::Reserved),
        _ => Ok(()),
    }
}

/// For people: bytes that are not UTF-8 are replaced, control characters escaped.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for char in chunk.valid().chars() {
                if char.is_control() { write!(f, "{}", char.escape_default())? } else { write!(f, "{char}")? }
            }
            if !chunk.invalid().is_empty() {
                write!(f, "\u{fffd}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(\"{}\")", self.0.escape_ascii())
    }
}

impl From<KeyError> for StoreError {
    fn from(error: KeyError) -> Self {
        let kind = match error {
            KeyError::Reserved => StoreErrorKind::NotFound,
            KeyError::Nul | KeyError::DotSegment | KeyError::EmptySegment | KeyError::TooLong => {
                StoreErrorKind::Invalid
            }
        };
        Self::with_cause(kind, error)
    }
}
