//! What a connection costs, and the buffer sizes that make it true.
//!
//! The HTTP library and the kernel are told these sizes; the cost of a connection is computed from the same
//! numbers, so that the plan and the setting cannot drift apart.

use serde::Serialize;

use super::Limits;
use crate::size::ByteSize;

/// Task, state machines and response head of a connection, beside its buffers.
const CONNECTION_STATE: ByteSize = ByteSize::kib(4);

/// What the kernel holds for an open connection: the unsent bytes that it accepts, the unread ones, and its
/// own structures.
const CONNECTION_KERNEL: ByteSize = ByteSize::kib(36);

/// State of a TLS session, one record being read and one being written.
const TLS_SESSION: ByteSize = ByteSize::kib(40);

/// State of one HTTP/2 stream beside its send buffer.
const HTTP2_STREAM_STATE: ByteSize = ByteSize::kib(4);

/// Bytes that an HTTP/2 stream may have waiting for the socket.
const HTTP2_SEND_BUFFER: ByteSize = ByteSize::kib(60);

/// The sizes that the server's parts are set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// One open connection, user and kernel memory.
    pub connection: ByteSize,
    /// What encryption adds to a connection; zero where there is none.
    pub tls: ByteSize,
    /// The kernel's buffers of a connection.
    pub socket: SocketSizes,
    /// HTTP/1.1.
    pub http1: Http1Sizes,
    /// HTTP/2.
    pub http2: Http2Sizes,
    /// One read of a file on its way to a socket, and the size of pooled buffers.
    pub read_chunk: ByteSize,
}

/// The kernel's buffers of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SocketSizes {
    /// What a connection costs in the kernel before anything is leased on top.
    pub kernel: ByteSize,
    /// `TCP_NOTSENT_LOWAT` at the start.
    pub not_sent_start: ByteSize,
    /// How far a fast reader's share may grow, each step with a lease.
    pub growth_max: ByteSize,
}

/// The buffers of an HTTP/1.1 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Http1Sizes {
    /// The most that is read ahead of the parser, and so the longest head.
    pub read_buffer_max: ByteSize,
}

/// The buffers and counts of an HTTP/2 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Http2Sizes {
    /// Streams open at once on a connection.
    pub streams_max: u32,
    /// Bytes a stream may have waiting for the socket.
    pub send_buffer: ByteSize,
    /// Receive window of a stream.
    pub stream_window: ByteSize,
    /// Receive window of a connection.
    pub connection_window: ByteSize,
    /// The longest list of header fields.
    pub header_list_max: ByteSize,
    /// What one stream costs; a connection leases it per stream that it lets the peer open.
    pub stream: ByteSize,
}

impl Sizes {
    pub(super) fn new(limits: &Limits) -> Self {
        let http1 = Http1Sizes { read_buffer_max: ByteSize::kib(16) };
        Self {
            connection: CONNECTION_STATE + http1.read_buffer_max + CONNECTION_KERNEL,
            tls: if limits.tls { TLS_SESSION } else { ByteSize::ZERO },
            socket: SocketSizes {
                kernel: CONNECTION_KERNEL,
                not_sent_start: ByteSize::kib(16),
                growth_max: ByteSize::mib(1),
            },
            http1,
            http2: Http2Sizes {
                streams_max: 16,
                send_buffer: HTTP2_SEND_BUFFER,
                stream_window: ByteSize::kib(64),
                connection_window: ByteSize::kib(64),
                header_list_max: ByteSize::kib(16),
                stream: Self::http2_stream(),
            },
            read_chunk: ByteSize::kib(64),
        }
    }

    pub(super) fn per_connection(&self) -> ByteSize {
        self.connection + self.tls
    }

    pub(super) fn http2_stream() -> ByteSize {
        HTTP2_STREAM_STATE + HTTP2_SEND_BUFFER
    }
}
