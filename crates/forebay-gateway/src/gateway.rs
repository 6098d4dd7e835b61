//! The gateway: a store behind HTTP, as a tower service.
//!
//! It is a service for requests of any body, which it reads only to store it, and it can be called by
//! `forebay_net::serve` directly, under layers ([`mod@crate::stack`]), or from an axum router
//! ([`Gateway::router`]).

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_budget::{BufferPool, ByteSize, Ledger};
use forebay_net::BoxError;
use forebay_store::{Key, KeyError, Store};
use futures_core::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tower_service::Service;

use crate::body::Body;
use crate::cache_control::{CacheRules, RuleError};
use crate::error::ALLOWED;
use crate::options::GatewayOptions;
use crate::routes;
use crate::upload::Uploads;
use crate::upstream_metrics::UpstreamMetrics;

/// Objects over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ledger: Ledger,
    /// Chunks of files that are read on their way: bodies that cannot go by name, archives.
    pub(crate) chunks: BufferPool,
    pub(crate) upstream: UpstreamMetrics,
    pub(crate) options: GatewayOptions,
    /// The methods that are answered.
    pub(crate) allowed: HeaderValue,
    pub(crate) cache_rules: CacheRules,
    pub(crate) root_index: Option<Key>,
    pub(crate) spa_fallback: Option<Key>,
}

/// Options that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A rule of `cache_control`.
    #[error(transparent)]
    CacheRule(#[from] RuleError),
    /// `root_index` or `spa_fallback` is not the path of a file below the root.
    #[error("{path:?} is not the path of a file: {cause}")]
    Path {
        /// What was given.
        path: String,
        /// What is wrong with it.
        cause: KeyError,
    },
    /// `index` is not the name of a file.
    #[error("{0:?} is not the name of a file: it must not contain a slash")]
    Index(String),
}

impl Gateway {
    /// Serves what is in `store`, within what `ledger` grants.
    ///
    /// # Errors
    /// [`OptionsError`] says which option cannot be used, and why.
    pub fn new(store: Arc<dyn Store>, options: GatewayOptions, ledger: Ledger) -> Result<Self, OptionsError> {
        let shared = Shared {
            cache_rules: CacheRules::parse(&options.cache_control)?,
            root_index: options.root_index.as_deref().map(file).transpose()?,
            spa_fallback: options.spa_fallback.as_deref().map(file).transpose()?,
            store,
            chunks: BufferPool::new("chunks", ledger.clone(), options.read_chunk),
            ledger,
            upstream: UpstreamMetrics::default(),
            allowed: options.uploads.as_ref().map_or(ALLOWED, Uploads::allowed),
            options,
        };
        match shared.options.index.as_deref() {
            Some(name) if Key::root().join(name.as_bytes()).is_err() => {
                Err(OptionsError::Index(name.to_owned()))
            }
            _ => Ok(Self { shared: Arc::new(shared) }),
        }
    }

    /// The pool of the chunks that files are read in, for metrics and for whoever trims it.
    pub fn chunks(&self) -> &BufferPool {
        &self.shared.chunks
    }

    /// What is counted of stores across a network: for whoever registers it.
    pub fn upstream_metrics(&self) -> &UpstreamMetrics {
        &self.shared.upstream
    }

    /// The gateway as the fallback of an axum router, for services that add routes of their own.
    pub fn router(self) -> axum::Router {
        axum::Router::new().fallback_service(tower::ServiceExt::<Request<axum::body::Body>>::map_response(
            self,
            |response: Response<Body>| response.map(axum::body::Body::new),
        ))
    }
}

impl Shared {
    /// What a body that cannot go by name may read ahead: a chunk that is read while another is sent.
    pub(crate) fn read_window(&self) -> ByteSize {
        self.options.read_chunk.times(2)
    }
}

fn file(path: &str) -> Result<Key, OptionsError> {
    Key::parse(path.as_bytes()).map_err(|cause| OptionsError::Path { path: path.to_owned(), cause })
}

impl<B> Service<Request<B>> for Gateway
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    /// Boxed, so that a connection pays for it while it decides and not while it sends.
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let (head, body) = request.into_parts();
        if shared.options.uploads.is_none() || routes::only_reads(&head.method) {
            return Box::pin(async move { Ok(routes::answer(&shared, &head).await) });
        }
        let body = body.map_err(Into::into).boxed_unsync();
        Box::pin(async move { Ok(routes::take(&shared, &head, body).await) })
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("store", &self.shared.store)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}
