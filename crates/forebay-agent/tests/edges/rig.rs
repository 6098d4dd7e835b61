//! An origin, an edge before it, and a worker at that edge.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use forebay_agent::edge::{EdgeKind, EdgeSpec};
use forebay_agent::governor::{EdgeLimits, Governor};
use forebay_agent::work::{Clients, Proof, Variant, WorkOptions, Worker};
use forebay_agent::{Action, Outcome, Target, Verdict};
use forebay_net::client::{Client, ClientOptions, ClientTls, TargetForm};
use forebay_testkit::cert::Certificate;
use forebay_testkit::edges::HOST;
use forebay_testkit::fake::Framing;
use forebay_testkit::fake_origin::{FakeOrigin, Page};
use forebay_testkit::notice;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::process::Server;
use tempfile::TempDir;

/// What is behind the edge.
pub(crate) struct World {
    pub(crate) origin: FakeOrigin,
    dir: TempDir,
}

impl World {
    /// An origin with a page of every sort; `None`, with a notice, where the server is not installed.
    pub(crate) fn before(name: &str, is_installed: bool) -> Option<Self> {
        if !is_installed {
            notice::skipped(format_args!("{name} is not installed"));
            return None;
        }
        let origin = FakeOrigin::start().unwrap();
        let page = || Page::pattern(Pattern::new(8), 300_000);
        let lasting = || page().field("cache-control", "max-age=3600");
        origin.put("/a", lasting());
        origin.put("/b", lasting());
        origin.put("/chunked", lasting().framing(Framing::Chunked));
        origin.put("/encoded", lasting().field("vary", "accept-encoding"));
        origin.put("/varied", lasting().field("vary", "accept-language"));
        origin.put("/private", page().field("cache-control", "no-store"));
        origin.put(
            "/moved",
            Page::redirect(302, "http://elsewhere.example.test/?secret").field("cache-control", "no-store"),
        );
        Some(Self { origin, dir: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::create(self.dir.path(), "edge").unwrap()
    }
}

/// How an edge is asked.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) kind: Option<EdgeKind>,
    pub(crate) form: TargetForm,
    pub(crate) scheme: &'static str,
    pub(crate) proof: Proof,
    pub(crate) variants: Vec<Variant>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            kind: None,
            form: TargetForm::Origin,
            scheme: "http",
            proof: Proof::Warm,
            variants: Vec::new(),
        }
    }
}

/// A worker at an edge, and the origin that it is not to bother.
pub(crate) struct At<'a> {
    pub(crate) worker: Worker,
    world: &'a World,
    scheme: &'static str,
}

impl<'a> At<'a> {
    pub(crate) fn new(world: &'a World, server: &Server, manner: Manner) -> Self {
        let scheme = manner.scheme;
        Self { worker: worker(server.addr, manner, WorkOptions::default()), world, scheme }
    }

    pub(crate) async fn run(&self, action: Action, url: &str) -> Outcome {
        let target =
            if url.starts_with('/') { format!("{}://{HOST}{url}", self.scheme) } else { url.to_owned() };
        self.worker.run(action, &Target::parse(&target).unwrap()).await
    }

    /// Goes through a table, and says of every row what differs.
    pub(crate) async fn holds(&self, rows: &[(Action, &str, &str, &str)]) {
        let mut wrong = Vec::new();
        for (action, url, said, heard) in rows {
            self.world.origin.forget();
            let outcome = self.run(*action, url).await;
            let row = format!("{action} {url}: {} | {}", line(&outcome), self.heard());
            if row != format!("{action} {url}: {said} | {heard}") {
                wrong.push(format!("{row}\n   instead of: {said} | {heard}\n   {outcome:?}"));
            }
        }
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    }

    /// The methods that reached the origin.
    pub(crate) fn heard(&self) -> String {
        let seen = self.world.origin.seen();
        seen.iter().map(|seen| seen.head.method.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// A worker at an edge, who is as patient as these options but for what the manner says.
pub(crate) fn worker(addr: SocketAddr, manner: Manner, mut options: WorkOptions) -> Worker {
    let mut spec = EdgeSpec::parse(&format!("{}://{addr}", manner.scheme), manner.form).unwrap();
    spec.kind = manner.kind;
    let client = || {
        Client::new(ClientOptions {
            head_timeout: Duration::from_secs(10),
            tls: ClientTls::insecure(),
            ..ClientOptions::default()
        })
    };
    let clients = Clients { control: client(), bulk: client() };
    options.proof = manner.proof;
    options.variants = manner.variants.into();
    Worker::new(spec, clients, Governor::new(&EdgeLimits::default()), options)
}

/// An outcome in three words.
pub(crate) fn line(outcome: &Outcome) -> String {
    let verdict = match &outcome.verdict {
        Verdict::Failed(failure) => failure.class.name(),
        verdict => verdict.name(),
    };
    format!("{verdict} {} {}", outcome.before.name(), outcome.after.name())
}
