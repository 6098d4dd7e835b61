//! What a connection that we open costs, and the buffer sizes that make it true.
//!
//! What arrives and is not yet read lies in the kernel's receive buffer, so its size bounds what a stalled reader of ours pins, and
//! it is the window of the connection: a round trip of 50 ms and 128 KiB make 2.6 MB/s, and sixteen such connections fill a
//! link of 40 MB/s. The kernel takes twice the size that it is told, and the cost counts that.

use serde::Serialize;

use crate::size::ByteSize;

/// Task, state machines and heads.
const STATE: ByteSize = ByteSize::kib(16);

/// A TLS session and a record being read.
const TLS_SESSION: ByteSize = ByteSize::kib(64);

/// The least that moves bytes well enough: `SO_RCVBUF` of 32 KiB.
const RECEIVE_MIN: ByteSize = ByteSize::kib(32);

/// More makes no connection faster that has others beside it.
const RECEIVE_MAX: ByteSize = ByteSize::mib(2);

/// A server's connections to its origin: many, each feeding one client.
pub(super) const SERVING: UpstreamSizes =
    UpstreamSizes { buffer: ByteSize::kib(64), receive: ByteSize::kib(64), tls: TLS_SESSION };

/// The sizes that a connection of ours is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UpstreamSizes {
    /// The most that HTTP reads ahead in user space, and so the longest head.
    pub buffer: ByteSize,
    /// `SO_RCVBUF` and `SO_SNDBUF` as they are told to the kernel, which takes twice as much for the one in use: a connection hardly
    /// ever has full queues in both directions.
    pub receive: ByteSize,
    /// What TLS may hold, where it may be spoken.
    pub tls: ByteSize,
}

impl UpstreamSizes {
    /// What one connection leases from `upstreams`.
    pub const fn cost(&self) -> ByteSize {
        ByteSize::b(STATE.as_u64() + self.buffer.as_u64() + self.tls.as_u64() + 2 * self.receive.as_u64())
    }

    /// The smallest that works.
    pub(super) fn least(tls: bool) -> Self {
        let tls = if tls { TLS_SESSION } else { ByteSize::ZERO };
        Self { buffer: ByteSize::kib(32), receive: RECEIVE_MIN, tls }
    }

    /// The largest whose cost is at most `each`.
    pub(super) fn within(each: ByteSize, tls: bool) -> Self {
        let least = Self::least(tls);
        let more = each.saturating_sub(least.cost()).as_u64() / 2;
        let receive = ByteSize::b((least.receive.as_u64() + more) & !0xfff).min(RECEIVE_MAX);
        Self { receive, ..least }
    }
}
