//! The verbs that change what is in a place.

use std::time::SystemTime;

use forebay_net::client::Payload;

use super::{Attributes, Checksum, ChecksumKind, ObjectKey, Pin, Remote, VersionsAsk, VersionsPage};
use crate::{Answer, ByteRange, Validator};

/// A place that can be written. Kept as `Arc<dyn Bucket>`.
///
/// A write is seen whole or not at all: `put` and `complete` publish, nothing else does.
pub trait Bucket: Remote {
    /// Writes an object in one request. `payload` must announce its length and yields exactly that.
    ///
    /// # Errors
    ///
    /// `Precondition` if the condition does not hold; else as [`Remote::head`].
    fn put<'a>(&'a self, ask: &'a PutAsk, payload: Payload) -> Answer<'a, Stored>;

    /// Copies within this place, without the bytes passing through us (at most 5 GiB).
    ///
    /// # Errors
    ///
    /// `Changed` if the source is not the pinned version; `Precondition`; else as [`Remote::head`].
    fn copy<'a>(&'a self, ask: &'a CopyAsk) -> Answer<'a, Stored>;

    /// Deletes objects, at most 1,000 in a call. What was not there counts as deleted.
    ///
    /// # Errors
    ///
    /// As [`Remote::head`], for the call as a whole. The answer lists the keys that were *not* deleted, with the reason.
    fn delete<'a>(&'a self, keys: &'a [ObjectKey]) -> Answer<'a, Vec<(ObjectKey, crate::StoreError)>>;

    /// Deletes one object, if it is still what it should be. What is not there any more counts as deleted.
    ///
    /// # Errors
    ///
    /// `Changed` if it is another by now; else as [`Remote::head`].
    fn delete_if<'a>(&'a self, key: &'a ObjectKey, which: &'a Doomed) -> Answer<'a, ()>;

    /// Versions and marks of deletion, a page at a time: keys in their order, of each the newest first.
    ///
    /// # Errors
    ///
    /// As [`Remote::head`].
    fn versions<'a>(&'a self, ask: &'a VersionsAsk) -> Answer<'a, VersionsPage>;

    /// Begins an upload in parts. It costs storage until it is completed or aborted.
    ///
    /// # Errors
    ///
    /// As [`Remote::head`].
    fn begin<'a>(&'a self, ask: &'a PutAsk) -> Answer<'a, Upload>;

    /// Whether all parts of an upload but the last must have one length.
    fn wants_equal_parts(&self) -> bool {
        false
    }

    /// Uploads a part: 5 MiB to 5 GiB, the last may be shorter. A part that is sent again replaces the first.
    ///
    /// # Errors
    ///
    /// `NotFound` if the upload is gone; else as [`Remote::head`].
    fn put_part<'a>(&'a self, upload: &'a Upload, ask: &'a PartAsk, payload: Payload) -> Answer<'a, Part>;

    /// Makes a part of bytes that are in this place already.
    ///
    /// # Errors
    ///
    /// `Changed` if the source is not the pinned version; else as [`put_part`](Bucket::put_part).
    fn copy_part<'a>(
        &'a self,
        upload: &'a Upload,
        number: u32,
        source: &'a CopyAsk,
        range: ByteRange,
    ) -> Answer<'a, Part>;

    /// The parts that arrived, in order; at most 1,000 behind the part numbered `after`.
    ///
    /// # Errors
    ///
    /// `NotFound` if the upload is gone; else as [`Remote::head`].
    fn parts<'a>(&'a self, upload: &'a Upload, after: u32) -> Answer<'a, Vec<Part>>;

    /// Publishes the object that the parts make up. An error inside a 200 answer is an error.
    ///
    /// # Errors
    ///
    /// `Precondition` if the condition does not hold; `NotFound` if the upload is gone; else as [`Remote::head`].
    fn complete<'a>(&'a self, upload: &'a Upload, ask: &'a PutAsk, parts: &'a [Part]) -> Answer<'a, Stored>;

    /// Gives the upload up and frees its parts. One that is gone is no error.
    ///
    /// # Errors
    ///
    /// As [`Remote::head`].
    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()>;

    /// Uploads that were begun and not ended, a page at a time.
    ///
    /// # Errors
    ///
    /// As [`Remote::head`].
    fn uploads<'a>(&'a self, ask: &'a UploadsAsk) -> Answer<'a, UploadsPage>;
}

/// What to write where.
#[derive(Debug, Clone)]
pub struct PutAsk {
    /// The name of the object.
    pub key: ObjectKey,
    /// What to store beside it.
    pub attributes: Attributes,
    /// When to write at all.
    pub condition: Condition,
    /// The digest of all bytes, where it is known: the store refuses other bytes.
    pub checksum: Option<Checksum>,
    /// The algorithm that the store shall keep a digest in, where no digest is known yet.
    pub checksum_kind: Option<ChecksumKind>,
}

/// When to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there.
    #[default]
    Always,
    /// Only if nothing is there (`If-None-Match: *`).
    Absent,
    /// Only over this version (`If-Match`).
    Matches(Validator),
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The entity tag of what is there now.
    pub validator: Option<Validator>,
    /// Its version, where the bucket keeps versions.
    pub version: Option<Box<str>>,
    /// The digest that the store says it has.
    pub checksum: Option<Checksum>,
}

/// Which of an object's versions to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doomed {
    /// This one, for good, and none else.
    Version(Box<str>),
    /// The newest, if it is what the pin names and has its date: a look right before says so, and where it can (`If-Match`) the store once
    /// more.
    Unchanged(Pin),
}

/// Copy from where to where, in one place.
#[derive(Debug, Clone)]
pub struct CopyAsk {
    /// The bucket of the source, if it is another one at the same endpoint.
    pub source_bucket: Option<Box<str>>,
    /// The name of the source.
    pub source: ObjectKey,
    /// The version of the source.
    pub pin: Pin,
    /// The target. Its attributes replace those of the source if they are given.
    pub target: PutAsk,
    /// Keep the source's attributes and tags instead of the target's.
    pub keep_attributes: bool,
}

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The name of the object that it will be.
    pub key: ObjectKey,
    /// The name that the store gave to the upload. A secret to nobody, but not for logs either.
    pub id: Box<str>,
}

/// Which part to upload.
#[derive(Debug, Clone)]
pub struct PartAsk {
    /// 1 to 10,000.
    pub number: u32,
    /// The digest of the part, where it is known.
    pub checksum: Option<Checksum>,
}

/// A part that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: u32,
    /// Its length in bytes.
    pub len: u64,
    /// Its entity tag.
    pub validator: Validator,
    /// The digest that the store says it has.
    pub checksum: Option<Checksum>,
}

/// Which uploads to list.
#[derive(Debug, Clone, Default)]
pub struct UploadsAsk {
    /// Of keys that begin with this.
    pub prefix: Box<str>,
    /// Continue where the last page ended.
    pub continuation: Option<(Box<str>, Box<str>)>,
}

/// A page of uploads.
#[derive(Debug, Clone, Default)]
pub struct UploadsPage {
    /// In the order of their keys.
    pub entries: Vec<UploadEntry>,
    /// What continues; `None` at the end.
    pub next: Option<(Box<str>, Box<str>)>,
}

/// An upload that was begun and not ended.
#[derive(Debug, Clone)]
pub struct UploadEntry {
    /// The upload.
    pub upload: Upload,
    /// When it was begun.
    pub begun: Option<SystemTime>,
}
