//! What S3 refused, in one line that names the fix.
//!
//! Three sources of failure end here: a request that was never sent (no credentials, no connection), an answer that says no, and
//! an answer that makes no sense. Each becomes a [`StoreError`] with a kind that callers act on and an [`S3Error`] inside. Texts of
//! servers are quoted only where they help, cut, and on one line; no text of ours has ever seen a key, a token or a signature.

mod codes;
mod unsent;

use std::error::Error;
use std::time::SystemTime;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use forebay_store::remote::retry_after;
use forebay_store::{StoreError, StoreErrorKind};

use crate::exchange::Head;
pub(crate) use codes::of_key;
pub(crate) use unsent::of_credentials;

/// The longest text of a server that is quoted, in characters.
const QUOTE_LEN_MAX: usize = 240;

/// Why S3 refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct S3Error {
    trouble: Trouble,
    text: Box<str>,
    region: Option<Box<str>>,
}

/// What is the matter, finer than what a caller of a store acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// Nobody said whose name to sign with, or who was asked failed.
    Credentials,
    /// The server does not know the key's name, or the signature is of another key.
    Key,
    /// The credentials were good once.
    Expired,
    /// They are good, and not for this.
    Denied,
    /// No such bucket.
    Bucket,
    /// No such object, version or upload.
    Object,
    /// The bucket is in another region: see [`S3Error::region`].
    Region,
    /// The clocks are too far apart.
    Clock,
    /// Fewer requests, please.
    Throttled,
    /// A condition or a pin does not hold.
    Condition,
    /// No connection, or it broke.
    Network,
    /// The server failed, or made no sense.
    Server,
    /// The request makes no sense to the server.
    Request,
}

/// A request that is not sent because it cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        failure(StoreErrorKind::Invalid, Trouble::Request, refused.0)
    }
}

impl S3Error {
    pub(crate) fn new(trouble: Trouble, text: impl Into<Box<str>>) -> Self {
        Self { trouble, text: text.into(), region: None }
    }

    /// What is the matter.
    pub const fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// The region that the bucket is in, if this is why, and the server said so.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The reason inside a failure of this store.
    pub fn within(error: &StoreError) -> Option<&Self> {
        error.cause()?.downcast_ref()
    }
}

/// What was asked, for the words of a failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// `s3://bucket`.
    pub(crate) place: &'a str,
    /// The region that the request was signed for.
    pub(crate) region: &'a str,
    /// What a failed condition means.
    pub(crate) condition: Asked,
}

/// What a failed condition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The version that was read is another: *changed*.
    Pin,
    /// What was to be replaced is not what it should be: *precondition*.
    Write,
    /// Either; the answer tells which.
    Copy,
}

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct No<'a> {
    pub(crate) status: u16,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) head: &'a Head,
    pub(crate) now: SystemTime,
}

/// The failure that an error of the SDK is.
pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>, head: &Head, about: &About<'_>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let answer = match error {
        SdkError::ServiceError(no) => Some((no.raw(), no.err().code(), no.err().message())),
        SdkError::ResponseError(odd) => Some((odd.raw(), None, None)),
        _ => None,
    };
    let Some((raw, code, message)) = answer else { return unsent::of(error, about) };
    if raw.status().is_success() && code.is_none() {
        return unsent::broken(error, about);
    }
    let no = No {
        status: raw.status().as_u16(),
        code: code.unwrap_or_default(),
        message: message.unwrap_or_default(),
        body: raw.body().bytes().unwrap_or_default(),
        head,
        now: SystemTime::now(),
    };
    codes::of(&no, about).with_retry_after(retry_after(&head.headers, no.now))
}

/// A failure with its reason.
pub(crate) fn failure(kind: StoreErrorKind, trouble: Trouble, text: impl Into<Box<str>>) -> StoreError {
    StoreError::with_cause(kind, S3Error::new(trouble, text))
}

/// A server's text on one line, cut.
pub(crate) fn quote(text: &str) -> String {
    let line = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut quoted = String::new();
    for word in line {
        if quoted.chars().count() + word.chars().count() >= QUOTE_LEN_MAX {
            quoted.push_str(" …");
            break;
        }
        if !quoted.is_empty() {
            quoted.push(' ');
        }
        quoted.push_str(word);
    }
    quoted
}
