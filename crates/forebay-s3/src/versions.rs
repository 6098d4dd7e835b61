//! Versions, a page at a time.

use std::cmp::Reverse;
use std::time::SystemTime;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{DeleteMarkerEntry, EncodingType, ObjectVersion};
use forebay_store::StoreError;
use forebay_store::remote::{
    ObjectKey, Version, VersionContent, VersionEntry, VersionsAsk, VersionsMark, VersionsPage,
};

use crate::error::Asked;
use crate::exchange::Exchange;
use crate::s3::dress;
use crate::{S3, facts, list};

impl S3 {
    pub(crate) async fn versions_now(&self, ask: &VersionsAsk) -> Result<VersionsPage, StoreError> {
        let (key, version) = match &ask.continuation {
            Some(mark) => (Some(mark.key.to_string()), mark.version.as_deref().map(str::to_owned)),
            None => (None, None),
        };
        let _turn = self.account.list_turn().await;
        let exchange = Exchange::of_list();
        let operation = self
            .sdk()
            .list_object_versions()
            .bucket(self.bucket())
            .prefix(&*ask.prefix)
            .set_delimiter(ask.by_directory.then(|| "/".to_owned()))
            .set_key_marker(key)
            .set_version_id_marker(version)
            .encoding_type(EncodingType::Url)
            .customize();
        let outcome = dress(operation, self.headers(), &exchange)?.send().await;
        let (output, _) = self.settle(outcome, &exchange, Asked::Pin)?;
        self.page_of_versions(&output)
    }

    fn page_of_versions(&self, output: &ListObjectVersionsOutput) -> Result<VersionsPage, StoreError> {
        let escaped = output.encoding_type() == Some(&EncodingType::Url);
        let mut entries = Vec::new();
        for version in output.versions() {
            entries.push(VersionEntry::Version(self.version(version, escaped)?));
        }
        for mark in output.delete_markers() {
            entries.push(VersionEntry::Version(self.mark(mark, escaped)?));
        }
        for group in output.common_prefixes() {
            entries.push(VersionEntry::Prefix(self.listed(group.prefix(), escaped)?.into()));
        }
        // The SDK makes three lists of one. Within a key the newest comes first, then what was written later.
        entries.sort_by(|a, b| place(a).cmp(&place(b)));
        let next = match (output.is_truncated(), output.next_key_marker()) {
            (Some(true), Some(key)) => Some(VersionsMark {
                key: self.listed(Some(key), escaped)?.into(),
                version: output.next_version_id_marker().filter(|id| !id.is_empty()).map(Into::into),
            }),
            (Some(true), None) => return Err(self.odd("a page says that more follow and not where")),
            (_, _) => None,
        };
        Ok(VersionsPage { entries, next })
    }

    fn version(&self, version: &ObjectVersion, escaped: bool) -> Result<Version, StoreError> {
        let len = version.size().and_then(|len| u64::try_from(len).ok());
        let content = VersionContent {
            len: len.ok_or_else(|| self.odd("a page lists a version without its length"))?,
            validator: version.e_tag().and_then(|tag| facts::tag(tag.as_bytes())),
            storage_class: version
                .storage_class()
                .map(|class| class.as_str())
                .filter(|class| *class != "STANDARD")
                .map(Into::into),
        };
        Ok(Version {
            key: self.key_of_version(version.key(), escaped)?,
            id: version.version_id().unwrap_or("null").into(),
            newest: version.is_latest().unwrap_or_default(),
            modified: version.last_modified().and_then(list::time),
            content: Some(content),
        })
    }

    fn mark(&self, mark: &DeleteMarkerEntry, escaped: bool) -> Result<Version, StoreError> {
        Ok(Version {
            key: self.key_of_version(mark.key(), escaped)?,
            id: mark.version_id().unwrap_or("null").into(),
            newest: mark.is_latest().unwrap_or_default(),
            modified: mark.last_modified().and_then(list::time),
            content: None,
        })
    }

    fn key_of_version(&self, name: Option<&str>, escaped: bool) -> Result<ObjectKey, StoreError> {
        ObjectKey::new(self.listed(name, escaped)?)
            .map_err(|error| self.odd(&format!("a page lists what is no key: {error}")))
    }
}

/// Where an entry stands.
fn place(entry: &VersionEntry) -> (&str, Reverse<(bool, Option<SystemTime>)>) {
    match entry {
        VersionEntry::Prefix(prefix) => (prefix, Reverse((true, None))),
        VersionEntry::Version(version) => (version.key.as_str(), Reverse((version.newest, version.modified))),
    }
}
