//! Every address of the interface, and what all of them share.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use forebay_budget::ByteSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::auth::{self, Tokens};
use super::figures::{self, ApiFigures};
use super::problem::Problem;
use super::{edges, jobs, openapi, rows, submit};
use crate::edge::EdgeName;
use crate::hook::Receivers;
use crate::queue::{Book, Place};
use crate::service::Service;

/// Bodies that are read at once, and exports that are written at once.
const SUBMISSIONS_MAX: usize = 8;
const EXPORTS_MAX: usize = 4;

/// What the interface is told.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Who may ask.
    pub tokens: Tokens,
    /// The longest body of a submission. Default: 64 MiB.
    pub body_max: ByteSize,
    /// The tiers of edges that stand behind others; 0 for those that are not named.
    pub tiers: HashMap<EdgeName, u8>,
    /// Who may be told of a job's end. Default: nobody.
    pub receivers: Receivers,
}

/// The interface over a queue and those who work on it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    book: Book,
    service: Service,
    options: ApiOptions,
    submissions: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    figures: ApiFigures,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            tokens: Tokens::default(),
            body_max: ByteSize::mib(64),
            tiers: HashMap::new(),
            receivers: Receivers::default(),
        }
    }
}

impl Api {
    /// Over these.
    pub fn new(book: Book, service: Service, options: ApiOptions) -> Self {
        let turns = |count| Arc::new(Semaphore::new(count));
        let (submissions, exports) = (turns(SUBMISSIONS_MAX), turns(EXPORTS_MAX));
        let figures = ApiFigures::default();
        Self(Arc::new(Shared { book, service, options, submissions, exports, figures }))
    }

    /// How often what was asked for.
    pub fn figures(&self) -> &ApiFigures {
        &self.0.figures
    }

    pub(super) fn book(&self) -> &Book {
        &self.0.book
    }

    pub(super) fn service(&self) -> &Service {
        &self.0.service
    }

    pub(super) fn options(&self) -> &ApiOptions {
        &self.0.options
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.0.options.tokens
    }

    /// A place among those whose bodies are read.
    pub(super) fn submission_turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.0.submissions).try_acquire_owned();
        turn.map_err(|_| Problem::busy("as many jobs are being submitted as may be"))
    }

    /// A place among those that are written whole.
    pub(super) fn export_turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.0.exports).try_acquire_owned();
        turn.map_err(|_| Problem::busy("as many exports are under way as may be"))
    }

    /// These edges in their tiers; all there are, if none is named.
    pub(super) fn places(&self, names: &[EdgeName]) -> Result<Vec<Place>, Problem> {
        let Shared { service, options, .. } = &*self.0;
        let place = |edge: &EdgeName| Place {
            edge: edge.clone(),
            tier: options.tiers.get(edge).copied().unwrap_or_default(),
        };
        if names.is_empty() {
            let mut all: Vec<_> = service.edges().map(|edge| place(edge.name)).collect();
            all.sort_unstable_by(|a, b| a.edge.cmp(&b.edge));
            return Ok(all);
        }
        let unknown: Vec<_> =
            names.iter().filter(|name| !service.has(name)).map(ToString::to_string).collect();
        if unknown.is_empty() {
            Ok(names.iter().map(place).collect())
        } else {
            Err(Problem::unknown_edges(&unknown))
        }
    }
}

/// All addresses. The description of the interface is for everybody.
pub fn router(api: Api) -> Router {
    let guarded = Router::new()
        .route("/v1/jobs", get(jobs::list).post(submit::submit))
        .route("/v1/jobs/{id}", get(jobs::show))
        .route("/v1/jobs/{id}/edges", get(jobs::places))
        .route("/v1/jobs/{id}/urls", get(rows::of_job))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
        .route("/v1/jobs/{id}/retry", post(jobs::retry))
        .route("/v1/dead-letters", get(rows::dead))
        .route("/v1/edges", get(edges::list))
        // Submissions count their bytes themselves.
        .layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state(api.clone(), auth::check));
    Router::new()
        .route("/v1/openapi.json", get(openapi::show))
        .merge(guarded)
        .fallback(async || Problem::nothing_here())
        .method_not_allowed_fallback(async || Problem::method())
        .layer(middleware::from_fn_with_state(api.clone(), figures::count))
        .with_state(api)
}
