//! What is logged.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use forebay_budget::ByteSize;
use http::{Extensions, HeaderName};

use super::{ByStatus, Classifier, MovedHandle, Redaction};

/// The settings of the layer. The default logs every request without bodies.
#[derive(Clone)]
pub struct AccessLogOptions {
    /// How much of the bodies is kept.
    pub capture: CaptureOptions,
    /// What is replaced by `[redacted]`.
    pub redaction: Redaction,
    /// Decides the level, and what is written.
    pub classifier: Arc<dyn Classifier>,
    /// Request headers that are logged as `request_headers`, beside the user agent and the range.
    pub headers: Vec<HeaderName>,
    /// When `x-request-id` and `traceparent` are sent back.
    pub echo: Echo,
    /// Called with the extensions of a response before its body's bytes are looked at. A server that
    /// sends files without reading them takes back its offer here: nothing else can see those bytes.
    pub on_capture: Option<fn(&mut Extensions)>,
    /// Finds the socket's counters where the server does not set [`MovedHandle`].
    pub moved_from: Option<fn(&Extensions) -> Option<MovedHandle>>,
    /// Finds the peer where neither the server nor a layer outside of this one named the client.
    pub peer_from: Option<fn(&Extensions) -> Option<SocketAddr>>,
}

/// How much of the bodies is kept. Zero is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureOptions {
    /// Of the request body, counted after JSON escaping.
    pub request: ByteSize,
    /// Of the response body, counted after JSON escaping.
    pub response: ByteSize,
    /// What happens to white space, after the cut.
    pub white_space: WhiteSpace,
}

/// What happens to white space in captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhiteSpace {
    /// It stays.
    #[default]
    Keep,
    /// Each run of it becomes one space.
    Collapse,
}

/// When `x-request-id` and `traceparent` are sent back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// In every response.
    #[default]
    Always,
    /// In responses to requests that brought one of them.
    WhenAsked,
}

/// The user, as an extension of the request (set outside of the layer) or of the response (set inside).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User(pub String);

/// What went wrong, as an extension of the response that the service sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogError(pub String);

// ===== impl CaptureOptions =====

impl CaptureOptions {
    /// `bytes` of each of the two bodies.
    #[must_use]
    pub const fn both(bytes: ByteSize) -> Self {
        Self { request: bytes, response: bytes, white_space: WhiteSpace::Keep }
    }
}

// ===== impl AccessLogOptions =====

impl Default for AccessLogOptions {
    fn default() -> Self {
        Self {
            capture: CaptureOptions::default(),
            redaction: Redaction::default(),
            classifier: Arc::new(ByStatus),
            headers: Vec::new(),
            echo: Echo::Always,
            on_capture: None,
            moved_from: None,
            peer_from: None,
        }
    }
}

impl fmt::Debug for AccessLogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogOptions")
            .field("capture", &self.capture)
            .field("redaction", &self.redaction)
            .field("headers", &self.headers)
            .field("echo", &self.echo)
            .finish_non_exhaustive()
    }
}
