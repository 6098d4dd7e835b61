//! How far a request has come, seen from both of its ends: the payload that hyper asks for bytes, and the socket that takes them.
//!
//! hyper says neither how much of a request the socket has taken nor whether all of it left. Three questions hang on that: whose
//! fault a standstill is (our own source's or the server's), when the wait for the head begins, and whether the connection can be
//! used again: a server may answer before it has read everything, and the rest is then still in hyper's buffer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The state of one exchange. It is written and read by whoever polls the connection: the order of memory is the task's.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes that came, in plain text.
    read: AtomicU64,
    /// Bytes that the socket took, in plain text.
    written: AtomicU64,
    /// The payload has nothing left to yield.
    ended: AtomicBool,
    /// The payload was asked and had nothing yet.
    waiting_for_source: AtomicBool,
    /// After the end, everything was flushed.
    sent: AtomicBool,
}

impl Progress {
    /// For the next exchange on the same connection.
    pub(super) fn reset(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        self.ended.store(false, Ordering::Relaxed);
        self.waiting_for_source.store(false, Ordering::Relaxed);
        self.sent.store(false, Ordering::Relaxed);
    }

    pub(super) fn did_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn did_write(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// hyper flushes the socket only when it holds nothing back.
    pub(super) fn did_flush(&self) {
        if self.ended.load(Ordering::Relaxed) && self.written() > 0 {
            self.sent.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn source_ended(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(super) fn source_waits(&self, waits: bool) {
        self.waiting_for_source.store(waits, Ordering::Relaxed);
    }

    pub(super) fn nothing_came(&self) -> bool {
        self.read.load(Ordering::Relaxed) == 0
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn is_source_waiting(&self) -> bool {
        self.waiting_for_source.load(Ordering::Relaxed)
    }
}
