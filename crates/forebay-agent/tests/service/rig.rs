//! A queue in a directory of its own, edges in this process, and the service between them.

use std::net::SocketAddr;
use std::time::Duration;

use forebay_agent::edge::{EdgeKind, EdgeSpec};
use forebay_agent::governor::{EdgeLimits, Governor};
use forebay_agent::queue::{Book, BookOptions, Job, JobId, Order, QueueError, Row, RowFilter, Terms};
use forebay_agent::service::{Patience, Service, ServiceOptions};
use forebay_agent::work::{Clients, WorkOptions, Worker};
use forebay_agent::{Action, Target};
use forebay_net::client::{Client, ClientOptions, TargetForm};
use forebay_net::retry::RetryPolicy;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

pub(crate) const HOST: &str = "www.example.test";

pub(crate) struct Rig {
    pub(crate) book: Book,
    pub(crate) service: Service,
    running: JoinHandle<Result<(), QueueError>>,
    _dir: tempfile::TempDir,
}

impl Rig {
    /// Works on these edges, in a hurry: what fails is tried again at once, three times in all.
    pub(crate) async fn start(edges: &[(&str, SocketAddr)]) -> Self {
        Self::with(edges, |_| {}).await
    }

    pub(crate) async fn with(edges: &[(&str, SocketAddr)], limit: impl Fn(&mut EdgeLimits)) -> Self {
        Self::on(None, edges, limit).await
    }

    /// Objects are fetched on these threads.
    pub(crate) async fn on(
        bulk_threads: Option<Handle>,
        edges: &[(&str, SocketAddr)],
        limit: impl Fn(&mut EdgeLimits),
    ) -> Self {
        Self::at(tempfile::tempdir().unwrap(), bulk_threads, edges, limit).await
    }

    /// Ends, and begins anew with the same queue.
    pub(crate) async fn started_again(self, edges: &[(&str, SocketAddr)]) -> Self {
        let (book, dir) = self.stop().await;
        book.close().await;
        Self::at(dir, None, edges, |_| {}).await
    }

    async fn at(
        dir: tempfile::TempDir,
        bulk_threads: Option<Handle>,
        edges: &[(&str, SocketAddr)],
        limit: impl Fn(&mut EdgeLimits),
    ) -> Self {
        let book = Book::open(dir.path(), BookOptions::default()).await.unwrap();
        let clients = Clients {
            control: Client::new(ClientOptions::default()),
            bulk: Client::new(ClientOptions::default()),
        };
        let worker = |(name, addr): &(&str, SocketAddr)| {
            let mut spec = EdgeSpec::parse(&format!("http://{addr}"), TargetForm::Origin).unwrap();
            (spec.name, spec.kind) = (name.parse().unwrap(), Some(EdgeKind::Ats));
            let mut limits = EdgeLimits::default();
            limit(&mut limits);
            let options = WorkOptions {
                retry: RetryPolicy { failures_max: 1, ..RetryPolicy::default() },
                down_patience: Duration::ZERO,
                ..WorkOptions::default()
            };
            Worker::new(spec, clients.clone(), Governor::new(&limits), options)
        };
        let patience =
            Patience { attempts_max: 3, wait_min: Duration::from_millis(1), ..Patience::default() };
        let options = ServiceOptions { patience, bulk_threads, ..ServiceOptions::default() };
        let service = Service::new(std::sync::Arc::new(book.clone()), edges.iter().map(worker), options);
        let running = tokio::spawn({
            let service = service.clone();
            async move { service.run().await }
        });
        Self { book, service, running, _dir: dir }
    }

    pub(crate) async fn submit(&self, action: Action, edges: &[&str], paths: &[&str]) -> JobId {
        let edges = edges.iter().map(|name| name.parse().unwrap());
        let mut submission = self.book.submit(Order::new(Terms::new(action), edges)).await.unwrap();
        for path in paths {
            submission.add(&Target::parse(&format!("http://{HOST}{path}")).unwrap()).await.unwrap();
        }
        submission.seal().await.unwrap().id
    }

    /// Waits until a job is as it should be; says how it was at last if it never is.
    pub(crate) async fn wait_for(&self, job: JobId, is_so: impl Fn(&Job) -> bool) -> Job {
        let mut seen = None;
        let waiting = async {
            loop {
                let job = self.book.job(job).await.unwrap();
                if is_so(&job) {
                    return job;
                }
                seen = Some(job);
                tokio::task::yield_now().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), waiting).await {
            Ok(job) => job,
            Err(_) => {
                let waits = self.book.edges();
                let edges: Vec<_> = self.service.edges().map(|edge| (edge.name, edge.presence)).collect();
                panic!("it never came to be: {seen:#?}\n{waits:#?}\n{edges:#?}");
            }
        }
    }

    /// Rows of an edge that are leased, by lane.
    pub(crate) fn in_hand(&self, edge: &str) -> [u64; 2] {
        let load = self.book.edges().into_iter().find(|load| load.edge.as_str() == edge);
        load.map_or([0; 2], |load| load.processing)
    }

    pub(crate) async fn over(&self, job: JobId) -> Job {
        self.wait_for(job, |job| job.ended.is_some()).await
    }

    pub(crate) async fn rows(&self, job: JobId) -> Vec<Row> {
        self.book.rows(job, RowFilter::default(), None, 1000).await.unwrap().items
    }

    /// Stops the service and waits until it has.
    pub(crate) async fn stop(self) -> (Book, tempfile::TempDir) {
        self.service.stop();
        self.running.await.unwrap().unwrap();
        (self.book, self._dir)
    }
}

/// An address behind which there is an edge, or nobody.
pub(crate) struct Door {
    pub(crate) addr: SocketAddr,
    to: SocketAddr,
    open: Option<JoinHandle<()>>,
}

impl Door {
    /// A closed one.
    pub(crate) async fn to(to: SocketAddr) -> Self {
        // Nobody else gets the port while its last user is remembered by the kernel; nobody ever connected to it.
        let addr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        Self { addr, to, open: None }
    }

    pub(crate) async fn open(&mut self) {
        let (listener, to) = (TcpListener::bind(self.addr).await.unwrap(), self.to);
        self.open = Some(tokio::spawn(async move {
            let mut through = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                through.spawn(async move {
                    let mut edge = TcpStream::connect(to).await.unwrap();
                    tokio::io::copy_bidirectional(&mut client, &mut edge).await
                });
            }
        }));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.abort();
        }
    }
}
