//! The name of an object in a bucket: any text, as S3 has it.
//!
//! Unlike a [`Key`](crate::Key), which names something in a tree, this is an opaque string: `a//b`, `../a` and `dir/` are names like any
//! others, and stay as they are on their way to the bucket. What they may become on a disk is for the transfer engine to judge.

use std::fmt;
use std::sync::Arc;

/// The longest key, in bytes of UTF-8 (S3's limit).
const LEN_MAX: usize = 1024;

/// The name of an object: 1 to 1,024 bytes of UTF-8. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Arc<str>);

/// Why a text is not the name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ObjectKeyError {
    /// It is empty.
    #[error("the key is empty: name an object behind the bucket, as in s3://bucket/key")]
    Empty,
    /// It is longer than S3 allows.
    #[error("the key has {0} bytes, and at most 1024 are allowed")]
    TooLong(usize),
}

impl ObjectKey {
    /// Checks a key.
    ///
    /// # Errors
    ///
    /// [`ObjectKeyError`] if it is empty or too long.
    pub fn new(key: impl Into<Arc<str>>) -> Result<Self, ObjectKeyError> {
        let key = key.into();
        match key.len() {
            0 => Err(ObjectKeyError::Empty),
            len if len > LEN_MAX => Err(ObjectKeyError::TooLong(len)),
            _ => Ok(Self(key)),
        }
    }

    /// The key as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// For people: control characters escaped.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectKey, ObjectKeyError};

    #[test]
    fn any_text_up_to_the_limit_is_a_key() {
        for key in ["a", "a//b", "../a", "dir/", "日本", "new\nline"] {
            assert_eq!(ObjectKey::new(key).unwrap().as_str(), key);
        }
        assert_eq!(ObjectKey::new(""), Err(ObjectKeyError::Empty));
        assert!(ObjectKey::new("x".repeat(1024)).is_ok());
        assert_eq!(ObjectKey::new("x".repeat(1025)), Err(ObjectKeyError::TooLong(1025)));
        assert_eq!(ObjectKey::new("a\nb").unwrap().to_string(), "a\\nb");
    }
}
