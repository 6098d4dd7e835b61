//! What is looked at before anything is written.
//!
//! A client that would be refused at the end is refused at the start, before it has sent a byte. Between the two somebody else may write: a
//! condition is looked at again by the bucket when the object is published, and by that alone it holds. Who may write a bucket and not look into
//! it writes all the same.

use forebay_store::remote::{Condition, Facts, KeyEntry, KeysAsk, ObjectKey, Tries, persist};
use forebay_store::{Key, StoreError, StoreErrorKind};

use super::Inner;

impl Inner {
    pub(super) fn tries(&self) -> Tries {
        Tries::of(&*self.bucket, self.shared().tenacity)
    }

    /// The object of this name, if there is one.
    pub(super) async fn look(&self, name: &ObjectKey) -> Result<Option<Facts>, StoreError> {
        match persist(self.tries(), || self.bucket.head(name, None)).await {
            Ok(facts) => Ok(Some(facts)),
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Up to two names that begin like those in this directory.
    pub(super) async fn contents(&self, key: &Key) -> Result<Vec<KeyEntry>, StoreError> {
        let prefix = self.inside(key)?.as_str().into();
        let ask = KeysAsk { prefix, limit: Some(2), ..KeysAsk::default() };
        Ok(persist(self.tries(), || self.bucket.keys(&ask)).await?.entries)
    }

    /// Whether an object may be written here, as far as can be told now.
    pub(super) async fn check(&self, key: &Key, condition: &Condition) -> Result<(), StoreError> {
        let name = self.name(key)?;
        let there = async {
            match condition {
                Condition::Always => Ok(()),
                _ => holds(condition, self.look(&name).await?.as_ref()),
            }
        };
        let (there, contents) = tokio::join!(there, self.contents(key));
        seen(there)?;
        match seen(contents)?.is_none_or(|contents| contents.is_empty()) {
            true => Ok(()),
            false => Err(StoreError::with_cause(StoreErrorKind::Conflict, "a directory has this name")),
        }
    }
}

/// `None` if we may not look.
fn seen<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Err(error) if error.kind() == StoreErrorKind::Denied => Ok(None),
        answer => answer.map(Some),
    }
}

/// Whether a condition holds for what is there.
pub(super) fn holds(condition: &Condition, there: Option<&Facts>) -> Result<(), StoreError> {
    let holds = match (condition, there) {
        (Condition::Always, _) | (Condition::Absent, None) => true,
        (Condition::Absent, Some(_)) | (Condition::Matches(_), None) => false,
        (Condition::Matches(wanted), Some(facts)) => {
            facts.validator.as_ref().is_some_and(|found| found.strong_eq(wanted))
        }
    };
    if holds { Ok(()) } else { Err(StoreErrorKind::Precondition.into()) }
}
