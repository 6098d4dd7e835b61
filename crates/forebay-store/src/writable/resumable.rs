//! Objects that arrive in several goes.
//!
//! An upload lives where its object will live: it is found by that name and an identity of its own, so that whoever may write the object may
//! go on with the upload, and nobody has to look anything up to know who that is. The offset that is told is one that a power cut does not take
//! back.
//!
//! One go at a time. A client that comes back while its last connection hangs is the same client, so the later go takes over: the earlier one
//! fails with `Changed` at its next write, and what it had made durable counts.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;

use super::NewObject;
use crate::remote::Stored;
use crate::{Answer, Key};

/// A store that keeps uploads between goes.
pub trait Resumable: Send + Sync {
    /// Begins an upload. It is durable when this answers.
    ///
    /// # Errors
    ///
    /// As [`Writable::create`](super::Writable::create).
    fn begin<'a>(&'a self, ask: &'a NewUpload) -> Answer<'a, Begun>;

    /// What there is of an upload. A go that is under way ends first.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such upload under this name (any more).
    fn find<'a>(&'a self, key: &'a Key, id: &'a UploadId) -> Answer<'a, Begun>;

    /// Goes on at its offset. A go that is under way ends first.
    ///
    /// # Errors
    ///
    /// As [`find`](Resumable::find); `Unavailable`, `Full`.
    fn resume<'a>(&'a self, key: &'a Key, id: &'a UploadId) -> Answer<'a, Box<dyn Resumed>>;

    /// Gives an upload up and frees what it holds. One that is gone is no error.
    ///
    /// # Errors
    ///
    /// As [`find`](Resumable::find).
    fn terminate<'a>(&'a self, key: &'a Key, id: &'a UploadId) -> Answer<'a, ()>;

    /// Uploads that are not complete, in no order that matters, at most 1,000 behind the one that a page ended with.
    ///
    /// # Errors
    ///
    /// As [`Store::list`](crate::Store::list).
    fn uploads<'a>(&'a self, after: Option<&'a (Key, UploadId)>) -> Answer<'a, Vec<Begun>>;
}

/// One go of an upload. Dropped, it keeps what was durable.
pub trait Resumed: fmt::Debug + Send {
    /// What was there when this go began.
    fn begun(&self) -> &Begun;

    /// Takes the next bytes, and comes back when there is room for more.
    ///
    /// # Errors
    ///
    /// `Changed` if a later go has taken over; `NotFound` if it was given up meanwhile; `Full`; `Unavailable`.
    fn write<'a>(&'a mut self, bytes: Bytes) -> Answer<'a, ()>;

    /// Makes what was written durable, and says up to where the upload is.
    ///
    /// # Errors
    ///
    /// As [`write`](Resumed::write).
    fn keep<'a>(&'a mut self) -> Answer<'a, u64>;

    /// Takes back what this go has written, where a checksum shows that it is not what was sent. What earlier goes wrote stays.
    ///
    /// # Errors
    ///
    /// As [`write`](Resumed::write).
    fn take_back<'a>(&'a mut self) -> Answer<'a, ()>;

    /// Says how long the object will be, where that was not known.
    ///
    /// # Errors
    ///
    /// `Conflict` if it is known, and another; else as [`write`](Resumed::write).
    fn set_len<'a>(&'a mut self, len: u64) -> Answer<'a, ()>;

    /// Publishes the object, when all of it is there. The upload is gone afterwards.
    ///
    /// # Errors
    ///
    /// `Precondition`, `Conflict`: the upload stays, and can be published when that has passed; else as [`write`](Resumed::write).
    fn publish<'a>(&'a mut self) -> Answer<'a, Stored>;
}

/// An upload that is to be kept.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// What it will be. Without a length it is told later.
    pub object: NewObject,
    /// Until when it is kept if nothing more arrives.
    pub expires: SystemTime,
    /// What the client wants to be told again, as it was said. At most 4 KiB.
    pub note: Box<str>,
}

/// An upload that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its identity: 128 random bits, which nobody guesses.
    pub id: UploadId,
    /// The name of the object that it will be.
    pub key: Key,
    /// Up to where its bytes are durable.
    pub offset: u64,
    /// How long the object will be, if that is known.
    pub len: Option<u64>,
    /// Until when it is kept if nothing more arrives.
    pub expires: SystemTime,
    /// What the client said.
    pub note: Box<str>,
}

/// The identity of an upload: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(Box<str>);

/// A text that is the identity of no upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the identity of an upload is 32 hexadecimal digits in lower case")]
pub struct UploadIdError;

impl UploadId {
    const DIGITS: usize = 32;

    /// The identity for an upload that begins, of 128 random bits.
    pub fn of(bits: u128) -> Self {
        Self(format!("{bits:032x}").into())
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`UploadIdError`] if it has another form.
    pub fn parse(text: &str) -> Result<Self, UploadIdError> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == Self::DIGITS && text.bytes().all(is_digit) {
            true => Ok(Self(text.into())),
            false => Err(UploadIdError),
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who knows it can go on with the upload, so it is in no log.
impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{UploadId, UploadIdError};

    #[test]
    fn an_identity_reads_back_and_nothing_else_is_one() {
        let id = UploadId::of(0xabc);
        assert_eq!(UploadId::parse(id.as_str()), Ok(id));
        let long = "0".repeat(33);
        for text in
            ["", "abc", "../../../../../../../../../etc/pas", "0000000000000000000000000000ABCD", &long]
        {
            assert_eq!(UploadId::parse(text), Err(UploadIdError), "{text}");
        }
    }
}
