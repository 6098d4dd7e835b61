//! Every way in which a request fails, and its status: the one table.
//!
//! A failure is answered as problem+json (RFC 9457) to those whose `Accept` names JSON, as one line of
//! text to everybody else, in the same form as the layers' refusals. What a client reads says what to
//! do and nothing about the inside; what an operator needs is logged here, where it is handled.

use std::io;
use std::time::Duration;

use forebay_auth::Refusal;
use forebay_budget::Refused;
use forebay_net::BoxError;
use forebay_store::{KeyError, StoreError, StoreErrorKind};
use forebay_tower::access_log::LogError;
use forebay_tower::refusal::{self as layers, Form};
use futures_util::FutureExt;
use http::header::CONTENT_RANGE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;

use crate::body::Body;
use crate::path::PathError;

/// Methods that are answered.
pub(crate) const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// Which digests of a body can be compared (RFC 9530 §4).
const DIGESTS_KNOWN: HeaderValue = HeaderValue::from_static("sha-256=10, sha-512=9");
const WANT_CONTENT_DIGEST: HeaderName = HeaderName::from_static("want-content-digest");

/// The tokens of this file, which tell the gateway's own answers from those of layers.
pub(crate) const REASONS: [&str; 23] = [
    "bad_path",
    "bad_request",
    "not_found",
    "method_not_allowed",
    "precondition_failed",
    "range_not_satisfiable",
    "forbidden",
    "credentials_malformed",
    "unauthenticated",
    "locked_out",
    "verifying_busy",
    "busy",
    "conflict",
    "exists",
    "directory",
    "too_large",
    "incomplete",
    "bad_digest",
    "digest_mismatch",
    "unsupported",
    "elsewhere",
    "full",
    "unavailable",
];

/// Why there is no other answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the path cannot be read")]
    BadPath(#[from] PathError),
    #[error("nothing is there")]
    NotFound,
    #[error("another method")]
    MethodNotAllowed,
    #[error("a precondition does not hold")]
    PreconditionFailed,
    #[error("no byte of the range exists")]
    RangeNotSatisfiable { len: u64 },
    #[error("what is asked for is switched off")]
    Forbidden,
    #[error("the request makes no sense")]
    BadRequest,
    #[error("no memory in time: {0}")]
    Busy(#[from] Refused),
    #[error("the doors are closed: {0}")]
    Refused(#[from] Refusal),
    #[error("the store failed: {0}")]
    Store(StoreError),
    #[error("a file has this name, and may not be replaced")]
    Exists,
    #[error("a directory's name")]
    Directory,
    #[error("longer than {max} bytes")]
    TooLarge { max: u64 },
    #[error("the body is not as long as it was declared, or broke off")]
    Incomplete(Option<BoxError>),
    #[error("a digest that cannot be compared")]
    BadDigest,
    #[error("the body has another digest")]
    DigestMismatch,
    #[error("a body that says something we do not know")]
    Unsupported,
    #[error("another server")]
    Elsewhere,
}

impl Failure {
    /// Status, token for machines, sentence for people.
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadPath(_) => {
                (StatusCode::BAD_REQUEST, "bad_path", "The path of this request is not valid.")
            }
            Self::BadRequest => {
                (StatusCode::BAD_REQUEST, "bad_request", "A parameter of this request is not valid.")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing here."),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not answered here.")
            }
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "The file is no longer what this request expects.",
            ),
            Self::RangeNotSatisfiable { .. } => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", "The file has no such bytes.")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This is not offered here."),
            Self::Busy(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many transfers are under way. Please try again soon.",
            ),
            Self::Store(error) => store_parts(error.kind()),
            Self::Refused(refusal) => (refusal.status(), refusal.name(), refused_detail(refusal)),
            _ => self.parts_of_uploads(),
        }
    }

    /// The same, of what goes wrong when something is to be stored.
    fn parts_of_uploads(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Directory => {
                (StatusCode::CONFLICT, "directory", "This is the name of a folder: name a file in it.")
            }
            Self::TooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "This is larger than what is taken here.")
            }
            Self::Incomplete(_) => (
                StatusCode::BAD_REQUEST,
                "incomplete",
                "The body ended before, or went on behind, the length that was declared. Nothing was stored.",
            ),
            Self::BadDigest => (
                StatusCode::BAD_REQUEST,
                "bad_digest",
                "The digest cannot be compared: sha-256 and sha-512 are known (RFC 9530), and Content-MD5.",
            ),
            Self::DigestMismatch => (
                StatusCode::BAD_REQUEST,
                "digest_mismatch",
                "The body is not what its digest says. Nothing was stored.",
            ),
            Self::Unsupported => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", "This body is not understood here.")
            }
            Self::Elsewhere => {
                (StatusCode::BAD_GATEWAY, "elsewhere", "The destination is on another server.")
            }
            _ => {
                (StatusCode::CONFLICT, "exists", "There is a file of this name, and it may not be replaced.")
            }
        }
    }

    /// The answer. `retry_after` goes with 503.
    pub(crate) fn into_response(self, asked: &HeaderMap, retry_after: Duration) -> Response<Body> {
        let (status, reason, detail) = self.parts();
        self.log();
        let mut refusal = layers::Refusal::new(status, reason, detail);
        if status == StatusCode::SERVICE_UNAVAILABLE && !matches!(self, Self::Refused(_)) {
            // A store that says how long it wants to be left alone knows better.
            let asked = match &self {
                Self::Store(error) => error.retry_after(),
                _ => None,
            };
            refusal = refusal.retry_after(asked.unwrap_or_default().max(retry_after));
        }
        let mut response = refuse(refusal, asked);
        if let Self::Store(error) = &self {
            response.extensions_mut().insert(LogError(error.to_string()));
        }
        let headers = response.headers_mut();
        match self {
            Self::Refused(refusal) => {
                for (name, value) in refusal.headers() {
                    headers.append(name, value);
                }
            }
            Self::BadDigest => {
                headers.insert(WANT_CONTENT_DIGEST, DIGESTS_KNOWN);
            }
            Self::RangeNotSatisfiable { len } => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{len}")) {
                    headers.insert(CONTENT_RANGE, value);
                }
            }
            _ => {}
        }
        response
    }

    /// A client's mistakes are the access log's business; ours are an operator's.
    fn log(&self) {
        match self {
            Self::Busy(refused) => tracing::info!(%refused, "a request was turned away"),
            Self::Store(error) => match error.kind() {
                StoreErrorKind::NotFound
                | StoreErrorKind::Invalid
                | StoreErrorKind::Precondition
                | StoreErrorKind::Conflict => {}
                StoreErrorKind::Changed
                | StoreErrorKind::Denied
                | StoreErrorKind::Throttled
                | StoreErrorKind::Full
                | StoreErrorKind::Unavailable => tracing::warn!(%error, "the store could not answer"),
            },
            _ => {}
        }
    }
}

fn refused_detail(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed(why) | Refusal::Forbidden(why) => why,
        Refusal::Unauthenticated { is_wrong: true, .. } => "The credentials are wrong or have expired.",
        Refusal::Unauthenticated { .. } => "Please say who you are.",
        Refusal::Locked { .. } => "Too many wrong attempts: please wait.",
        Refusal::Busy { .. } => "The server is busy: please try again soon.",
    }
}

fn store_parts(kind: StoreErrorKind) -> (StatusCode, &'static str, &'static str) {
    match kind {
        StoreErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing here."),
        StoreErrorKind::Invalid => {
            (StatusCode::BAD_REQUEST, "bad_request", "A parameter of this request is not valid.")
        }
        StoreErrorKind::Denied => (StatusCode::FORBIDDEN, "forbidden", "This is not offered here."),
        StoreErrorKind::Precondition => (
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "The file is no longer what this request expects.",
        ),
        StoreErrorKind::Conflict => (
            StatusCode::CONFLICT,
            "conflict",
            "What is there stands in the way: a file or a directory of this name, or a directory that is missing.",
        ),
        StoreErrorKind::Full => (StatusCode::INSUFFICIENT_STORAGE, "full", "There is no room for this."),
        StoreErrorKind::Changed | StoreErrorKind::Throttled | StoreErrorKind::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "This cannot be read at the moment. Please try again soon.",
        ),
    }
}

/// A refusal as an answer, in the form that the client asked for.
fn refuse(refusal: layers::Refusal, asked: &HeaderMap) -> Response<Body> {
    let (head, mut answer) = refusal.into_response::<Body>(Form::asked(asked)).into_parts();
    // Its text is there: this waits for nothing.
    let text = answer.frame().now_or_never().flatten().and_then(Result::ok);
    let text = text.and_then(|frame| frame.into_data().ok()).unwrap_or_default();
    Response::from_parts(head, Body::from(text))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::NotFound => Self::NotFound,
            _ => Self::Store(error),
        }
    }
}

impl From<KeyError> for Failure {
    /// What no name can be does not exist; a NUL does not even make a path.
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Nul => Self::BadPath(PathError::Forbidden),
            KeyError::DotSegment => Self::BadPath(PathError::Malformed),
            KeyError::EmptySegment | KeyError::TooLong | KeyError::Reserved => Self::NotFound,
        }
    }
}

/// An error inside a body, where the head is gone already: the connection will be cut.
pub(crate) fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(error)
}
