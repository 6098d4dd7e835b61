//! What a client may hold and how long it waits.

use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, TransferPlan, UpstreamSizes};

use super::proxy::Proxies;
use super::trust::ClientTls;

/// Bounds of a [`Client`](super::Client). Make them with [`ClientOptions::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Pays for the connections' memory, from [`Class::Upstreams`].
    pub ledger: Ledger,
    /// Pays for their descriptors, one each.
    pub fds: FdLedger,
    /// The buffers of a connection, in user space and in the kernel. Their [cost](UpstreamSizes::cost) is leased before dialling.
    pub sizes: UpstreamSizes,
    /// Connections open at once, idle ones included. Default: as many as [`Class::Upstreams`] can pay for.
    pub connections_max: u32,
    /// Connections to one destination. Default: all of them.
    pub per_destination_max: u32,
    /// How long a request waits for a connection, or for what a new one costs. Default: 10 s.
    pub acquire_timeout: Duration,
    /// How many requests may wait; whoever comes after them is refused at once. Default: 1,024.
    pub waiters_max: usize,
    /// Until a connection is made, name, proxy and TLS included. Default: 10 s.
    pub connect_timeout: Duration,
    /// From the last byte of the request to the head of the response. Default: 30 s.
    pub head_timeout: Duration,
    /// How long a body may stand still: a response's *while it is being read*, a request's while the server takes none of it. Default: 30 s.
    pub stall_timeout: Duration,
    /// How long a connection stays on the shelf. Below what servers usually grant. Default: 15 s.
    pub idle_timeout: Duration,
    /// A connection older than this is not used again, so that changes of addresses are followed. Default: 10 min.
    pub life_max: Duration,
    /// A dropped body whose rest is declared and at most this long is read to its end, so that the connection can be used again;
    /// of any other the connection is closed. Default: 64 KiB.
    pub drain_max: ByteSize,
    /// How long that may take. Default: 1 s.
    pub drain_time: Duration,
    /// How many may be drained at once; others are closed. Default: 32.
    pub drains_max: u32,
    /// How long sent bytes may go unacknowledged (`TCP_USER_TIMEOUT`). Default: 30 s.
    pub user_timeout: Duration,
    /// Header fields of a response at most. Default: 100.
    pub headers_max: usize,
    /// Whom to trust. Default: the certificates that the system trusts.
    pub tls: ClientTls,
    /// Proxies. Default: none.
    pub proxies: Proxies,
}

impl ClientOptions {
    /// The documented defaults, paid by these ledgers.
    pub fn new(ledger: Ledger, fds: FdLedger, sizes: UpstreamSizes) -> Self {
        let affordable = ledger.usage(Class::Upstreams).capacity / sizes.cost().as_u64().max(1);
        let connections_max = u32::try_from(affordable).unwrap_or(u32::MAX).max(1);
        Self {
            ledger,
            fds,
            sizes,
            connections_max,
            per_destination_max: connections_max,
            acquire_timeout: Duration::from_secs(10),
            waiters_max: 1024,
            connect_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(15),
            life_max: Duration::from_secs(600),
            drain_max: ByteSize::kib(64),
            drain_time: Duration::from_secs(1),
            drains_max: 32,
            user_timeout: Duration::from_secs(30),
            headers_max: 100,
            tls: ClientTls::default(),
            proxies: Proxies::default(),
        }
    }

    /// The same in a plan of transfers; `ledger` is [the plan's](TransferPlan::ledger).
    pub fn planned(plan: &TransferPlan, ledger: &Ledger) -> Self {
        Self::new(ledger.clone(), FdLedger::new(plan.fds), plan.upstream)
    }
}

impl Default for ClientOptions {
    /// A modest plan of its own, for those who have none: 32 connections of 656 KiB.
    fn default() -> Self {
        let kib = ByteSize::kib;
        let sizes = UpstreamSizes { buffer: kib(64), receive: kib(256), tls: kib(64) };
        let ledger = Ledger::new([(Class::Upstreams, sizes.cost().times(32))]);
        Self::new(ledger, FdLedger::new(128), sizes)
    }
}
