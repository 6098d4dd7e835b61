//! The naive peers: the servers that everybody writes first. They are here to fail.
//!
//! Each is what a Rust service would do without forebay, on the same runtime and the same HTTP library,
//! so that a difference in the counters is a difference in the design.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::any;
use forebay_budget::ByteSize;
use forebay_tower::AccessLogLayer;
use futures_util::StreamExt as _;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower_http::services::ServeDir;

/// Which of the naive ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A handler that reads the whole file and returns it: incident 3 as it happened.
    WholeBody,
    /// tower-http's `ServeDir` on hyper: streams, but holds half a megabyte for each stalled reader.
    ServeDir,
    /// Takes uploads and drops them as they come: what a layer around it costs is measured against this.
    Upload,
    /// The same behind forebay's access log with a capture of 1 KiB of each body.
    UploadLogged,
    /// Reads each upload whole before it does anything with it, as an extractor of `Bytes` does.
    UploadWhole,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::WholeBody, Self::ServeDir, Self::Upload, Self::UploadLogged, Self::UploadWhole];

    /// The name that [`Kind::parse`] takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WholeBody => "whole-body",
            Self::ServeDir => "serve-dir",
            Self::Upload => "upload",
            Self::UploadLogged => "upload-logged",
            Self::UploadWhole => "upload-whole",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The service, without a server under it.
    ///
    /// # Errors
    /// The thread that writes the log cannot be started.
    pub fn router(self, root: PathBuf) -> io::Result<Router> {
        Ok(match self {
            Self::WholeBody => Router::new().fallback(any(whole_body)).with_state(Arc::new(root)),
            Self::ServeDir => Router::new().fallback_service(ServeDir::new(root)),
            Self::Upload => Router::new().fallback(any(swallow)),
            Self::UploadWhole => {
                Router::new().fallback(any(hold)).layer(axum::extract::DefaultBodyLimit::disable())
            }
            Self::UploadLogged => {
                let log = AccessLogLayer::stdout(ByteSize::kib(1))?;
                Router::new().fallback(any(swallow)).layer(log)
            }
        })
    }
}

/// Serves `root` until the process ends, and prints one ready line.
///
/// # Errors
/// The address cannot be bound.
pub async fn run(
    kind: Kind,
    root: PathBuf,
    addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> io::Result<()> {
    let listener = TcpListener::bind(addr).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut out = io::stdout().lock();
    writeln!(out, "{} peer is ready on {scheme}://{}/", kind.name(), listener.local_addr()?)?;
    out.flush()?;
    drop(out);
    let router = kind.router(root)?;
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (router, tls) = (router.clone(), tls.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            match tls {
                None => connection(stream, router).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, router).await;
                    }
                }
            }
        });
    }
}

async fn connection(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    let _ = http1::Builder::new().serve_connection(TokioIo::new(io), service).await;
}

async fn whole_body(State(root): State<Arc<PathBuf>>, uri: Uri) -> Result<Vec<u8>, StatusCode> {
    let path = root.join(uri.path().trim_start_matches('/'));
    tokio::fs::read(path).await.map_err(|_| StatusCode::NOT_FOUND)
}

/// Reads the body whole; what the store would take from here is as slow as it is.
async fn hold(body: axum::body::Bytes) -> String {
    format!("{} bytes\n", body.len())
}

/// Reads the body and keeps nothing of it.
async fn swallow(body: Body) -> Result<String, StatusCode> {
    let mut frames = body.into_data_stream();
    let mut bytes = 0;
    while let Some(frame) = frames.next().await {
        bytes += frame.map_err(|_| StatusCode::BAD_REQUEST)?.len();
    }
    Ok(format!("{bytes} bytes\n"))
}
