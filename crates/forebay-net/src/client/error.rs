//! Why a request has no answer, or an answer no end.

use std::fmt;

use crate::BoxError;

/// A failure of a request or of a response's body.
#[derive(Debug)]
pub struct ClientError {
    kind: ClientErrorKind,
    cause: Option<BoxError>,
}

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientErrorKind {
    /// No connection, descriptor or memory became free in time. Nothing was sent.
    Busy,
    /// The name has no address. Nothing was sent.
    Resolve,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// The certificate was refused, or the handshake failed. Nothing was sent.
    Tls,
    /// The head of the response did not come in time.
    Timeout,
    /// The body stood still for longer than the stall limit.
    Stalled,
    /// The connection broke: before the head, or within the body.
    Reset,
    /// The body ended before its declared length.
    Short,
    /// The answer is not HTTP, or its head is too large.
    Malformed,
    /// The request itself cannot be sent: no host, an unknown scheme.
    Invalid,
    /// The request's own body failed while it was sent.
    Payload,
}

impl ClientError {
    /// A failure without more to say.
    pub const fn new(kind: ClientErrorKind) -> Self {
        Self { kind, cause: None }
    }

    /// A failure and what led to it.
    pub fn with_cause(kind: ClientErrorKind, cause: impl Into<BoxError>) -> Self {
        Self { kind, cause: Some(cause.into()) }
    }

    /// What a caller can do about it.
    pub const fn kind(&self) -> ClientErrorKind {
        self.kind
    }
}

impl ClientErrorKind {
    /// Whether the server cannot have seen any of the request.
    pub const fn is_unsent(self) -> bool {
        matches!(self, Self::Busy | Self::Resolve | Self::Connect | Self::Tls | Self::Invalid)
    }

    /// The word in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "no connection free",
            Self::Resolve => "name not found",
            Self::Connect => "cannot connect",
            Self::Tls => "TLS failed",
            Self::Timeout => "no answer in time",
            Self::Stalled => "stalled",
            Self::Reset => "connection broke",
            Self::Short => "ended before its length",
            Self::Malformed => "not an HTTP answer",
            Self::Invalid => "request cannot be sent",
            Self::Payload => "request body failed",
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.kind.name()),
            None => f.write_str(self.kind.name()),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().and_then(|cause| cause.source())
    }
}
