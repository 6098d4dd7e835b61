//! What a connection costs, and the buffer sizes that make it true.
//!
//! The HTTP library and the kernel are told these sizes; the cost of a connection is the sum of the same numbers,
//! so that the plan and the settings cannot drift apart.
//!
//! The kernel's part is not the sum of the two socket buffers: it doubles what it is told, and a connection is hardly
//! ever full in both directions. It is what a reader that stalls pins, which the low-water mark bounds. A peer that
//! *vanishes* with a full window in flight may pin the whole send buffer until `TCP_USER_TIMEOUT`.

use serde::Serialize;

use super::Limits;
use crate::size::ByteSize;

/// Task, state machines and response head of a connection, beside its buffers.
const CONNECTION_STATE: ByteSize = ByteSize::kib(3);

/// What the access log keeps of a request while it is under way. A head that is longer leases the rest.
const LOG_HEAD: ByteSize = ByteSize::kib(1);

/// State of a TLS session, a record being read, and the records of one late read that wait for the socket.
const TLS_SESSION: ByteSize = ByteSize::kib(64);

/// The smallest useful HTTP/2 connection: four streams, a window, its state.
const HTTP2_CONNECTION_MIN: ByteSize = ByteSize::kib(384);

/// More than this makes no HTTP/2 connection faster.
const HTTP2_CONNECTION_MAX: ByteSize = ByteSize::mib(1);

/// The sizes that the server's parts are set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// One open connection, user and kernel memory: what it leases from `connections`.
    pub connection: ByteSize,
    /// The part of it that the access log keeps of a request under way. Over HTTP/2 each stream pays as much from its
    /// connection's cost.
    pub log_head: ByteSize,
    /// The kernel's part of it.
    pub connection_kernel: ByteSize,
    /// What a TLS connection leases from `tls` in addition; zero where there is none.
    pub tls: ByteSize,
    /// What an HTTP/2 connection leases from `http2` in addition; streams and windows are cut from it.
    pub http2_connection: ByteSize,
    /// The most that HTTP/1.1 reads ahead of its parser, and so the longest request head.
    pub http1_buffer: ByteSize,
    /// `TCP_NOTSENT_LOWAT` at the start: what a reader that has stopped reading pins.
    pub unsent_start: ByteSize,
    /// `SO_SNDBUF` at the start. Over loopback, whose segments are 64 KiB, less than 48 KiB crawls.
    pub send_start: ByteSize,
    /// `SO_RCVBUF` at the start.
    pub receive_start: ByteSize,
    /// How far either may grow, each step with a lease from `socket_buffers`.
    pub grown_max: ByteSize,
    /// One read of a file that does not go by name, and so the size of pooled buffers.
    pub read_chunk: ByteSize,
}

impl Sizes {
    pub(super) fn new(limits: &Limits, limit: ByteSize) -> Self {
        let http1_buffer = ByteSize::kib(16);
        let connection_kernel = ByteSize::kib(36);
        Self {
            connection: CONNECTION_STATE + LOG_HEAD + http1_buffer + connection_kernel,
            log_head: LOG_HEAD,
            connection_kernel,
            tls: if limits.tls { TLS_SESSION } else { ByteSize::ZERO },
            http2_connection: http2_connection(limit),
            http1_buffer,
            unsent_start: ByteSize::kib(16),
            send_start: ByteSize::kib(64),
            receive_start: ByteSize::kib(32),
            grown_max: ByteSize::mib(2),
            read_chunk: ByteSize::kib(64),
        }
    }

    pub(super) fn per_connection(&self) -> ByteSize {
        self.connection + self.tls
    }
}

/// Grows with the whole, in steps that show well: more streams for each before more connections.
pub(super) fn http2_connection(limit: ByteSize) -> ByteSize {
    let wanted = ByteSize::b(limit.as_u64() / 512).round_up(ByteSize::kib(64));
    wanted.clamp(HTTP2_CONNECTION_MIN, HTTP2_CONNECTION_MAX)
}
