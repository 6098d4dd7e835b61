//! Servers that do what a test tells them, byte for byte, and clients with small limits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, UpstreamSizes};
use forebay_net::client::{Client, ClientBody, ClientError, ClientErrorKind, ClientOptions, Payload};
use http::{Request, Response};

/// A server whose every connection runs a script in a thread of its own. The number counts connections from 0.
pub(crate) struct Scripted {
    pub(crate) addr: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn start(script: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (accepted, script) = (Arc::new(AtomicUsize::new(0)), Arc::new(script));
        let count = Arc::clone(&accepted);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (script, number) = (Arc::clone(&script), count.fetch_add(1, Ordering::SeqCst));
                std::thread::spawn(move || script(number, stream));
            }
        });
        Self { addr, accepted }
    }

    /// Answers every request on every connection with the same bytes.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(
            move |_, mut stream| {
                while head(&mut stream).is_some_and(|_| stream.write_all(&answer).is_ok()) {}
            },
        )
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Reads a request's head, byte by byte so that its body stays where it is; `None` at the end of the connection.
pub(crate) fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0_u8; 1]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Until the other side closes.
pub(crate) fn until_closed(stream: &mut TcpStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
}

pub(crate) fn answer(body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A client with its own ledgers, so that a test can see that nothing stays out.
pub(crate) struct Bench {
    pub(crate) client: Client,
    pub(crate) ledger: Ledger,
    pub(crate) fds: FdLedger,
}

impl Bench {
    pub(crate) fn new(change: impl FnOnce(&mut ClientOptions)) -> Self {
        let kib = ByteSize::kib;
        let sizes = UpstreamSizes { buffer: kib(32), receive: kib(256), tls: kib(64) };
        let ledger = Ledger::new([(Class::Upstreams, sizes.cost().times(64))]);
        let fds = FdLedger::new(64);
        let mut options = ClientOptions::new(ledger.clone(), fds.clone(), sizes);
        options.connect_timeout = Duration::from_secs(5);
        options.head_timeout = Duration::from_secs(5);
        options.stall_timeout = Duration::from_secs(5);
        change(&mut options);
        Self { client: Client::new(options), ledger, fds }
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Response<ClientBody>, ClientError> {
        self.client.send(Request::get(url).body(Payload::empty()).unwrap()).await
    }

    pub(crate) async fn whole(&self, url: &str) -> Result<Vec<u8>, ClientError> {
        read(self.get(url).await?.into_body()).await
    }

    /// Waits for something that is about to happen by itself.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(10), async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        assert!(waited.await.is_ok(), "not in time: {what}; {:?}", self.client.stats());
    }

    /// Every lease is back but for those of idle connections.
    pub(crate) fn holds_only_the_idle(&self) -> bool {
        let idle = self.client.stats().idle;
        self.client.stats().open == idle && self.fds.usage().in_use == idle
    }
}

pub(crate) async fn read(mut body: ClientBody) -> Result<Vec<u8>, ClientError> {
    let mut all = Vec::new();
    while let Some(chunk) = body.chunk().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all)
}

pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, ClientError>) -> ClientErrorKind {
    result.unwrap_err().kind()
}

/// Sockets of this process towards a port, by the state that the kernel has them in (`/proc/net/tcp`).
pub(crate) fn sockets_towards(port: u16, state: &str) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let wanted = format!(":{port:04X}");
    let columns = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    columns.filter(|columns| columns[2].ends_with(&wanted) && columns[3] == state).count()
}

pub(crate) const CLOSE_WAIT: &str = "08";
pub(crate) const ESTABLISHED: &str = "01";

/// What callers rely on without saying so: futures and bodies may move between threads.
#[test]
fn sending_reading_and_writing_may_move_between_threads() {
    fn check<T: Send>(_: &T) {}
    let client = Client::new(ClientOptions::default());
    check(&client.send(Request::new(Payload::empty())));
    async fn use_body(mut body: ClientBody, file: std::sync::Arc<forebay_net::LeasedFile>) {
        let _chunk = body.chunk().await;
        let _moved = body.write_to(&file, 0, 1).await;
        let _seen = body.write_seen(&file, 0, 1, |_| ()).await;
        let _dropped = body.discard(1).await;
    }
    let uses = use_body as fn(_, _) -> _;
    fn output<A, B, F: Send>(_: fn(A, B) -> F) {}
    output(uses);
}
