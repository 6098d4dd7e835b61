//! What objects are called.

use forebay_store::remote::{ObjectKey, ObjectKeyError};
use forebay_store::{Key, StoreError, StoreErrorKind};

use super::Inner;

impl Inner {
    /// The name of the object that a key stands for. The root is none.
    pub(super) fn name(&self, key: &Key) -> Result<ObjectKey, StoreError> {
        if key.is_root() {
            return Err(StoreError::with_cause(StoreErrorKind::Conflict, "the root is a directory"));
        }
        self.below(text(key)?)
    }

    /// What all names in a directory begin with: the name of its mark.
    pub(super) fn inside(&self, key: &Key) -> Result<ObjectKey, StoreError> {
        self.below(&format!("{}/", text(key)?))
    }

    pub(super) fn below(&self, rest: &str) -> Result<ObjectKey, StoreError> {
        ObjectKey::new(format!("{}{rest}", self.prefix))
            .map_err(|error: ObjectKeyError| StoreError::with_cause(StoreErrorKind::Invalid, error))
    }
}

fn text(key: &Key) -> Result<&str, StoreError> {
    std::str::from_utf8(key.as_bytes())
        .map_err(|_| StoreError::with_cause(StoreErrorKind::Invalid, "a name in a bucket is UTF-8"))
}
