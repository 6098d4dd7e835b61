//! One line per request, in JSON or in text, written when the response body has truly ended, with the first bytes of both
//! bodies if you ask for them.
//!
//! The outage behind it: a middleware that read each upload into memory to log its first few hundred
//! characters. This layer never reads a body. It looks at frames as they pass ([`crate::body::Prefix`]),
//! copies at most N bytes that a lease was granted for, and keeps none if the budget has no room.
//!
//! ```text
//! request head ──► Head (one owned buffer: the record's first half, already escaped and redacted)
//! request body ──► Inbound: count, capture ─┐
//! response head ─► status, user, error      ├─► drop of the response body ─► Record ─► LogQueue ─► thread
//! response body ─► Recorder: count, capture ┘
//! ```
//!
//! What a request costs: one buffer of a few hundred bytes while it is in flight (more than [`HEAD_BYTES`] only
//! with a lease), and one copy into the queue. Header values are never kept, because each would pin the server's read buffer. The record is
//! formatted in a buffer that each thread reuses. The queue is bounded in bytes, is drained by one thread,
//! never blocks a request, and counts what it drops.
//!
//! When it is off ([`AccessLogLayer::off`]) a request costs one branch.

mod behind;
mod capturing;
mod classify;
mod form;
mod format;
mod future;
mod head;
mod inbound;
mod layer;
mod moved;
mod options;
mod queue;
mod record;
mod recorder;
mod redact;
mod service;
mod trace;

pub use behind::{Behind, BehindHandle};
pub use classify::{ByStatus, Classifier, Exchange, Keep, Level, Verdict};
pub use form::LogForm;
pub use future::ResponseFuture;
pub use head::HEAD_BYTES;
pub use inbound::Inbound;
pub use layer::AccessLogLayer;
pub use moved::{Moved, MovedHandle};
pub use options::{AccessLogOptions, CaptureOptions, Echo, LogError, User, WhiteSpace};
pub use queue::{LogQueue, LogQueueStats};
pub use recorder::Recorder;
pub use redact::Redaction;
pub use service::AccessLog;
pub use trace::{RequestId, RequestTrace, SpanId, TraceId};

/// The request body that the inner service sees.
pub type RequestBody<B> = crate::body::EndBody<B, Option<Inbound>>;
/// The response body.
pub type ResponseBody<B> = crate::body::EndBody<B, Option<Recorder>>;

#[cfg(test)]
mod tests;
