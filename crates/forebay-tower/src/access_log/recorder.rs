//! The response body's side: what is known at its head, what passes, and the record at its end.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Buf;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode, response};
use tokio::time::Instant;

use super::capturing::{Capture, Kind};
use super::head::Head;
use super::inbound::Seen;
use super::layer::Shared;
use super::{BehindHandle, LogError, MovedHandle, RequestTrace, User, record};
use crate::body::{End, Prefix, Tap};
use crate::refusal::Refusal;

/// A request that is under way. It is written when it is finished, whichever way.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) shared: Arc<Shared>,
    pub(super) head: Head,
    pub(super) trace: RequestTrace,
    pub(super) start: Instant,
    pub(super) started: SystemTime,
    pub(super) inbound: Option<Arc<Seen>>,
    pub(super) moved: Option<MovedHandle>,
    pub(super) user: Option<String>,
}

/// Watches a response body for the log.
#[derive(Debug)]
pub struct Recorder {
    pending: Option<Pending>,
    pub(super) answer: Answered,
}

/// What there is to say about a response.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) status: Option<StatusCode>,
    pub(super) latency_head: Option<Duration>,
    pub(super) error: Option<String>,
    pub(super) behind: Option<BehindHandle>,
    pub(super) capture: Option<Capture>,
    /// Body bytes that passed.
    pub(super) produced: u64,
}

// ===== impl Pending =====

impl Pending {
    /// The response has a head: what is left is its body.
    pub(super) fn answered(mut self, parts: &mut response::Parts) -> Recorder {
        if let Some(User(user)) = parts.extensions.remove() {
            self.user = Some(user);
        }
        let error = parts.extensions.get::<LogError>().map(|LogError(error)| error.clone());
        let refused = || parts.extensions.get::<Refusal>().map(|refusal| refusal.reason().to_owned());
        let answer = Answered {
            status: Some(parts.status),
            latency_head: Some(self.start.elapsed()),
            error: error.or_else(refused),
            behind: parts.extensions.remove(),
            capture: self.capture(parts),
            produced: 0,
        };
        Recorder { pending: Some(self), answer }
    }

    /// Begins a capture of the response body, and tells the server that its bytes will be looked at.
    fn capture(&self, parts: &mut response::Parts) -> Option<Capture> {
        let options = &self.shared.options;
        let limit = options.capture.response.as_usize();
        if limit == 0 || promised(&self.head.method, parts.status, &parts.headers) == Some(0) {
            return None;
        }
        let kind = Kind::of_response(&self.head.method, parts.status, &parts.headers);
        let ledger = self.shared.queue.ledger().clone();
        let mut prefix = Prefix::new(limit, content_length(&parts.headers), ledger);
        match (kind, options.on_capture) {
            (Kind::Skip(why), _) => prefix.skip(why),
            (_, Some(hook)) => hook(&mut parts.extensions),
            (_, None) => {}
        }
        Some(Capture { kind, prefix })
    }

    /// Writes the record.
    pub(super) fn finish(self, answer: &Answered, end: End) {
        record::write(&self, answer, end);
    }
}

/// How many bytes of a response body will be asked for, where its head tells: none in answer to HEAD, and
/// none with a status that has no body (RFC 9110 §6.4.1).
pub(super) fn promised(method: &Method, status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    let bodiless = *method == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless { Some(0) } else { content_length(headers) }
}

pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

// ===== impl Recorder =====

impl Tap for Recorder {
    fn data(&mut self, data: &impl Buf) {
        self.answer.produced += data.remaining() as u64;
        if let Some(capture) = &mut self.answer.capture {
            capture.prefix.take(data);
        }
    }

    fn failed(&mut self, error: &dyn Display) {
        self.answer.error = Some(error.to_string());
    }

    fn end(&mut self, end: End) {
        if let Some(pending) = self.pending.take() {
            pending.finish(&self.answer, end);
        }
    }
}
