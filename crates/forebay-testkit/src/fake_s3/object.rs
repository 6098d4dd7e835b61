//! An object as it is kept, and as a test writes one down.

use std::time::SystemTime;

use bytes::Bytes;

use super::sums::{KeptSum, Md5, Sum};
use crate::fake::{Content, RequestHead};
use crate::pattern::Pattern;

/// One version of an object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its bytes.
    pub content: Content,
    /// Its entity tag, with the quotes.
    pub etag: String,
    /// Its version, in a bucket that keeps versions.
    pub version: Option<String>,
    /// When it was written.
    pub modified: SystemTime,
    /// What is stored beside it and answered with it, names in lower case.
    pub fields: Vec<(String, String)>,
    /// Its digest.
    pub sum: Option<KeptSum>,
    /// The lengths of the parts that it was uploaded in.
    pub parts: Vec<u64>,
    /// `x-amz-tagging` as it was sent.
    pub tags: String,
    /// It is a mark that says *deleted*.
    pub deleted: bool,
}

/// An object that a test puts into a bucket without a request.
#[derive(Clone, Debug)]
pub struct Draft(Object);

impl Draft {
    /// These bytes. The entity tag is their MD5, the digest CRC64NVME.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let mut md5 = Md5::default();
        md5.update(&bytes);
        let etag = Md5::tag(&md5.finish());
        Self(Object::new(Content::from(bytes), etag)).sum(Sum::Crc64Nvme)
    }

    /// The first `len` bytes of a pattern, at no cost. It has no digest unless one is asked for by [`sum`](Self::sum).
    #[must_use]
    pub fn pattern(pattern: Pattern, len: u64) -> Self {
        // A tag with a dash: nobody takes it for an MD5. The first bytes tell patterns apart.
        let first = pattern.bytes(0, 8).iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let etag = format!("\"{first:016x}{len:016x}-2\"");
        Self(Object::new(Content::pattern(pattern, len), etag))
    }

    /// With the digest of all its bytes, which is computed now: seconds for gigabytes.
    #[must_use]
    pub fn sum(mut self, kind: Sum) -> Self {
        self.0.sum = Some(KeptSum { kind, value: kind.of(&self.0.content), full: true });
        self
    }

    /// Without a digest, as older servers have it.
    #[must_use]
    pub fn without_sum(mut self) -> Self {
        self.0.sum = None;
        self
    }

    /// With this field (its name in lower case).
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.0.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Written then.
    #[must_use]
    pub fn modified(mut self, at: SystemTime) -> Self {
        self.0.modified = at;
        self
    }

    /// With another entity tag; quotes included.
    #[must_use]
    pub fn etag(mut self, etag: &str) -> Self {
        etag.clone_into(&mut self.0.etag);
        self
    }

    pub(crate) fn finish(self) -> Object {
        self.0
    }
}

/// Fields of an upload that are stored as they are.
const STORED: [&str; 13] = [
    "content-type",
    "content-disposition",
    "content-language",
    "cache-control",
    "expires",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-website-redirect-location",
];

impl Object {
    pub(crate) fn new(content: Content, etag: String) -> Self {
        Self {
            content,
            etag,
            version: None,
            modified: SystemTime::now(),
            fields: Vec::new(),
            sum: None,
            parts: Vec::new(),
            tags: String::new(),
            deleted: false,
        }
    }

    /// The stored field of this (lower-case) name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Takes the attributes of a request that writes.
    pub(crate) fn describe(mut self, head: &RequestHead) -> Self {
        self.fields = stored_fields(head);
        head.field("x-amz-tagging").unwrap_or_default().clone_into(&mut self.tags);
        self
    }
}

/// What a request says to store beside the object.
pub(crate) fn stored_fields(head: &RequestHead) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = head
        .fields
        .iter()
        .filter(|(name, _)| STORED.contains(&name.as_str()) || name.starts_with("x-amz-meta-"))
        .cloned()
        .collect();
    // `aws-chunked` is how it travelled, not what it is.
    let encodings = head.field("content-encoding").unwrap_or_default().split(',').map(str::trim);
    let kept: Vec<&str> = encodings.filter(|e| !e.is_empty() && *e != "aws-chunked").collect();
    if !kept.is_empty() {
        fields.push(("content-encoding".into(), kept.join(",")));
    }
    fields
}
