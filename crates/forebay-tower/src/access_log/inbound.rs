//! The request body's side: a count and perhaps a capture, which the record reads at the end.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Buf;
use parking_lot::Mutex;

use super::capturing::Capture;
use crate::body::{End, Tap};

/// Watches a request body for the log.
#[derive(Debug)]
pub struct Inbound(pub(super) Arc<Seen>);

/// What has been seen of a request body. The body may outlive the response or end before it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    bytes: AtomicU64,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) capture: Option<Capture>,
    pub(super) end: Option<End>,
    pub(super) error: Option<String>,
}

impl Seen {
    pub(super) fn new(capture: Option<Capture>) -> Self {
        Self { bytes: AtomicU64::new(0), rest: Mutex::new(Rest { capture, ..Rest::default() }) }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Takes what was captured: the record is being written, and more will not be asked for.
    pub(super) fn take(&self) -> Rest {
        std::mem::take(&mut self.rest.lock())
    }
}

impl Tap for Inbound {
    fn data(&mut self, data: &impl Buf) {
        self.0.bytes.fetch_add(data.remaining() as u64, Ordering::Relaxed);
        if let Some(capture) = &mut self.0.rest.lock().capture {
            capture.prefix.take(data);
        }
    }

    fn failed(&mut self, error: &dyn Display) {
        self.0.rest.lock().error = Some(error.to_string());
    }

    fn end(&mut self, end: End) {
        self.0.rest.lock().end = Some(end);
    }
}
