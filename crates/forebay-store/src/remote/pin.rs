//! The version that a read must be of.

use std::time::SystemTime;

use super::Facts;
use crate::{StoreError, StoreErrorKind, Strength, Validator};

/// Which version a read must be of. Empty pins match anything, and are not safe to continue with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    /// Sent as `If-Match` if it is strong.
    pub validator: Option<Validator>,
    /// The version to ask for.
    pub version: Option<Box<str>>,
    /// Sent as `If-Unmodified-Since` where there is no strong tag.
    pub modified: Option<SystemTime>,
    /// The length that the whole object must have.
    pub len: Option<u64>,
}

impl Pin {
    /// This pin, with what it leaves open taken from `facts`.
    #[must_use]
    pub fn narrowed(self, facts: &Facts) -> Self {
        let found = facts.pin();
        Self {
            validator: self.validator.or(found.validator),
            version: self.version.or(found.version),
            modified: self.modified.or(found.modified),
            len: self.len.or(found.len),
        }
    }

    /// Whether a store can be told by `If-Match` which version is meant.
    pub fn has_strong_tag(&self) -> bool {
        self.validator.as_ref().is_some_and(|tag| tag.strength() == Strength::Strong)
    }

    /// Whether the facts are of the pinned version. What one of both does not know decides nothing: servers leave fields out.
    ///
    /// # Errors
    ///
    /// `Changed`, saying by what.
    pub fn check(&self, facts: &Facts) -> Result<(), StoreError> {
        let differs = |what: &str| {
            Err(StoreError::with_cause(StoreErrorKind::Changed, format!("its {what} is another")))
        };
        match (&self.validator, &facts.validator) {
            (Some(pinned), Some(found)) if pinned != found => return differs("entity tag"),
            // Without tags to tell versions apart, the date does.
            (None, _) | (_, None) if differ(self.modified, facts.modified) => return differs("date"),
            _ => {}
        }
        if differ(self.version.as_ref(), facts.version.as_ref()) {
            return differs("version");
        }
        if differ(self.len, facts.len) {
            return differs("length");
        }
        Ok(())
    }
}

fn differ<T: PartialEq>(pinned: Option<T>, found: Option<T>) -> bool {
    matches!((pinned, found), (Some(pinned), Some(found)) if pinned != found)
}
