//! A process to look at: a small plan, real ledgers, and scripted transfers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body};
use forebay_admin::{
    About, AdminSources, LogLevel, Needs, Network, NetworkFigures, Phase, TransferView, Transfers,
    TurnFigures, Turns, router,
};
use forebay_budget::{BufferPool, ByteSize, FdLedger, Ledger, Limits, MemoryFacts, NofileLimits, Plan};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tower::ServiceExt;

/// The interface, and the strings that move what it shows.
pub(crate) struct Process {
    pub(crate) router: Router,
    pub(crate) ledger: Ledger,
    pub(crate) fds: FdLedger,
    pub(crate) pool: BufferPool,
    pub(crate) turns: Arc<Door>,
    pub(crate) lack: Arc<Lack>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) road: Arc<Road>,
}

/// Transfers that end when they are told to.
#[derive(Default)]
pub(crate) struct Road {
    pub(crate) transfers: Mutex<Vec<TransferView>>,
    pub(crate) ended: Mutex<Vec<u64>>,
}

/// The queue before the requests, as a test wants it.
#[derive(Default)]
pub(crate) struct Door(pub(crate) Mutex<TurnFigures>);

/// What is missing.
#[derive(Default)]
pub(crate) struct Lack(pub(crate) Mutex<Option<&'static str>>);

struct Log(Mutex<String>);
struct Wire;

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn process() -> Process {
    let limits = Limits { memory: Some(ByteSize::mib(64)), ..Limits::default() };
    let facts = MemoryFacts { cgroup: None, machine: Some(ByteSize::gib(2)) };
    let nofile = NofileLimits { soft_before: 1024, soft: 65_536, hard: 65_536 };
    let plan = Plan::compute(&limits, &facts, nofile).unwrap();
    let ledger = Ledger::from_plan(&plan);
    let (phase, seen) = watch::channel(Phase::Serving);
    let road = Arc::new(Road::default());
    let fds = FdLedger::new(plan.fds.leased());
    let pool = BufferPool::new("chunks", ledger.clone(), ByteSize::kib(64));
    let turns = Arc::new(Door::default());
    let lack = Arc::new(Lack::default());
    let sources = AdminSources {
        about: About {
            version: "0.1.0",
            serves: "a directory".to_owned(),
            addresses: vec!["http://127.0.0.1:8080".to_owned()],
        },
        fds: fds.clone(),
        pools: vec![pool.clone()],
        turns: Some(Arc::clone(&turns) as Arc<dyn Turns>),
        plan: Arc::new(plan),
        ledger: ledger.clone(),
        needs: Some(Arc::clone(&lack) as Arc<dyn Needs>),
        phase: seen,
        transfers: Arc::clone(&road) as Arc<dyn Transfers>,
        network: Arc::new(Wire),
        log_level: Arc::new(Log(Mutex::new("info".to_owned()))),
        config: serde_json::json!({"listen": "127.0.0.1:8080", "s3": {"secret_access_key": "hunter2"}, "tls": null}),
        registry: Registry::default(),
    };
    Process { router: router(sources), ledger, fds, pool, turns, lack, phase, road }
}

impl Process {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.ask(Request::get(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        #[expect(clippy::disallowed_methods, reason = "a test's answers are small")]
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn content_type(&self) -> &str {
        self.headers[header::CONTENT_TYPE].to_str().unwrap()
    }
}

/// A transfer that moves, for tests to change.
pub(crate) fn transfer(id: u64) -> TransferView {
    TransferView {
        id,
        client: format!("192.0.2.{}:4000", id % 250),
        method: "GET".to_owned(),
        target: format!("/film-{id}.mkv"),
        protocol: "HTTP/1.1".to_owned(),
        age: Duration::from_secs(id),
        sent: 1024 * id,
        received: 0,
        rate: 100,
        stalled_on: None,
    }
}

impl Transfers for Road {
    fn visit(&self, visit: &mut dyn FnMut(TransferView)) {
        self.transfers.lock().unwrap().iter().cloned().for_each(visit);
    }

    fn end(&self, id: u64) -> bool {
        let known = self.transfers.lock().unwrap().iter().any(|transfer| transfer.id == id);
        if known {
            self.ended.lock().unwrap().push(id);
        }
        known
    }
}

impl Needs for Lack {
    fn missing(&self) -> Option<&'static str> {
        *self.0.lock().unwrap()
    }
}

impl Turns for Door {
    fn figures(&self) -> TurnFigures {
        *self.0.lock().unwrap()
    }
}

impl Network for Wire {
    fn figures(&self) -> NetworkFigures {
        NetworkFigures {
            accepted: 12,
            active: 3,
            transfers: 2,
            stalled_on_client: 1,
            ended: vec![("stall", 4), ("min_rate", 1)],
            streams_ended: vec![("stall", 2)],
            sent: 1 << 30,
            file_bytes: vec![("sendfile", 1 << 30), ("read", 0)],
            ..NetworkFigures::default()
        }
    }
}

impl LogLevel for Log {
    fn current(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    fn replace(&self, directives: &str) -> Result<(), String> {
        if directives.is_empty() || directives.contains(' ') {
            return Err(format!("{directives:?} has no level"));
        }
        *self.0.lock().unwrap() = directives.to_owned();
        Ok(())
    }
}
