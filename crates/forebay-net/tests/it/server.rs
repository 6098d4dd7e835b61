//! A server under test: a router on a port of its own, with a runtime of its own, so that tests may block.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use forebay_net::{
    ConnInfo, FileBody, FileSpan, ListenOptions, Listener, NetStats, ReadWindow, Reason, Segment,
    ServeOptions, Served, Watch, serve,
};
use forebay_testkit::pattern::Pattern;
use http_body::Body as _;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// File contents of the tests: checkable at any offset, different per file.
pub(crate) fn pattern(name: &str) -> Pattern {
    Pattern::new(name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)))
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) watch: Watch,
    pub(crate) ledger: Ledger,
    pub(crate) fds: FdLedger,
    pub(crate) root: Arc<tempfile::TempDir>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<Served>>,
    runtime: Option<Runtime>,
}

#[derive(Clone)]
pub(crate) struct Files {
    root: Arc<tempfile::TempDir>,
    ledger: Ledger,
}

impl Files {
    pub(crate) fn window(&self) -> ReadWindow {
        ReadWindow::on_demand(self.ledger.clone(), ByteSize::kib(128), Duration::from_secs(5))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

/// `/f/{name}`: the file. `/r/{name}/{from}/{len}`: a range of it. `/m/{name}`: three pieces with bytes
/// between them, as a multipart answer has. `/small`: bytes only.
pub(crate) fn router(files: Files) -> Router {
    Router::new()
        .route("/f/{name}", get(whole).post(whole))
        .route("/r/{name}/{from}/{len}", get(range))
        .route("/m/{name}", get(pieces))
        .route("/small", get(|| async { "a small answer" }))
        .route("/sink", post(sink))
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/info", get(|info: axum::Extension<ConnInfo>| async move { format!("{:?}", *info) }))
        .with_state(files)
}

async fn whole(State(files): State<Files>, Path(name): Path<String>) -> Response {
    match FileSpan::open(files.path(&name)).await {
        Ok(span) => FileBody::of(span, files.window()).respond().into_response(),
        Err(error) => (StatusCode::NOT_FOUND, error.to_string()).into_response(),
    }
}

async fn range(State(files): State<Files>, Path((name, offset, len)): Path<(String, u64, u64)>) -> Response {
    let span = FileSpan::open(files.path(&name)).await.unwrap();
    FileBody::of(FileSpan { offset, len, ..span }, files.window()).respond().into_response()
}

async fn sink(body: Body) -> String {
    let (mut body, mut bytes) = (body, 0);
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        bytes += frame.data_ref().map_or(0, bytes::Bytes::len);
    }
    bytes.to_string()
}

async fn pieces(State(files): State<Files>, Path(name): Path<String>) -> Response {
    let span = FileSpan::open(files.path(&name)).await.unwrap();
    let piece = |offset, len| Segment::File(FileSpan { file: Arc::clone(&span.file), offset, len });
    let text = |text: &'static str| Segment::Bytes(text.into());
    let segments = [
        text("--first--"),
        piece(10, 100_000),
        text("--second--"),
        piece(0, 1),
        piece(2_000_000, 1_500_000),
        text("--end--"),
    ];
    FileBody::new(segments, files.window()).respond().into_response()
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(|_| {}, router)
    }

    pub(crate) fn with(tune: impl FnOnce(&mut ServeOptions), router: impl FnOnce(Files) -> Router) -> Self {
        let free_port =
            |options: &ListenOptions| Listener::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
        Self::on(free_port, tune, router)
    }

    pub(crate) fn on(
        listen: impl FnOnce(&ListenOptions) -> Listener,
        tune: impl FnOnce(&mut ServeOptions),
        router: impl FnOnce(Files) -> Router,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut options = ServeOptions::default();
        tune(&mut options);
        let root = Arc::new(tempfile::tempdir().unwrap());
        let (watch, ledger, fds) = (options.watch.clone(), options.ledger.clone(), options.fds.clone());
        let router = router(Files { root: Arc::clone(&root), ledger: ledger.clone() });
        let (stop, stopped) = oneshot::channel();
        let guard = runtime.enter();
        let listener = listen(&ListenOptions::default());
        drop(guard);
        let addr = listener.local_addr();
        let served = runtime.spawn(serve(listener, router, options, async move {
            let _stopped_or_dropped = stopped.await;
        }));
        let runtime = Some(runtime);
        Self { addr, watch, ledger, fds, root, stop: Some(stop), served: Some(served), runtime }
    }

    /// The same routes without a server of ours around them.
    pub(crate) fn router(&self) -> Router {
        router(Files { root: Arc::clone(&self.root), ledger: self.ledger.clone() })
    }

    /// A file of this many bytes, whose content [`pattern`] knows.
    pub(crate) fn file(&self, name: &str, len: u64) {
        pattern(name).write_file(&self.root.path().join(name), len).unwrap();
    }

    pub(crate) fn stats(&self) -> NetStats {
        self.watch.stats()
    }

    /// How many connections this limit has ended.
    pub(crate) fn killed(&self, reason: Reason) -> u64 {
        let killed = self.stats().killed;
        killed.iter().find(|(each, _)| *each == reason).map_or(0, |(_, count)| *count)
    }

    /// Begins to stop; [`Server::stop`] waits for the end.
    pub(crate) fn drain(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for something that must become true.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !holds(self) {
            assert!(Instant::now() < deadline, "never happened: {what}; {:?}", self.stats());
            std::thread::yield_now();
        }
    }

    /// Drops the serve future under way.
    pub(crate) fn abort(&self) {
        self.served.as_ref().unwrap().abort();
    }

    /// Stops it as [`Server::stop`] does, and says what it counted in all. While it runs, a client may have a
    /// byte before the call that sent it is counted.
    pub(crate) fn totals(self) -> NetStats {
        let watch = self.watch.clone();
        self.stop();
        watch.stats()
    }

    /// Stops it and asserts that everything lent has come back.
    pub(crate) fn stop(mut self) -> Served {
        drop(self.stop.take());
        let (runtime, served) = (self.runtime.take().unwrap(), self.served.take().unwrap());
        let served = runtime.block_on(served).unwrap();
        drop(runtime);
        for class in Class::ALL {
            assert_eq!(self.ledger.usage(class).in_use, 0, "{} leaked", class.name());
        }
        assert!(self.fds.idle(), "a descriptor's lease leaked");
        assert_eq!(self.stats().active, 0);
        served
    }
}
