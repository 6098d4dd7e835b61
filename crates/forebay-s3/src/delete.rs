//! Deleting many objects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_smithy_types::base64;
use forebay_store::remote::{Doomed, Facts, ObjectKey, Pin, Remote as _};
use forebay_store::{StoreError, StoreErrorKind};
use futures_util::stream::{self, StreamExt as _};
use md5::{Digest as _, Md5};

use crate::error::{self, Asked};
use crate::exchange::Exchange;
use crate::headers::Headers;
use crate::s3::dress;
use crate::{S3, escape};

/// What one request may name.
const KEYS_MAX: usize = 1000;

/// Requests at a time, where each deletes one object.
const SINGLES_AT_A_TIME: usize = 8;

impl S3 {
    pub(crate) async fn delete_now(
        &self,
        keys: &[ObjectKey],
    ) -> Result<Vec<(ObjectKey, StoreError)>, StoreError> {
        if keys.len() > KEYS_MAX {
            return Err(self.invalid("at most 1,000 keys are deleted in a call"));
        }
        // A key that XML cannot write is deleted by a request of its own.
        let many = self.quirks().delete_many.is_yes();
        let (listed, single): (Vec<_>, Vec<_>) =
            keys.iter().partition(|key| many && escape::is_xml(key.as_str()));
        let mut failed = self.delete_listed(&listed).await?;
        failed.extend(self.delete_singly(&single).await?);
        Ok(failed)
    }

    /// Deletes one, if it is what it should be.
    pub(crate) async fn delete_if_now(&self, key: &ObjectKey, which: &Doomed) -> Result<(), StoreError> {
        let mut headers = self.headers();
        let version = match which {
            Doomed::Version(version) => Some(version.to_string()),
            Doomed::Unchanged(pin) => {
                // Without a version: what counts is what is there now.
                match self.head(key, None).await {
                    Ok(facts) => check_unwritten(pin, &facts)?,
                    Err(gone) if is_no_object(&gone) => return Ok(()),
                    Err(error) => return Err(error),
                }
                // What is written from here on is for the store to see, where it can.
                if self.quirks().delete_if.is_yes() && pin.has_strong_tag() {
                    headers.pin(pin);
                }
                None
            }
        };
        self.try_delete(key, version, headers).await
    }

    async fn delete_listed(&self, keys: &[&ObjectKey]) -> Result<Vec<(ObjectKey, StoreError)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = Delete::builder().quiet(true);
        for key in keys {
            let named = ObjectIdentifier::builder().key(key.as_str()).build();
            list = list.objects(named.map_err(|error| self.invalid(&error.to_string()))?);
        }
        let list = list.build().map_err(|error| self.invalid(&error.to_string()))?;
        let _turn = self.account.list_turn().await;
        let exchange = Exchange::of_list();
        let operation = self.sdk().delete_objects().bucket(self.bucket()).delete(list).customize();
        let operation = dress(operation, self.headers(), &exchange)?.mutate_request(|request| {
            // Servers that are older than the digests of today ask for this one.
            let digest = request.body().bytes().map(Md5::digest);
            if let Some(digest) = digest {
                request.headers_mut().insert("content-md5", base64::encode(digest));
            }
        });
        let (output, _) = self.settle(operation.send().await, &exchange, Asked::Write)?;
        let mut failed = Vec::new();
        for error in output.errors() {
            let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
            let why = error::of_key(code, message, self.s3_place());
            let Some(&key) = keys.iter().find(|key| error.key() == Some(key.as_str())) else {
                return Err(self.odd(&format!("something was not deleted, and nobody knows what: {why}")));
            };
            // What was not there counts as deleted.
            if why.kind() != StoreErrorKind::NotFound {
                failed.push((key.clone(), why));
            }
        }
        Ok(failed)
    }

    async fn delete_singly(&self, keys: &[&ObjectKey]) -> Result<Vec<(ObjectKey, StoreError)>, StoreError> {
        let each: Vec<_> = keys.iter().map(|&key| self.delete_one(key.clone())).collect();
        let mut deletions = stream::iter(each).buffer_unordered(SINGLES_AT_A_TIME);
        let mut failed = Vec::new();
        while let Some((key, outcome)) = deletions.next().await {
            match outcome {
                Ok(()) => {}
                // The call as a whole cannot succeed, and the rest would only say so again.
                Err(error) if is_of_all(&error) => return Err(error),
                Err(error) => failed.push((key, error)),
            }
        }
        Ok(failed)
    }

    async fn delete_one(&self, key: ObjectKey) -> (ObjectKey, Result<(), StoreError>) {
        let outcome = self.try_delete(&key, None, self.headers()).await;
        (key, outcome)
    }

    async fn try_delete(
        &self,
        key: &ObjectKey,
        version: Option<String>,
        headers: Headers,
    ) -> Result<(), StoreError> {
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .delete_object()
            .bucket(self.bucket())
            .key(key.as_str())
            .set_version_id(version)
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        match self.settle(outcome, &exchange, Asked::Pin) {
            Ok(_) => Ok(()),
            Err(error) if is_no_object(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Whether it was not written since, not even with the same bytes. A tag is of bytes, and a copy onto itself keeps its own, so the date has to
/// agree beside it.
fn check_unwritten(pin: &Pin, facts: &Facts) -> Result<(), StoreError> {
    pin.check(facts)?;
    Pin { validator: None, ..pin.clone() }.check(facts)
}

fn is_no_object(error: &StoreError) -> bool {
    error::S3Error::within(error).is_some_and(|reason| reason.trouble() == error::Trouble::Object)
}

fn is_of_all(error: &StoreError) -> bool {
    use error::Trouble::{Bucket, Clock, Credentials, Expired, Key, Region};
    error::S3Error::within(error).is_some_and(|reason| {
        matches!(reason.trouble(), Bucket | Clock | Credentials | Expired | Key | Region)
    })
}
