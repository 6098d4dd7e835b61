//! The one file of named lines: what is set aside for what, and who holds it.
//!
//! A fixed line is a floor (what the work needs in order to make progress at all; the floors are the plan for
//! `--memory 64MiB`) and a part of all the memory above that, up to a ceiling (what more would not make better).

use serde::Serialize;

use super::{Limits, Sizes, sizes, upstream};
use crate::{
    class::{Class, WhenFull},
    size::ByteSize,
};

/// One line of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is for, in words.
    pub name: &'static str,
    /// The account of the ledger that it becomes.
    pub class: Class,
    /// The part of the program that holds it.
    pub holder: &'static str,
    /// What becomes of the work when the line is used up.
    pub when_full: WhenFull,
    /// How many.
    pub count: u64,
    /// What one costs.
    pub each: ByteSize,
    /// `count` × `each`.
    pub total: ByteSize,
}

/// Up to here every fixed line is at its floor.
const FLOORS_UP_TO: ByteSize = ByteSize::mib(64);

/// One client in the tables of both limits that remember them: requests and bandwidth. 7,168 of them, which is a size
/// that the tables can fill.
const CLIENT: ByteSize = ByteSize::b(120);

/// How much of the whole a fixed line gets.
struct Share {
    name: &'static str,
    class: Class,
    holder: &'static str,
    /// What the line counts in; its total is a whole number of these.
    each: ByteSize,
    floor: ByteSize,
    /// One part in this many of what is above [`FLOORS_UP_TO`].
    part: u64,
    ceiling: ByteSize,
}

impl Line {
    pub(super) fn new(
        name: &'static str,
        class: Class,
        holder: &'static str,
        count: u64,
        each: ByteSize,
    ) -> Self {
        Self { name, class, holder, when_full: class.when_full(), count, each, total: each.times(count) }
    }
}

/// Every line that does not depend on the number of connections.
pub(super) fn fixed(limits: &Limits, limit: ByteSize) -> Vec<Line> {
    shares(limits, limit).iter().map(|share| share.line(limit)).collect()
}

#[rustfmt::skip]
fn shares(limits: &Limits, limit: ByteSize) -> Vec<Share> {
    let (kib, mib, gib) = (ByteSize::kib, ByteSize::mib, ByteSize::gib);
    let share = |class, name, holder, each, (floor, part, ceiling)| Share { name, class, holder, each, floor, part, ceiling };
    let mut shares = vec![
        share(Class::Runtime, "program, threads and allocator", "runtime", mib(1), (mib(12), 32, mib(64))),
        share(Class::Admin, "metrics, profiles and lists", "admin", kib(256), (mib(2), 64, mib(16))),
        share(Class::LogHeads, "long request heads, for the log", "tower::access_log", kib(2), (kib(256), 256, mib(1))),
        share(Class::LogQueue, "log records not yet written", "tower::access_log", kib(16), (mib(1), 128, mib(16))),
        share(Class::SmallFiles, "small files, and which were open", "store::local", kib(64), (mib(1), 64, mib(64))),
        share(Class::IdleBuffers, "buffers kept for the next user", "budget::buffer", kib(64), (kib(512), 128, mib(16))),
        share(Class::Reads, "file bytes read for a socket", "net::zerocopy", kib(64), (mib(4), 16, gib(1))),
        share(Class::SocketBuffers, "growth of fast sockets", "net::grow", kib(64), (mib(4), u64::MAX, mib(4))),
    ];
    if limits.http2 {
        // Over TLS, browsers speak it unasked.
        let (floor, part) = if limits.tls { (mib(4), 8) } else { (mib(2), 32) };
        shares.push(share(Class::Http2, "HTTP/2 streams and windows", "net::conn", sizes::http2_connection(limit), (floor, part, gib(1))));
    }
    if limits.compression {
        shares.push(share(Class::Compression, "compressor windows", "gateway::respond", kib(512), (mib(2), 32, mib(64))));
    }
    if limits.upstreams {
        shares.push(share(Class::Upstreams, "connections to the origin", "net::client", upstream::SERVING.cost(), (mib(6), 4, gib(1))));
    }
    if limits.listings {
        shares.push(share(Class::Listings, "listings being made", "gateway::list", kib(480), (mib(2), 32, mib(64))));
    }
    if limits.archives {
        shares.push(share(Class::Archives, "archives being streamed", "gateway::archive", mib(1), (mib(2), 32, mib(64))));
    }
    if limits.uploads && limits.upstreams {
        shares.push(share(Class::Windows, "parts of uploads under way", "transfer::deposit", mib(1), (mib(16), 4, gib(1))));
    } else if limits.uploads {
        shares.push(share(Class::Arrivals, "uploads that wait for the disk", "store::local", kib(256), (mib(2), 32, mib(64))));
    }
    if limits.passwords > ByteSize::ZERO {
        shares.push(share(Class::Passwords, "passwords being verified", "auth", limits.passwords, (limits.passwords, 8, limits.passwords.times(4))));
    }
    if limits.remember_clients {
        shares.push(share(Class::Clients, "what limits remember of clients", "tower::limit", CLIENT, (kib(840), u64::MAX, kib(840))));
    }
    if limits.capture > ByteSize::ZERO {
        // The start of the request's body and of the answer's.
        shares.push(share(Class::Captures, "starts of bodies for the log", "tower::access_log", limits.capture.times(2), (mib(1), 64, mib(32))));
    }
    shares
}

impl Share {
    fn line(&self, limit: ByteSize) -> Line {
        let above = limit.saturating_sub(FLOORS_UP_TO).as_u64();
        let wanted = (self.floor + ByteSize::b(above / self.part)).min(self.ceiling);
        let count = (wanted.as_u64() / self.each.as_u64()).max(1);
        Line::new(self.name, self.class, self.holder, count, self.each)
    }
}

/// The lines that grow with the number of connections.
pub(super) fn connections(sizes: &Sizes, count: u32) -> Vec<Line> {
    let count = u64::from(count);
    let mut lines =
        vec![Line::new("open connections", Class::Connections, "net::serve", count, sizes.connection)];
    if sizes.tls > ByteSize::ZERO {
        lines.push(Line::new("encrypted connections", Class::Tls, "net::tls", count, sizes.tls));
    }
    lines
}

/// What connections leave for faster sockets if nobody says how many connections there should be.
pub(super) fn growth_wish(limit: ByteSize) -> ByteSize {
    ByteSize::b(limit.saturating_sub(FLOORS_UP_TO).as_u64() / 8)
}

/// Whole steps of what no line claims make sockets faster; the crumbs stay unplanned.
pub(super) fn give_rest_to_sockets(lines: &mut [Line], limit: ByteSize) {
    let planned: ByteSize = lines.iter().map(|line| line.total).sum();
    let rest = limit.saturating_sub(planned);
    if let Some(line) = lines.iter_mut().find(|line| line.class == Class::SocketBuffers) {
        line.count += rest.as_u64() / line.each.as_u64();
        line.total = line.each.times(line.count);
    }
}

/// The least memory that holds `connections`, in whole MiB.
///
/// The shares grow with the whole, so the answer is searched for: what is left over only ever grows with it.
pub(super) fn needed(limits: &Limits, per_connection: ByteSize, connections: u32) -> ByteSize {
    let want = per_connection.times(u64::from(connections));
    let fits = |mib: u64| {
        let limit = ByteSize::mib(mib);
        let fixed: ByteSize = fixed(limits, limit).iter().map(|line| line.total).sum();
        limit.saturating_sub(fixed) >= want
    };
    let (mut low, mut high) = (0, 1);
    while !fits(high) && high < 1 << 40 {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { high = middle } else { low = middle }
    }
    ByteSize::mib(high)
}
