//! Removing, renaming, directories.
//!
//! What is removed or renamed is the version that was looked at: what somebody else wrote since stays. A bucket has no rename, so an object is
//! copied there, without its bytes passing here, and then removed; in between there are two of it, and never none.

use forebay_net::client::Payload;
use forebay_store::remote::{
    Attributes, Condition, CopyAsk, Doomed, Facts, ObjectKey, PutAsk, Stored, persist,
};
use forebay_store::{Key, StoreError, StoreErrorKind};

use super::Inner;
use super::before::holds;
use crate::Progress;
use crate::parts::PART_MAX;

impl Inner {
    pub(super) async fn remove(&self, key: &Key, condition: &Condition) -> Result<(), StoreError> {
        let name = self.name(key)?;
        match self.look(&name).await? {
            Some(facts) => {
                holds(condition, Some(&facts))?;
                self.delete(&name, &facts).await.map_err(|error| match error.kind() {
                    StoreErrorKind::Changed if *condition != Condition::Always => {
                        StoreError::with_cause(StoreErrorKind::Precondition, error)
                    }
                    _ => error,
                })
            }
            None => self.remove_directory(key, condition).await,
        }
    }

    async fn remove_directory(&self, key: &Key, condition: &Condition) -> Result<(), StoreError> {
        let (mark, contents) = (self.inside(key)?, self.contents(key).await?);
        if contents.is_empty() {
            return Err(StoreErrorKind::NotFound.into());
        }
        // A directory has no entity tag that could match.
        if *condition != Condition::Always {
            return Err(StoreErrorKind::Precondition.into());
        }
        let facts = match contents.len() {
            1 => self.look(&mark).await?,
            _ => None,
        };
        match facts {
            Some(facts) => self.delete(&mark, &facts).await,
            None => Err(StoreError::with_cause(StoreErrorKind::Conflict, "the directory is not empty")),
        }
    }

    async fn delete(&self, name: &ObjectKey, facts: &Facts) -> Result<(), StoreError> {
        let which = Doomed::Unchanged(facts.pin());
        persist(self.tries(), || self.bucket.delete_if(name, &which)).await
    }

    pub(super) async fn make_directory(&self, key: &Key) -> Result<(), StoreError> {
        let (name, mark) = (self.name(key)?, self.inside(key)?);
        let (object, contents) = tokio::join!(self.look(&name), self.contents(key));
        if object?.is_some() || !contents?.is_empty() {
            return Err(StoreErrorKind::Precondition.into());
        }
        // Whoever makes the same mark at the same time makes the same thing.
        let ask = PutAsk {
            key: mark,
            attributes: Attributes::default(),
            condition: Condition::Always,
            checksum: None,
            checksum_kind: None,
        };
        persist(self.tries(), || self.bucket.put(&ask, Payload::empty())).await.map(drop)
    }

    pub(super) async fn rename(
        &self,
        from: &Key,
        to: &Key,
        condition: &Condition,
    ) -> Result<Stored, StoreError> {
        let (source, target) = (self.name(from)?, self.name(to)?);
        let Some(facts) = self.look(&source).await? else {
            return Err(match self.contents(from).await?.is_empty() {
                true => StoreErrorKind::NotFound.into(),
                false => {
                    StoreError::with_cause(StoreErrorKind::Conflict, "a bucket cannot rename directories")
                }
            });
        };
        self.check(to, condition).await?;
        if source == target {
            let Facts { validator, version, checksum, .. } = facts;
            return Ok(Stored { validator, version, checksum });
        }
        let stored = self.copy(&source, &facts, target, condition).await?;
        match self.delete(&source, &facts).await {
            // What is there now is not what was renamed.
            Err(error) if error.kind() == StoreErrorKind::Changed => Ok(stored),
            removed => removed.map(|()| stored),
        }
    }

    async fn copy(
        &self,
        source: &ObjectKey,
        facts: &Facts,
        target: ObjectKey,
        condition: &Condition,
    ) -> Result<Stored, StoreError> {
        let (len, pin) = (facts.len.unwrap_or(0), facts.pin());
        // A copy in parts is a new object, which is told what to keep; any other keeps it by itself.
        let attributes = if len > PART_MAX.as_u64() {
            persist(self.tries(), || self.bucket.attributes(source, Some(&pin))).await?
        } else {
            Attributes::default()
        };
        let to = self.to(target.clone());
        let target = PutAsk {
            key: target,
            attributes,
            condition: condition.clone(),
            checksum: None,
            checksum_kind: Some(self.options.checksum.kind()),
        };
        let ask = CopyAsk { source_bucket: None, source: source.clone(), pin, target, keep_attributes: true };
        Ok(self.engine.copy(&to, &ask, len, &Progress::new()).await?.stored)
    }
}
