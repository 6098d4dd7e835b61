//! Keys, a page at a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{EncodingType, Object};
use forebay_store::StoreError;
use forebay_store::remote::{KeyEntry, KeysAsk, KeysPage, ObjectKey};

use crate::error::Asked;
use crate::exchange::Exchange;
use crate::s3::dress;
use crate::{S3, escape, facts};

impl S3 {
    pub(crate) async fn keys_now(&self, ask: &KeysAsk) -> Result<KeysPage, StoreError> {
        let _turn = self.account.list_turn().await;
        let exchange = Exchange::of_list();
        let start_after = match &ask.continuation {
            Some(_) => None,
            None => ask.start_after.as_deref().map(str::to_owned),
        };
        let operation = self
            .sdk()
            .list_objects_v2()
            .bucket(self.bucket())
            .prefix(&*ask.prefix)
            .set_delimiter(ask.by_directory.then(|| "/".to_owned()))
            .set_start_after(start_after)
            .set_continuation_token(ask.continuation.as_deref().map(str::to_owned))
            .set_max_keys(ask.limit.map(i32::from))
            .encoding_type(EncodingType::Url)
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, Asked::Pin)?;
        self.page(output)
    }

    fn page(&self, output: ListObjectsV2Output) -> Result<KeysPage, StoreError> {
        let escaped = output.encoding_type() == Some(&EncodingType::Url);
        let mut entries = Vec::with_capacity(output.contents().len() + output.common_prefixes().len());
        for object in output.contents() {
            entries.push(self.object(object, escaped)?);
        }
        for group in output.common_prefixes() {
            entries.push(KeyEntry::Prefix(self.listed(group.prefix(), escaped)?.into()));
        }
        // Each of the two lists is in order; some servers' idea of it is not that of bytes.
        entries.sort_by(|a, b| name(a).cmp(name(b)));
        let next = match (output.is_truncated(), output.next_continuation_token) {
            (Some(true), None) => return Err(self.odd("a page says that more follow and not where")),
            (Some(true), Some(next)) => Some(next.into()),
            (_, _) => None,
        };
        Ok(KeysPage { entries, next })
    }

    fn object(&self, object: &Object, escaped: bool) -> Result<KeyEntry, StoreError> {
        let key = ObjectKey::new(self.listed(object.key(), escaped)?)
            .map_err(|error| self.odd(&format!("a page lists what is no key: {error}")))?;
        let len = object.size().and_then(|len| u64::try_from(len).ok());
        Ok(KeyEntry::Object {
            key,
            len: len.ok_or_else(|| self.odd("a page lists a key without its length"))?,
            modified: object.last_modified().and_then(time),
            validator: object.e_tag().and_then(|tag| facts::tag(tag.as_bytes())),
            storage_class: object
                .storage_class()
                .map(|class| class.as_str())
                .filter(|class| *class != "STANDARD")
                .map(Into::into),
        })
    }

    /// A name in a listing.
    pub(crate) fn listed(&self, name: Option<&str>, escaped: bool) -> Result<String, StoreError> {
        let name = name.ok_or_else(|| self.odd("a page lists something without a name"))?;
        if !escaped {
            return Ok(name.to_owned());
        }
        escape::from_listing(name).ok_or_else(|| self.odd("a page lists a name that is not UTF-8"))
    }
}

fn name(entry: &KeyEntry) -> &str {
    match entry {
        KeyEntry::Object { key, .. } => key.as_str(),
        KeyEntry::Prefix(prefix) => prefix,
    }
}

/// A time of the SDK's.
pub(crate) fn time(time: &DateTime) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::new(u64::try_from(time.secs()).ok()?, time.subsec_nanos()))
}
