//! What the sockets did, by the names that dashboards know.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::family::{Families, Name};
use crate::{Network, Party};

const ACCEPTED: Name = Name::count("forebay_connections_accepted", "Connections accepted");
const ACTIVE: Name = Name::count("forebay_connections_active", "Connections open now");
const ENDED: Name = Name::count("forebay_connections_ended", "Connections ended by a limit, by the limit");
const STREAMS_ENDED: Name =
    Name::count("forebay_streams_ended", "HTTP/2 streams ended alone by a limit, by the limit");
const TLS_FAILURES: Name =
    Name::count("forebay_tls_handshake_failures", "TLS handshakes that failed or took too long");
const PAUSES: Name =
    Name::count("forebay_accept_pauses", "Times that accepting paused for want of descriptors");
const TRANSFERS: Name = Name::count("forebay_transfers_active", "Transfers under way now");
const STALLED: Name =
    Name::count("forebay_transfers_stalled", "Transfers that do not move now, by who is to move");
const SENT: Name = Name::bytes("forebay_network_sent", "Bytes that sockets took");
const RECEIVED: Name = Name::bytes("forebay_network_received", "Bytes that came from sockets");
const FILE_BYTES: Name = Name::bytes("forebay_file_sent", "File bytes sent, by the way they went");
const DESYNCS: Name =
    Name::count("forebay_zero_copy_desyncs", "Responses aborted by a zero-copy bug; must be 0");
const TRUNCATIONS: Name =
    Name::count("forebay_file_truncations", "Responses aborted as their file became shorter");

/// Figures of the sockets.
pub(super) struct Sockets(pub(super) Arc<dyn Network>);

impl Collector for Sockets {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = self.0.figures();
        let mut families = Families(encoder);
        families.counter(ACCEPTED, figures.accepted as f64)?;
        families.gauge(ACTIVE, figures.active as f64)?;
        for (name, ended) in [(ENDED, &figures.ended), (STREAMS_ENDED, &figures.streams_ended)] {
            families.counters(name, ended.iter().map(|&(limit, ended)| (("limit", limit), ended as f64)))?;
        }
        families.counter(TLS_FAILURES, figures.tls_failures as f64)?;
        families.counter(PAUSES, figures.accept_pauses as f64)?;
        families.gauge(TRANSFERS, figures.transfers as f64)?;
        families.gauges(
            STALLED,
            [
                (("on", Party::Client.name()), figures.stalled_on_client),
                (("on", Party::Upstream.name()), figures.stalled_on_upstream),
                (("on", Party::Budget.name()), figures.stalled_on_budget),
            ],
        )?;
        families.counter(SENT, figures.sent as f64)?;
        families.counter(RECEIVED, figures.received as f64)?;
        families.counters(
            FILE_BYTES,
            figures.file_bytes.iter().map(|&(way, sent)| (("way", way), sent as f64)),
        )?;
        families.counter(DESYNCS, figures.desyncs as f64)?;
        families.counter(TRUNCATIONS, figures.truncations as f64)
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sockets")
    }
}
