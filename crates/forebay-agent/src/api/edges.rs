//! The edges that the agent tends: what they are, whether they are there, what waits for them.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{RawQuery, State};
use tokio::time::Instant;

use super::problem::{Problem, Refusals};
use super::query::Query;
use super::routes::Api;
use super::rows::limit;
use super::views::{EdgeView, LaneView, PageView};
use crate::edge::EdgeName;
use crate::queue::EdgeLoad;
use crate::service::{self, Presence, Service};

/// The edges, by their names.
#[utoipa::path(
    get, path = "/v1/edges", operation_id = "listEdges", tag = "edges",
    params(
        ("cursor" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[A-Za-z0-9._:\\[\\]-]{1,100}$"),
        ("limit" = Option<u32>, Query, description = "Edges on a page; 100 if nothing is said", minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "A page of edges", body = PageView<EdgeView>),
        Refusals<0>
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
) -> Result<Json<PageView<EdgeView>>, Problem> {
    let query = Query::read(query.as_deref(), &["cursor", "limit"])?;
    let (after, most) = (query.value::<EdgeName>("cursor", "the `next` of the page before")?, limit(&query)?);
    let loads: HashMap<EdgeName, EdgeLoad> =
        api.book().edges().into_iter().map(|load| (load.edge.clone(), load)).collect();
    let mut edges: Vec<_> =
        api.service().edges().filter(|edge| after.as_ref().is_none_or(|after| edge.name > after)).collect();
    edges.sort_unstable_by_key(|edge| edge.name);
    let next = edges.get(most).and_then(|_| edges.get(most - 1)).map(|last| last.name.to_string());
    edges.truncate(most);
    let items = edges.iter().map(|edge| view(api.service(), edge, loads.get(edge.name))).collect();
    Ok(Json(PageView { items, next }))
}

fn view(service: &Service, edge: &service::EdgeView<'_>, load: Option<&EdgeLoad>) -> EdgeView {
    let (stats, seen) = (edge.worker.governor().stats(), edge.worker.seen());
    let [control, bulk] = [(stats.control, 0), (stats.bulk, 1)].map(|((limit, in_use), lane)| LaneView {
        limit,
        in_use,
        waiting: load.and_then(|load| load.waiting.get(lane)).copied().unwrap_or_default(),
        processing: load.and_then(|load| load.processing.get(lane)).copied().unwrap_or_default(),
    });
    let (presence, away_seconds) = match edge.presence {
        _ if !service.works() => ("elsewhere", None),
        Presence::Here => ("here", None),
        Presence::Away { since, .. } => {
            ("away", Some(Instant::now().saturating_duration_since(since).as_secs_f64()))
        }
    };
    EdgeView {
        name: edge.name.to_string(),
        kind: edge.worker.kind(),
        presence,
        queue: if service.has_queue() { "here" } else { "away" },
        away_seconds,
        control,
        bulk,
        bytes_in_flight: stats.bytes_in_flight,
        bytes: seen.bytes,
        requests: seen.requests,
        retries: stats.peer.retries_total,
        catching_up: load.map_or(0, |load| load.catching_up),
    }
}
