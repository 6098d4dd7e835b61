//! What is done on each edge, and what waits there.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::family::{Families, Label, Name};
use crate::edge::EdgeName;
use crate::governor::GovernorStats;
use crate::queue::{Book, EdgeLoad, Stock};
use crate::service::{EdgeFigures, Presence, Service};
use crate::task::Lane;
use crate::work::Seen;

const OUTCOMES: Name = Name::count(
    "forebay_edge_outcomes",
    "Rows that were worked on, by what came of it; tried again, they count again",
);
const REQUESTS: Name =
    Name::count("forebay_edge_requests", "Requests that were sent, those of detection and proof included");
const RECEIVED: Name = Name::bytes("forebay_edge_received", "Bytes of bodies that came");
const FIRST_BYTE: Name =
    Name::seconds("forebay_edge_first_byte", "From a request for an object to the head of its answer");
const WORK: Name = Name::seconds(
    "forebay_edge_work",
    "From the first request for a row to its end, waits between tries included",
);
const IN_FLIGHT: Name = Name::count("forebay_edge_in_flight", "Requests under way now");
const LIMIT: Name =
    Name::count("forebay_edge_limit", "Requests that may be under way now, as learnt from its answers");
const IN_FLIGHT_BYTES: Name =
    Name::bytes("forebay_edge_in_flight", "Bytes that were asked for and have not come");
const RETRIES: Name = Name::count("forebay_edge_retries", "Requests that were sent again");
const GIVEN_UP: Name =
    Name::count("forebay_edge_given_up", "Failures that were not followed by another try at once");
const LEFT_ALONE: Name =
    Name::count("forebay_edge_left_alone", "Requests that were not sent because the edge answers nobody");
const RESTS: Name = Name::count("forebay_edge_rests", "Times that the edge was left alone");
const RESTING: Name =
    Name::count("forebay_edge_resting", "1 while the edge is left alone, but for one probe at a time");
const AWAY: Name =
    Name::seconds("forebay_edge_away", "For how long the edge has not been reached; 0 if it is there");
const SHUT: Name = Name::seconds(
    "forebay_edge_window_shut",
    "How long it is until objects may be fetched again; of edges that have times of day for it",
);
const ROWS: Name = Name::count("forebay_edge_rows", "Rows that wait, and rows that are leased");
const CATCHING_UP: Name =
    Name::count("forebay_edge_catching_up_rows", "Purges that have to end before anything is fetched");
const OLDEST: Name = Name::seconds(
    "forebay_edge_oldest",
    "For how long the job of the row that waits longest could have been worked on; 0 if nothing waits",
);

/// An edge, as it is at the scrape.
pub(super) struct Edge<'a> {
    name: &'a EdgeName,
    figures: &'a EdgeFigures,
    stats: GovernorStats,
    seen: Seen,
    away: Duration,
    shut: Option<Duration>,
    load: Option<EdgeLoad>,
    oldest: Option<Duration>,
}

/// All edges, by their names. What the queue cannot say now is left out.
pub(super) fn seen<'a>(service: &'a Service, book: &Book, stock: Option<&Stock>) -> Vec<Edge<'a>> {
    let mut loads: HashMap<_, _> = book.edges().into_iter().map(|load| (load.edge.clone(), load)).collect();
    let oldest: Option<HashMap<_, _>> =
        stock.map(|stock| stock.oldest.iter().map(|(edge, age)| (edge, *age)).collect());
    let (now, time) = (Instant::now(), SystemTime::now());
    let mut edges: Vec<_> = service
        .edges()
        .map(|edge| {
            let governor = edge.worker.governor();
            Edge {
                name: edge.name,
                figures: edge.figures,
                stats: governor.stats(),
                seen: edge.worker.seen(),
                away: match edge.presence {
                    Presence::Here => Duration::ZERO,
                    Presence::Away { since, .. } => now.saturating_duration_since(since),
                },
                shut: governor.has_windows().then(|| governor.opens_in(time)),
                load: loads.remove(edge.name),
                oldest: oldest.as_ref().map(|ages| ages.get(edge.name).copied().unwrap_or_default()),
            }
        })
        .collect();
    edges.sort_unstable_by_key(|edge| edge.name);
    edges
}

pub(super) fn write(families: &mut Families<'_>, edges: &[Edge<'_>]) -> fmt::Result {
    write_done(families, edges)?;
    write_care(families, edges)?;
    write_waiting(families, edges)
}

impl Edge<'_> {
    fn label(&self) -> Label<'_> {
        ("edge", self.name.as_str())
    }

    /// What there is one of for each lane, with its labels.
    fn lanes<T: Copy>(&self, of: [T; 2]) -> impl Iterator<Item = ([Label<'_>; 2], T)> {
        Lane::ALL.into_iter().zip(of).map(|(lane, value)| ([self.label(), ("lane", lane.name())], value))
    }
}

fn write_done(families: &mut Families<'_>, edges: &[Edge<'_>]) -> fmt::Result {
    families.counters(OUTCOMES, |samples| {
        for edge in edges {
            for done in edge.figures.done() {
                let labels = [
                    edge.label(),
                    ("action", done.action.name()),
                    ("outcome", done.came.outcome),
                    ("class", done.came.class.unwrap_or_default()),
                ];
                let known = if done.came.class.is_some() { &labels[..] } else { &labels[..3] };
                samples.counter(known, done.count)?;
            }
        }
        Ok(())
    })?;
    counters(families, REQUESTS, edges, |edge| edge.seen.requests)?;
    counters(families, RECEIVED, edges, |edge| edge.seen.bytes)?;
    families.histograms(FIRST_BYTE, |samples| {
        edges.iter().try_for_each(|edge| samples.histogram(&[edge.label()], &edge.figures.first_byte()))
    })?;
    families.histograms(WORK, |samples| {
        for edge in edges {
            for (labels, times) in edge.lanes(edge.figures.work()) {
                samples.histogram(&labels, &times)?;
            }
        }
        Ok(())
    })
}

fn write_care(families: &mut Families<'_>, edges: &[Edge<'_>]) -> fmt::Result {
    families.gauges(IN_FLIGHT, |samples| {
        let mut lanes = edges.iter().flat_map(|edge| edge.lanes([edge.stats.control.1, edge.stats.bulk.1]));
        lanes.try_for_each(|(labels, in_use)| samples.gauge(&labels, in_use.into()))
    })?;
    families.gauges(LIMIT, |samples| {
        let mut lanes = edges.iter().flat_map(|edge| edge.lanes([edge.stats.control.0, edge.stats.bulk.0]));
        lanes.try_for_each(|(labels, limit)| samples.gauge(&labels, limit.into()))
    })?;
    gauges(families, IN_FLIGHT_BYTES, edges, |edge| Some(edge.stats.bytes_in_flight as f64))?;
    counters(families, RETRIES, edges, |edge| edge.stats.peer.retries_total)?;
    counters(families, GIVEN_UP, edges, |edge| edge.stats.peer.given_up_total)?;
    counters(families, LEFT_ALONE, edges, |edge| edge.stats.peer.left_alone_total)?;
    counters(families, RESTS, edges, |edge| edge.stats.peer.rests_total)?;
    gauges(families, RESTING, edges, |edge| Some(u8::from(edge.stats.is_left_alone).into()))?;
    gauges(families, AWAY, edges, |edge| Some(edge.away.as_secs_f64()))?;
    gauges(families, SHUT, edges, |edge| edge.shut.map(|wait| wait.as_secs_f64()))
}

fn write_waiting(families: &mut Families<'_>, edges: &[Edge<'_>]) -> fmt::Result {
    families.gauges(ROWS, |samples| {
        for edge in edges {
            let (waiting, processing) =
                edge.load.as_ref().map_or(([0; 2], [0; 2]), |load| (load.waiting, load.processing));
            for (state, rows) in [("waiting", waiting), ("processing", processing)] {
                for ([edge, lane], rows) in edge.lanes(rows) {
                    samples.gauge(&[edge, lane, ("state", state)], rows as f64)?;
                }
            }
        }
        Ok(())
    })?;
    gauges(families, CATCHING_UP, edges, |edge| {
        Some(edge.load.as_ref().map_or(0.0, |load| load.catching_up as f64))
    })?;
    gauges(families, OLDEST, edges, |edge| edge.oldest.map(|age| age.as_secs_f64()))
}

fn counters(
    families: &mut Families<'_>,
    name: Name,
    edges: &[Edge<'_>],
    of: fn(&Edge<'_>) -> u64,
) -> fmt::Result {
    families.counters(name, |samples| {
        edges.iter().try_for_each(|edge| samples.counter(&[edge.label()], of(edge)))
    })
}

fn gauges(
    families: &mut Families<'_>,
    name: Name,
    edges: &[Edge<'_>],
    of: fn(&Edge<'_>) -> Option<f64>,
) -> fmt::Result {
    families.gauges(name, |samples| {
        let mut known = edges.iter().filter_map(|edge| Some((edge, of(edge)?)));
        known.try_for_each(|(edge, value)| samples.gauge(&[edge.label()], value))
    })
}
