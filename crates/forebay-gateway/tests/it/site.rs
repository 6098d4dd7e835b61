//! A gateway over a directory, behind a real socket, under a choice of layers.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_auth::Doors;
use forebay_budget::{BufferPool, ByteSize, Class, FdLedger, Ledger, Rate};
use forebay_gateway::{Gateway, GatewayOptions, Metrics, StackOptions, Uploads, stack};
use forebay_net::{ListenOptions, Listener, NetStats, ServeOptions, TlsConfig, Watch, serve};
use forebay_store::{LocalOptions, LocalStore, Store};
use forebay_testkit::cert::Certificate;
use forebay_testkit::raw::{RawConn, RawResponse};
use forebay_tower::access_log::CaptureOptions;
use forebay_tower::limit::bandwidth::BandwidthOptions;
use forebay_tower::limit::in_flight::Slots;
use forebay_tower::limit::request_rate::RequestRateOptions;
use forebay_tower::shed::QueueLimits;
use forebay_tower::stall::Pace;
use forebay_tower::{
    AccessLogOptions, BandwidthLayer, BodyCeilingLayer, DeadlineLayer, LoadShedLayer, LogQueue,
    RequestRateLayer, StallLayer,
};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Which layers stand around the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layers {
    None,
    Log,
    /// The log repeats the start of bodies, and so has to see them.
    Capture,
    /// Every limit, wide enough to let everything pass.
    Limits,
    Everything,
}

impl Layers {
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Log, Self::Capture, Self::Limits, Self::Everything];
}

/// What one connection is leased with.
const CONNECTION: ByteSize = ByteSize::kib(56);

/// A served directory. Stops when it is dropped.
pub(crate) struct Site {
    pub(crate) addr: SocketAddr,
    pub(crate) ledger: Ledger,
    pub(crate) registry: Registry,
    pub(crate) chunks: BufferPool,
    dir: TempDir,
    watch: Watch,
    _runtime: Runtime,
}

/// Enough of every class for a test.
pub(crate) fn ledger() -> Ledger {
    Ledger::new(Class::ALL.map(|class| (class, ByteSize::mib(8))))
}

pub(crate) fn store(dir: &Path, ledger: &Ledger) -> Arc<LocalStore> {
    let mut options = LocalOptions::new(ledger.clone(), FdLedger::new(256));
    // Tests write and ask at once.
    options.settle = Duration::ZERO;
    options.recent_max = 0;
    Arc::new(LocalStore::open(dir, options).unwrap())
}

impl Site {
    pub(crate) fn plain() -> Self {
        Self::with(GatewayOptions::default(), Layers::None)
    }

    pub(crate) fn with(options: GatewayOptions, layers: Layers) -> Self {
        Self::granted(options, layers, ledger())
    }

    pub(crate) fn granted(options: GatewayOptions, layers: Layers, ledger: Ledger) -> Self {
        Self::serving(options, layers, ledger, None)
    }

    /// The same behind TLS, with this certificate.
    pub(crate) fn encrypted(layers: Layers, certificate: &Certificate) -> Self {
        let tls = TlsConfig::from_pem(&certificate.cert_path, &certificate.key_path).unwrap();
        Self::serving(GatewayOptions::default(), layers, ledger(), Some(tls))
    }

    fn serving(options: GatewayOptions, layers: Layers, ledger: Ledger, tls: Option<TlsConfig>) -> Self {
        let dir = TempDir::new().unwrap();
        let gateway = Gateway::new(store(dir.path(), &ledger), options, ledger.clone()).unwrap();
        Self::over(gateway, dir, layers, ledger, tls)
    }

    /// A gateway over what is across a network.
    pub(crate) fn remote(store: Arc<dyn Store>, options: GatewayOptions, layers: Layers) -> Self {
        let ledger = ledger();
        let gateway = Gateway::new(store, options, ledger.clone()).unwrap();
        Self::over(gateway, TempDir::new().unwrap(), layers, ledger, None)
    }

    /// A directory in which these things may be done.
    pub(crate) fn writable(verbs: &str, layers: Layers, tls: Option<TlsConfig>) -> Self {
        let (dir, ledger) = (TempDir::new().unwrap(), ledger());
        Self::over(writing(&dir, &ledger, verbs, None), dir, layers, ledger, tls)
    }

    /// The same behind doors.
    pub(crate) fn behind(doors: Arc<Doors>, layers: Layers) -> Self {
        let (dir, ledger) = (TempDir::new().unwrap(), ledger());
        Self::over(writing(&dir, &ledger, "all", Some(doors)), dir, layers, ledger, None)
    }

    fn over(gateway: Gateway, dir: TempDir, layers: Layers, ledger: Ledger, tls: Option<TlsConfig>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let inside = runtime.enter();
        let mut registry = Registry::default();
        gateway.upstream_metrics().register(&mut registry);
        let chunks = gateway.chunks().clone();
        let service = stack(gateway, &Metrics::register(&mut registry), layered(layers, &ledger));
        let watch = Watch::new();
        let mut serving = ServeOptions::new(ledger.clone(), FdLedger::new(256));
        serving.watch = watch.clone();
        serving.connection_cost = CONNECTION;
        serving.tls = tls;
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
        let addr = listener.local_addr();
        runtime.spawn(serve(listener, service, serving, std::future::pending()));
        drop(inside);
        Self { addr, ledger, registry, chunks, dir, watch, _runtime: runtime }
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Sets when a file last changed.
    pub(crate) fn touch(&self, path: &str, modified: SystemTime) -> &Self {
        let file = std::fs::File::options().write(true).open(self.dir.path().join(path)).unwrap();
        file.set_modified(modified).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn connect(&self) -> RawConn {
        RawConn::connect(self.addr).unwrap()
    }

    pub(crate) fn get(&self, target: &str) -> RawResponse {
        self.ask("GET", target, "")
    }

    pub(crate) fn ask(&self, method: &str, target: &str, fields: &str) -> RawResponse {
        self.connect().request(method, target, fields).unwrap()
    }

    pub(crate) fn stats(&self) -> NetStats {
        self.watch.stats()
    }

    /// The figures as an operator reads them.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    /// Waits for what happens after the client has its last byte.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = SystemTime::now() + Duration::from_secs(10);
        while !holds(self) {
            assert!(SystemTime::now() < end, "{what} did not come about: {:?}", self.ledger);
            std::thread::yield_now();
        }
    }

    /// Nothing is in flight: every lease is back, but for the place that is kept for the next connection.
    pub(crate) fn settles(&self) {
        let next = |class| if class == Class::Connections { CONNECTION.as_u64() } else { 0 };
        self.until("an idle ledger", |site| {
            site.ledger
                .usages()
                .iter()
                .all(|(class, usage)| class.is_standing() || usage.in_use <= next(*class))
        });
    }
}

fn writing(dir: &TempDir, ledger: &Ledger, verbs: &str, doors: Option<Arc<Doors>>) -> Gateway {
    let local = store(dir.path(), ledger);
    let object_max = Some(ByteSize::mib(4));
    let uploads = Uploads { store: local.clone(), verbs: verbs.parse().unwrap(), object_max };
    let options = GatewayOptions { uploads: Some(uploads), doors, ..GatewayOptions::default() };
    Gateway::new(local, options, ledger.clone()).unwrap()
}

fn layered(layers: Layers, ledger: &Ledger) -> StackOptions {
    let mut options = StackOptions::default();
    if matches!(layers, Layers::Log | Layers::Capture | Layers::Everything) {
        let queue = LogQueue::start(io::sink(), ledger, ByteSize::mib(1)).unwrap();
        let capture = if layers == Layers::Log { ByteSize::ZERO } else { ByteSize::kib(1) };
        let log = AccessLogOptions { capture: CaptureOptions::both(capture), ..AccessLogOptions::default() };
        options.access_log = Some((queue, log));
    }
    if matches!(layers, Layers::Limits | Layers::Everything) {
        let many = 100_000.try_into().unwrap();
        options.request_rate = Some(RequestRateLayer::new(RequestRateOptions::per_second(many)));
        let queue = QueueLimits { length: 100, time: Duration::from_secs(5) };
        options.load_shed = Some(LoadShedLayer::new(Slots::new(100.try_into().unwrap()), queue));
        options.deadline = Some(DeadlineLayer::new(Duration::from_secs(10)));
        options.body_ceiling = Some(BodyCeilingLayer::new(ByteSize::kib(64)));
        options.stall = Some(StallLayer::new(Pace::default()));
        let rate = Some(Rate::mib(100 << 10));
        let bandwidth = BandwidthOptions { per_client: rate, total: rate, ..BandwidthOptions::default() };
        options.bandwidth = Some(BandwidthLayer::new(bandwidth));
    }
    options
}
