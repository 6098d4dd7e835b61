//! What the sockets did, counted once: every figure on a metrics page or in a test comes from here.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::verdict::Reason;

/// A snapshot of everything that the connections of one [`Watch`](crate::Watch) have done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetStats {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open now.
    pub active: u64,
    /// TLS handshakes that failed or were given up.
    pub tls_failures: u64,
    /// Connections that speak HTTP/2 and found no room for its cost, and were closed or fell back.
    pub http2_refused: u64,
    /// Times that accepting paused because the process or the system had no descriptor left.
    pub emfile_pauses: u64,
    /// Connections ended by a limit, by the reason's name, in the order of [`Reason::ALL`].
    pub killed: [(Reason, u64); Reason::ALL.len()],
    /// HTTP/2 streams ended alone, by the reason's name, in the same order.
    pub streams_ended: [(Reason, u64); Reason::ALL.len()],
    /// Transfers that wait for their client now, having moved nothing for at least one sweep.
    pub stalled: u64,
    /// File bytes that went from the page cache to the socket by `sendfile`.
    pub zero_copy_bytes: u64,
    /// `sendfile` calls that moved bytes.
    pub zero_copy_calls: u64,
    /// File bytes read late, at the moment when a TLS stream could take them.
    pub late_read_bytes: u64,
    /// File bytes read ahead of the socket by an ordinary body (HTTP/2, or a layer that reads).
    pub pread_bytes: u64,
    /// Bytes that went from a connection of ours to a client's socket by `splice`.
    pub relayed_bytes: u64,
    /// Windows of a file that had to be brought into the page cache off the workers.
    pub cold_fetches: u64,
    /// Connections aborted because a placeholder and the queue disagreed. Any value but 0 is a bug.
    pub desyncs: u64,
    /// Transfers aborted because the file was shorter than promised when its turn came.
    pub truncations: u64,
    /// Steps by which socket buffers grew, and steps refused because the ledger had no room.
    pub buffer_growths: u64,
    /// See [`NetStats::buffer_growths`].
    pub buffer_growths_refused: u64,
    /// Bytes that sockets took, all protocols, heads included; before TLS.
    pub sent_bytes: u64,
    /// Bytes that came from sockets, likewise.
    pub received_bytes: u64,
}

/// The live counters behind [`NetStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: Counter,
    pub(crate) tls_failures: Counter,
    pub(crate) http2_refused: Counter,
    pub(crate) emfile_pauses: Counter,
    pub(crate) killed: [Counter; Reason::ALL.len()],
    pub(crate) streams_ended: [Counter; Reason::ALL.len()],
    pub(crate) zero_copy_bytes: Counter,
    pub(crate) zero_copy_calls: Counter,
    pub(crate) late_read_bytes: Counter,
    pub(crate) pread_bytes: Counter,
    pub(crate) relayed_bytes: Counter,
    pub(crate) cold_fetches: Counter,
    pub(crate) desyncs: Counter,
    pub(crate) truncations: Counter,
    pub(crate) buffer_growths: Counter,
    pub(crate) buffer_growths_refused: Counter,
    /// Of connections that have closed; the live ones are added when a snapshot is taken.
    pub(crate) sent_bytes: Counter,
    pub(crate) received_bytes: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn killed(&self, reason: Reason) {
        self.killed[reason as usize].add(1);
    }

    pub(crate) fn stream_ended(&self, reason: Reason) {
        self.streams_ended[reason as usize].add(1);
    }

    /// What has been counted so far; the figures that are taken from the live connections are left at 0.
    pub(crate) fn snapshot(&self) -> NetStats {
        NetStats {
            accepted: self.accepted.get(),
            active: 0,
            tls_failures: self.tls_failures.get(),
            http2_refused: self.http2_refused.get(),
            emfile_pauses: self.emfile_pauses.get(),
            killed: Reason::ALL.map(|reason| (reason, self.killed[reason as usize].get())),
            streams_ended: Reason::ALL.map(|reason| (reason, self.streams_ended[reason as usize].get())),
            stalled: 0,
            zero_copy_bytes: self.zero_copy_bytes.get(),
            zero_copy_calls: self.zero_copy_calls.get(),
            late_read_bytes: self.late_read_bytes.get(),
            pread_bytes: self.pread_bytes.get(),
            relayed_bytes: self.relayed_bytes.get(),
            cold_fetches: self.cold_fetches.get(),
            desyncs: self.desyncs.get(),
            truncations: self.truncations.get(),
            buffer_growths: self.buffer_growths.get(),
            buffer_growths_refused: self.buffer_growths_refused.get(),
            sent_bytes: self.sent_bytes.get(),
            received_bytes: self.received_bytes.get(),
        }
    }
}
