//! HTTP/2 in numbers: what one connection may hold, derived from what it pays.
//!
//! hyper's defaults let one connection buffer 400 KiB for each of 200 streams. Here the cost comes first:
//! it is leased per connection, and streams, windows and buffers are cut from it.
//!
//! `cost = fixed + streams × (send buffer + frame + per stream) + connection window`

use forebay_budget::ByteSize;
use hyper::server::conn::http2::Builder;

use crate::stream::task::StreamTasks;

/// The HTTP/2 state machine, its header tables and the frame being read.
const FIXED: u64 = 48 << 10;
/// A stream's bookkeeping, its task, and the worst request head: 96 fields that fill 8 KiB as HTTP/2 counts them take
/// four times that as a map of names and values, and what they were decoded in lives with them.
const PER_STREAM: u64 = 35 << 10;
const FRAME: u32 = 16 << 10;
const STREAMS_MAX: u64 = 128;
const STREAMS_MIN: u64 = 4;
const SEND_BUFFER: u64 = 16 << 10;
const WINDOW_MIN: u64 = 64 << 10;
const WINDOW_MAX: u64 = 1 << 20;

/// The sizes of one HTTP/2 connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http2Sizes {
    /// What each connection leases from [`Class::Http2`](forebay_budget::Class::Http2).
    pub cost: ByteSize,
    /// Streams that a client may have open.
    pub streams_max: u32,
    /// Response bytes buffered per stream.
    pub send_buffer: ByteSize,
    /// Request bytes that a client may send ahead, per stream.
    pub stream_window: ByteSize,
    /// The same over all streams of the connection: this, not the sum of the streams', is the bound.
    pub connection_window: ByteSize,
    /// The largest request head, as HTTP/2 counts it.
    pub header_list_max: ByteSize,
}

impl Default for Http2Sizes {
    fn default() -> Self {
        Self::for_cost(ByteSize::mib(1))
    }
}

impl Http2Sizes {
    /// Cuts the sizes from the cost: up to a quarter of it for the connection's window, the rest for streams.
    /// Less than the smallest useful connection (380 KiB) is taken as that.
    pub fn for_cost(cost: ByteSize) -> Self {
        Self::for_cost_with(cost, ByteSize::ZERO)
    }

    /// As [`Http2Sizes::for_cost`], where the service keeps `per_request` of its own for each request under way.
    pub fn for_cost_with(cost: ByteSize, per_request: ByteSize) -> Self {
        let per_stream = SEND_BUFFER + u64::from(FRAME) + PER_STREAM + per_request.as_u64();
        let least = FIXED + STREAMS_MIN * per_stream;
        let cost = cost.as_u64().max(least + WINDOW_MIN);
        let window = (cost / 4).min(cost - least).clamp(WINDOW_MIN, WINDOW_MAX);
        let streams = ((cost - FIXED - window) / per_stream).clamp(STREAMS_MIN, STREAMS_MAX);
        Self {
            cost: ByteSize::b(cost),
            streams_max: u32::try_from(streams).unwrap_or(u32::MAX),
            send_buffer: ByteSize::b(SEND_BUFFER),
            stream_window: ByteSize::b(window.min(256 << 10)),
            connection_window: ByteSize::b(window),
            header_list_max: ByteSize::kib(8),
        }
    }

    pub(crate) fn builder(&self, tasks: StreamTasks) -> Builder<StreamTasks> {
        let mut builder = Builder::new(tasks);
        builder
            .max_concurrent_streams(self.streams_max)
            .initial_stream_window_size(clamp(self.stream_window))
            .initial_connection_window_size(clamp(self.connection_window))
            .max_frame_size(FRAME)
            .max_send_buf_size(self.send_buffer.as_usize())
            .max_header_list_size(clamp(self.header_list_max))
            // Rapid reset (CVE-2023-44487) and its mirror: well below hyper's 1024 local resets, and its
            // own 20 for streams reset before they were accepted.
            .max_local_error_reset_streams(128)
            .max_pending_accept_reset_streams(20);
        builder
    }
}

fn clamp(size: ByteSize) -> u32 {
    u32::try_from(size.as_u64()).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_may_hold_never_exceeds_what_it_pays() {
        for (kib, per_request) in
            [1, 300, 512, 1024, 4096, 65536].into_iter().flat_map(|kib| [(kib, 0), (kib, 1024)])
        {
            let sizes = Http2Sizes::for_cost_with(ByteSize::kib(kib), ByteSize::b(per_request));
            let streams = u64::from(sizes.streams_max);
            let held = FIXED
                + sizes.connection_window.as_u64()
                + streams * (sizes.send_buffer.as_u64() + u64::from(FRAME) + PER_STREAM + per_request);
            assert!(held <= sizes.cost.as_u64(), "{kib} KiB: {held} held, {} paid", sizes.cost);
            assert!(streams >= STREAMS_MIN);
        }
    }
}
