//! Writing: objects in one request, copies, and what the verbs of [`Bucket`] have in common.

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};
use forebay_net::client::Payload;
use forebay_store::StoreError;
use forebay_store::remote::{
    Bucket, Checksum, Condition, CopyAsk, Doomed, ObjectKey, Part, PartAsk, Pin, PutAsk, Stored, Upload,
    UploadsAsk, UploadsPage, VersionsAsk, VersionsPage,
};
use forebay_store::{Answer, ByteRange};
use http_body::Body as _;

use crate::error::Asked;
use crate::exchange::{Exchange, Head};
use crate::headers::Headers;
use crate::quirks::{Checksums, Parts, Support};
use crate::s3::dress;
use crate::{S3, checksum, escape, facts};

impl Bucket for S3 {
    fn put<'a>(&'a self, ask: &'a PutAsk, payload: Payload) -> Answer<'a, Stored> {
        Answer::later(self.put_now(ask, payload))
    }

    fn copy<'a>(&'a self, ask: &'a CopyAsk) -> Answer<'a, Stored> {
        Answer::later(self.copy_now(ask))
    }

    fn delete<'a>(&'a self, keys: &'a [ObjectKey]) -> Answer<'a, Vec<(ObjectKey, StoreError)>> {
        Answer::later(self.delete_now(keys))
    }

    fn delete_if<'a>(&'a self, key: &'a ObjectKey, which: &'a Doomed) -> Answer<'a, ()> {
        Answer::later(self.delete_if_now(key, which))
    }

    fn versions<'a>(&'a self, ask: &'a VersionsAsk) -> Answer<'a, VersionsPage> {
        Answer::later(self.versions_now(ask))
    }

    fn begin<'a>(&'a self, ask: &'a PutAsk) -> Answer<'a, Upload> {
        Answer::later(self.begin_now(ask))
    }

    fn wants_equal_parts(&self) -> bool {
        self.quirks().parts == Parts::Equal
    }

    fn put_part<'a>(&'a self, upload: &'a Upload, ask: &'a PartAsk, payload: Payload) -> Answer<'a, Part> {
        Answer::later(self.put_part_now(upload, ask, payload))
    }

    fn copy_part<'a>(
        &'a self,
        upload: &'a Upload,
        number: u32,
        source: &'a CopyAsk,
        range: ByteRange,
    ) -> Answer<'a, Part> {
        Answer::later(self.copy_part_now(upload, number, source, range))
    }

    fn parts<'a>(&'a self, upload: &'a Upload, after: u32) -> Answer<'a, Vec<Part>> {
        Answer::later(self.parts_now(upload, after))
    }

    fn complete<'a>(&'a self, upload: &'a Upload, ask: &'a PutAsk, parts: &'a [Part]) -> Answer<'a, Stored> {
        Answer::later(self.complete_now(upload, ask, parts))
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()> {
        Answer::later(self.abort_now(upload))
    }

    fn uploads<'a>(&'a self, ask: &'a UploadsAsk) -> Answer<'a, UploadsPage> {
        Answer::later(self.uploads_now(ask))
    }
}

impl S3 {
    async fn put_now(&self, ask: &PutAsk, payload: Payload) -> Result<Stored, StoreError> {
        let len = self.announced(&payload)?;
        let mut headers = self.writing(ask)?;
        self.require(&ask.condition, self.quirks().put_if)?;
        headers.condition(&ask.condition);
        self.digest(ask.checksum.as_ref(), &mut headers);
        let exchange = Exchange::sending(payload);
        let operation = self
            .sdk()
            .put_object()
            .bucket(self.bucket())
            .key(ask.key.as_str())
            .content_length(len)
            .customize()
            .disable_payload_signing();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (_, head) = self.settle(outcome, &exchange, Asked::Write)?;
        Ok(stored(&head))
    }

    async fn copy_now(&self, ask: &CopyAsk) -> Result<Stored, StoreError> {
        let mut headers = if ask.keep_attributes { self.encrypting() } else { self.writing(&ask.target)? };
        self.require(&ask.target.condition, self.quirks().copy_if)?;
        headers.condition(&ask.target.condition);
        headers.pin_of_source(&ask.pin);
        self.account.sse().on_source(&mut headers);
        let (metadata, tags) = if ask.keep_attributes {
            (MetadataDirective::Copy, TaggingDirective::Copy)
        } else {
            (MetadataDirective::Replace, TaggingDirective::Replace)
        };
        let tags = self.quirks().tags.is_yes().then_some(tags);
        let digest = self.digest_of(&ask.target).and_then(checksum::algorithm);
        let exchange = Exchange::of_words();
        let operation = self
            .sdk()
            .copy_object()
            .bucket(self.bucket())
            .key(ask.target.key.as_str())
            .copy_source(self.source(ask))
            .metadata_directive(metadata)
            .set_tagging_directive(tags)
            .set_checksum_algorithm(digest)
            .customize();
        let outcome = dress(operation, headers, &exchange)?.send().await;
        let (output, head) = self.settle(outcome, &exchange, asked(ask))?;
        let copied =
            output.copy_object_result.ok_or_else(|| self.odd("the copy was answered with nothing"))?;
        let tag = copied.e_tag().ok_or_else(|| self.odd("the copy was answered without an entity tag"))?;
        Ok(Stored {
            validator: facts::tag(tag.as_bytes()),
            version: head.text("x-amz-version-id").map(Into::into),
            checksum: checksum::first(checksum::checksums_of!(copied)),
        })
    }

    /// The length that a payload announces.
    pub(crate) fn announced(&self, payload: &Payload) -> Result<i64, StoreError> {
        let len = payload.size_hint().exact().and_then(|len| i64::try_from(len).ok());
        len.ok_or_else(|| self.invalid("bytes without a known length cannot be sent in one request"))
    }

    /// The headers of a request that makes an object.
    pub(crate) fn writing(&self, ask: &PutAsk) -> Result<Headers, StoreError> {
        if !ask.attributes.tags.is_empty() && !self.quirks().tags.is_yes() {
            return Err(self.lacks("tags"));
        }
        let mut headers = self.encrypting();
        headers.attributes(&ask.attributes);
        Ok(headers)
    }

    fn encrypting(&self) -> Headers {
        let mut headers = self.headers();
        self.account.sse().on_write(&mut headers);
        headers
    }

    /// Sends a digest along, where the server checks it.
    pub(crate) fn digest(&self, digest: Option<&Checksum>, headers: &mut Headers) {
        let kept = self.quirks().checksums != Checksums::None;
        if let Some(digest) = digest.filter(|digest| kept || checksum::header(digest.kind).is_none()) {
            checksum::put(digest, headers);
        }
    }

    /// A condition that the server would ignore is refused here.
    pub(crate) fn require(&self, condition: &Condition, support: Support) -> Result<(), StoreError> {
        match condition {
            Condition::Always => Ok(()),
            Condition::Absent | Condition::Matches(_) if support.is_yes() => Ok(()),
            Condition::Absent | Condition::Matches(_) => Err(self.lacks("conditions on this write")),
        }
    }

    pub(crate) fn lacks(&self, what: &str) -> StoreError {
        let profile = self.account.profile();
        self.invalid(&format!("this kind of server ({profile}) does not know {what}; --s3-profile overrides"))
    }

    /// The source of a copy, as a header names it.
    pub(crate) fn source(&self, ask: &CopyAsk) -> String {
        let bucket = ask.source_bucket.as_deref().unwrap_or(self.name.as_str());
        let key = escape::path(ask.source.as_str());
        match &ask.pin.version {
            Some(version) => format!("{bucket}/{key}?versionId={}", escape::component(version)),
            None => format!("{bucket}/{key}"),
        }
    }
}

/// What a failed condition of a copy means.
pub(crate) fn asked(ask: &CopyAsk) -> Asked {
    let pinned = ask.pin != Pin::default();
    match &ask.target.condition {
        Condition::Always => Asked::Pin,
        Condition::Absent | Condition::Matches(_) if pinned => Asked::Copy,
        Condition::Absent | Condition::Matches(_) => Asked::Write,
    }
}

/// What a head says was written.
fn stored(head: &Head) -> Stored {
    let facts = facts::of(&head.headers);
    Stored { validator: facts.validator, version: facts.version, checksum: facts.checksum }
}
