//! The figures of our own connections: the pool towards a bucket or an origin, and the brakes on asking it again.

use std::fmt;

use forebay_net::{client::Client, retry::Peer};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// `forebay_upstream_…` on the metrics page, but for what the gateway counts itself.
#[derive(Debug)]
pub(super) struct UpstreamFigures {
    pub(super) client: Client,
    pub(super) peer: Peer,
}

impl Collector for UpstreamFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.client.stats();
        let gauges = [
            (
                "forebay_upstream_connections_open",
                "Connections to the origin that are open or being made",
                stats.open,
            ),
            (
                "forebay_upstream_connections_idle",
                "Of those, connections that wait for the next request",
                stats.idle,
            ),
            (
                "forebay_upstream_requests_waiting",
                "Requests that wait for a connection to the origin",
                stats.waiting,
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let counters = [
            (
                "forebay_upstream_connections_opened",
                "Connections to the origin that were made",
                stats.opened_total,
            ),
            (
                "forebay_upstream_connect_failures",
                "Connections that could not be made",
                stats.connect_failures_total,
            ),
            (
                "forebay_upstream_requests_reusing",
                "Requests over a connection that was open already",
                stats.reused_total,
            ),
            (
                "forebay_upstream_acquire_timeouts",
                "Requests that waited in vain for a connection",
                stats.acquire_timeouts_total,
            ),
            (
                "forebay_upstream_bodies_drained",
                "Dropped bodies whose short rest was read",
                stats.drained_total,
            ),
            (
                "forebay_upstream_closed_unread",
                "Connections closed with a body unread",
                stats.closed_unread_total,
            ),
            (
                "forebay_upstream_connections_retired",
                "Connections closed because of their age",
                stats.retired_total,
            ),
        ];
        for (name, help, count) in counters.into_iter().chain(brakes(&self.peer)) {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

/// What became of requests that failed.
fn brakes(peer: &Peer) -> [(&'static str, &'static str, u64); 4] {
    let peer = peer.stats();
    [
        ("forebay_upstream_retries", "Requests that were sent again", peer.retries_total),
        ("forebay_upstream_given_up", "Failures that were not followed by another try", peer.given_up_total),
        (
            "forebay_upstream_left_alone",
            "Requests that were not sent because the origin answers nobody",
            peer.left_alone_total,
        ),
        ("forebay_upstream_rests", "Times that the origin was left alone", peer.rests_total),
    ]
}
