//! A receiver of webhooks in this process. It keeps what it acknowledges; what it does not is said by the faults of [`fake`](crate::fake).
//!
//! The `key` of a [`Target`] is the path with its query, as it was sent.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;

use crate::fake::reply::Reply;
use crate::fake::seen::Log;
use crate::fake::server::{App, Running};
use crate::fake::wire::Request;
use crate::fake::{Fault, RequestHead, Script, Seen, Tally, Target, Verb};

/// A running fake. Dropping it ends it.
#[derive(Debug)]
pub struct FakeReceiver {
    shared: Arc<Shared>,
    server: Running,
}

/// A message that was acknowledged.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its head.
    pub head: RequestHead,
    /// Its body.
    pub body: Bytes,
}

#[derive(Debug, Default)]
struct Shared {
    script: Script,
    log: Log,
    heard: Mutex<Vec<Heard>>,
}

impl FakeReceiver {
    /// Starts one on plain HTTP that acknowledges everything.
    ///
    /// # Errors
    /// Those of the network.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let server = Running::start(Arc::clone(&shared), None)?;
        Ok(Self { shared, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// The URL of a path, which begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.addr)
    }

    /// The faults to come.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// What it has acknowledged, in order.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().clone()
    }

    /// What it was sent, acknowledged or not.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.log.seen()
    }

    /// The same as numbers.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.log.tally()
    }
}

impl App for Shared {
    fn script(&self) -> &Script {
        &self.script
    }

    fn log(&self) -> &Log {
        &self.log
    }

    fn target(&self, head: &RequestHead) -> Target {
        let verb = if head.method == "POST" { Verb::Put } else { Verb::Other };
        Target { verb, bucket: head.host().to_owned(), key: head.path_and_query().to_owned() }
    }

    async fn answer(&self, request: &mut Request<'_>, _: &Target, _: &[Fault]) -> io::Result<Reply> {
        let mut body = BytesMut::new();
        while let Some(piece) = request.next().await? {
            body.extend_from_slice(&piece);
        }
        self.heard.lock().push(Heard { head: request.head.clone(), body: body.freeze() });
        Ok(Reply::new(204))
    }

    fn refuse(&self, status: u16, code: &str, _: &Target) -> Reply {
        Reply::new(status).text("text/plain", code.to_owned())
    }

    fn sign(&self, _: &mut Reply) {}
}
