//! The figures of our own connections: the pool towards a bucket or an origin.

use std::fmt;

use forebay_net::client::Client;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// `forebay_upstream_connections…` on the metrics page.
#[derive(Debug)]
pub(super) struct UpstreamFigures(pub(super) Client);

impl Collector for UpstreamFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.0.stats();
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
        for (name, help, count) in counters {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}
