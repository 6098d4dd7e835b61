//! Everything a serve loop is told.

use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use hyper::server::conn::http1;
use tokio::runtime::Handle;

use crate::h2::Http2Sizes;
use crate::tls::TlsConfig;
use crate::verdict::ConnLimits;
use crate::watch::Watch;
use crate::zerocopy::cold::ColdPages;

/// hyper keeps at least this much.
const HTTP1_BUFFER_MIN: usize = 8 << 10;

/// How to serve. The sizes come from the plan; the defaults are a modest plan of their own, for services
/// that have none (see [`ServeOptions::default`]).
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Pays for connections, socket growth, TLS and HTTP/2.
    pub ledger: Ledger,
    /// One descriptor is leased per connection, before it is accepted.
    pub fds: FdLedger,
    /// What every connection leases from [`Class::Connections`]: its user memory and the socket buffers
    /// it starts with.
    pub connection_cost: ByteSize,
    /// What TLS adds, from [`Class::Tls`].
    pub tls_cost: ByteSize,
    /// The most of a request head, and of the body chunks queued for the socket; at least 8 KiB.
    pub http1_buffer: ByteSize,
    /// HTTP/2, over TLS and by prior knowledge; `None` for HTTP/1.1 only.
    pub http2: Option<Http2Sizes>,
    /// TLS; `None` for plain connections.
    pub tls: Option<TlsConfig>,
    /// Head, idle, stall, rate and drain limits.
    pub limits: ConnLimits,
    /// What to do about file pages that are not in memory.
    pub cold: ColdPages,
    /// Registers connections; give several loops the same one.
    pub watch: Watch,
    /// The runtimes that run connections, each new one on the least busy. Empty: the one that `serve` runs
    /// on. One single-threaded runtime per core serves small requests about a quarter faster than one with
    /// that many threads, since no request wakes another core.
    pub executors: Vec<Handle>,
    /// How often the limits are looked at; also the step of rates in the operator's view.
    pub sweep_every: Duration,
}

impl Default for ServeOptions {
    /// 1,024 connections of 56 KiB, 16 MiB of socket growth, 32 MiB for TLS and HTTP/2, 16 MiB of reads.
    fn default() -> Self {
        let cost = ByteSize::kib(56);
        let ledger = Ledger::new([
            (Class::Connections, cost.times(1024)),
            (Class::SocketBuffers, ByteSize::mib(16)),
            (Class::Tls, ByteSize::mib(16)),
            (Class::Http2, ByteSize::mib(16)),
            (Class::Reads, ByteSize::mib(16)),
        ]);
        Self::new(ledger, FdLedger::new(1024))
    }
}

impl ServeOptions {
    /// Plain HTTP/1.1 and HTTP/2 with the default limits, paid by these ledgers.
    pub fn new(ledger: Ledger, fds: FdLedger) -> Self {
        Self {
            ledger,
            fds,
            connection_cost: ByteSize::kib(56),
            tls_cost: ByteSize::kib(64),
            http1_buffer: ByteSize::kib(16),
            http2: Some(Http2Sizes::default()),
            tls: None,
            limits: ConnLimits::default(),
            cold: ColdPages::default(),
            watch: Watch::new(),
            executors: Vec::new(),
            sweep_every: Duration::from_secs(1),
        }
    }

    pub(crate) fn http1_builder(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            // Vectored and unflattened: the whole of zero-copy rests on these two.
            .writev(true)
            .pipeline_flush(false)
            .max_buf_size(self.http1_buffer.as_usize().max(HTTP1_BUFFER_MIN))
            // The sweeper does this without a timer per connection.
            .header_read_timeout(None);
        builder
    }
}
