//! What a client that has stopped reading costs, by the counters of the kernel, beside what it has paid.
//!
//! The server is this test's own program in another process, inside a memory group: the only counter of the
//! kernel's part that does not count the client's queues too.

use std::path::Path;
use std::pin::Pin;
use std::process::Command;
use std::task::Poll;
use std::time::Duration;

use axum::routing::get;
use bytes::Bytes;
use forebay_budget::ByteSize;
use forebay_net::{ConnLimits, Http2Sizes, ServeOptions, TlsConfig};
use forebay_testkit::cert::Certificate;
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::{process, readers};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::http2::{connect_as, runtime};
use crate::server::{Server, router};

const CLIENTS: usize = 150;
/// The cost of an HTTP/2 connection in a plan of up to 192 MiB.
const HTTP2_COST: ByteSize = ByteSize::kib(384);
/// What the tests' routes read ahead for a stream.
const WINDOW: ByteSize = ByteSize::kib(128);
/// The part of an ordinary connection's cost that is not the kernel's.
const USER_PART: ByteSize = ByteSize::kib(20);
/// Of one head.
const FIELDS_MAX: usize = 96;
const CERTIFICATE: &str = "FOREBAY_TEST_CERTIFICATE";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Client {
    Http1,
    Tls,
    Http2,
    Http2Tls,
}

impl Client {
    const fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Http2Tls)
    }

    /// What the ledger has lent to one that stands still.
    fn paid(self) -> ByteSize {
        let options = ServeOptions::default();
        let tls = if self.is_tls() { options.tls_cost } else { ByteSize::ZERO };
        let http2 = match self {
            Self::Http1 | Self::Tls => ByteSize::ZERO,
            Self::Http2 | Self::Http2Tls => HTTP2_COST + WINDOW,
        };
        options.connection_cost + tls + http2
    }
}

/// The server in the counted process. Ended by its parent.
#[test]
#[ignore = "started by the tests of this module, in a process of its own"]
fn counted_server() {
    let tls = std::env::var_os(CERTIFICATE).map(|dir| {
        let dir = Path::new(&dir);
        TlsConfig::from_pem(dir.join("a.crt"), dir.join("a.key")).unwrap()
    });
    let patient = Duration::from_secs(3600);
    let tune = |options: &mut ServeOptions| {
        options.tls = tls;
        options.http2 = Some(Http2Sizes::for_cost(HTTP2_COST));
        options.limits = ConnLimits { stall: patient, grace: patient, ..ConnLimits::default() };
        let account = |class, mib| (class, ByteSize::mib(mib));
        use forebay_budget::Class::{Connections, Http2, Reads, SocketBuffers, Tls};
        let accounts = [(Connections, 64), (Tls, 64), (Http2, 128), (Reads, 64), (SocketBuffers, 16)];
        options.ledger = forebay_budget::Ledger::new(accounts.map(|(class, mib)| account(class, mib)));
    };
    let server = Server::with(tune, |files| router(files).route("/held", get(held)));
    std::fs::File::create(server.root.path().join("f")).unwrap().set_len(1 << 30).unwrap();
    println!("\nhttp://{}/", server.addr);
    loop {
        std::thread::park();
    }
}

/// Keeps its request and never answers.
async fn held(request: axum::extract::Request) {
    std::future::pending::<()>().await;
    drop(request);
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Asks for a large file, waits for the head of the answer, and reads no more.
async fn stand_still(client: Client, tcp: tokio::net::TcpStream, certificate: &Certificate) -> Box<dyn Send> {
    let http2 = matches!(client, Client::Http2 | Client::Http2Tls);
    let mut io: Box<dyn Io> = if client.is_tls() {
        let protocol = if http2 { "h2" } else { "http/1.1" };
        let connector = tokio_rustls::TlsConnector::from(certificate.client(&[protocol]).unwrap());
        Box::new(connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap())
    } else {
        Box::new(tcp)
    };
    if !http2 {
        io.write_all(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        io.read_exact(&mut [0; 16]).await.unwrap();
        return Box::new(io);
    }
    // A window of 1 MiB: not the protocol is to stop the server, but the socket that nobody reads.
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(1 << 20);
    let (client, mut connection) = builder.handshake::<_, Bytes>(io).await.unwrap();
    let mut client = client.ready().await.unwrap();
    let request = http::Request::get("http://h/f/f").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    let head = tokio::select! {
        head = answer => head.unwrap(),
        ended = &mut connection => panic!("the connection ended: {ended:?}"),
    };
    Box::new((client, connection, head))
}

async fn clients(
    count: usize,
    client: Client,
    addr: std::net::SocketAddr,
    certificate: &Certificate,
) -> Vec<Box<dyn Send>> {
    let mut held = Vec::new();
    for index in 0..count {
        let tcp = readers::connect(addr, index, 4 << 10).await.unwrap();
        held.push(stand_still(client, tcp, certificate).await);
    }
    held
}

/// Reads a counter until it has stood still for half a second.
async fn settled(read: impl Fn() -> u64) -> u64 {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let (mut last, mut same) = (read(), 0);
    while same < 10 {
        tick.tick().await;
        let now = read();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// User and kernel bytes for each of many stalled clients.
fn cost_of(client: Client) -> Option<(u64, u64)> {
    let group = match MemoryGroup::create(None) {
        Ok(group) => group,
        Err(why) => {
            forebay_testkit::notice::skipped(format!(
                "no memory group to count a server's sockets with: {}",
                why.0
            ));
            return None;
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "a").unwrap();
    let mut command: Command = group.command(&std::env::current_exe().unwrap());
    command.args(["--exact", "cost::counted_server", "--ignored", "--nocapture"]);
    if client.is_tls() {
        command.env(CERTIFICATE, dir.path());
    }
    let server = process::Server::start(command).unwrap();
    runtime().block_on(async {
        // What is set up once, for the first clients, is none of the later ones'.
        drop(clients(20, client, server.addr, &certificate).await);
        let sockets = || group.usage().sockets;
        let anon = || server.figures().anon;
        let rest = (settled(anon).await, settled(sockets).await);
        let held = clients(CLIENTS, client, server.addr, &certificate).await;
        let full = (settled(anon).await, settled(sockets).await);
        drop(held);
        let each = |full: u64, rest: u64| full.saturating_sub(rest) / CLIENTS as u64;
        let (user, kernel) = (each(full.0, rest.0), each(full.1, rest.1));
        let paid = client.paid();
        println!("{client:?}: {:.1} KiB user + {:.1} KiB kernel, of {paid} paid", kib(user), kib(kernel));
        Some((user, kernel))
    })
}

fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

#[test]
fn a_stalled_client_costs_no_more_than_it_paid_whatever_it_speaks() {
    for client in [Client::Http1, Client::Tls, Client::Http2, Client::Http2Tls] {
        let Some((user, kernel)) = cost_of(client) else { return };
        assert!(user + kernel <= client.paid().as_u64(), "{client:?}: {user} + {kernel} bytes");
    }
}

/// The parts of an HTTP/2 connection's cost that its heads may not count on: windows and send buffers can be full
/// at the same time.
fn left_for_heads(sizes: &Http2Sizes) -> u64 {
    const FRAME: u64 = 16 << 10;
    let streams = u64::from(sizes.streams_max) * (sizes.send_buffer.as_u64() + FRAME);
    sizes.cost.as_u64() - sizes.connection_window.as_u64() - streams
}

/// A head that uses up what may be sent.
#[derive(Debug, Clone, Copy)]
enum Head {
    /// As many fields as there may be, none like another.
    ManyNames,
    /// As many, all of one name.
    OneName,
    /// As many, which together are as long as they may be.
    Long,
    /// One, as long.
    OneField,
}

impl Head {
    fn request(self, sizes: &Http2Sizes) -> http::Request<()> {
        let fields = if matches!(self, Self::OneField) { 1 } else { FIELDS_MAX };
        // The four pseudo fields, as HTTP/2 counts them, are less than this.
        let room = (sizes.header_list_max.as_usize() - 256) / fields;
        let mut request = http::Request::get("http://h/held").body(()).unwrap();
        for index in 0..fields {
            let name = match self {
                Self::OneName => "aaa".to_owned(),
                Self::ManyNames | Self::Long | Self::OneField => format!("a{index:02x}"),
            };
            let value = match self {
                Self::ManyNames | Self::OneName => String::new(),
                Self::Long | Self::OneField => "v".repeat(room - 32 - name.len()),
            };
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }
}

/// Opens every stream there may be, each with this head.
async fn open_all(addr: std::net::SocketAddr, index: usize, sizes: &Http2Sizes, head: Head) -> Opened {
    let tcp = readers::connect(addr, index, 4 << 10).await.unwrap();
    let mut client = connect_as(&h2::client::Builder::new(), tcp).await;
    let mut answers = Vec::new();
    for _ in 0..sizes.streams_max {
        client = client.ready().await.unwrap();
        answers.push(client.send_request(head.request(sizes), true).unwrap().0);
    }
    Opened { _client: client, answers }
}

/// A client of [`open_all`].
struct Opened {
    _client: h2::client::SendRequest<Bytes>,
    answers: Vec<h2::client::ResponseFuture>,
}

impl Opened {
    async fn assert_unanswered(&mut self) {
        for answer in &mut self.answers {
            let answered = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *answer).poll(cx))).await;
            assert!(answered.is_pending(), "{answered:?}");
        }
    }
}

#[test]
fn heads_of_every_stream_fit_into_what_the_connection_paid() {
    let sizes = Http2Sizes::for_cost(HTTP2_COST);
    for head in [Head::ManyNames, Head::OneName, Head::Long, Head::OneField] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "cost::counted_server", "--ignored", "--nocapture"]);
        let server = process::Server::start(command).unwrap();
        runtime().block_on(async {
            let anon = || server.figures().anon;
            let mut held = Vec::new();
            for index in 0..20 {
                held.push(open_all(server.addr, index, &sizes, head).await);
            }
            let rest = settled(anon).await;
            for index in 0..CLIENTS {
                held.push(open_all(server.addr, index, &sizes, head).await);
            }
            let each = settled(anon).await.saturating_sub(rest) / CLIENTS as u64;
            for opened in &mut held {
                opened.assert_unanswered().await;
            }
            let paid = USER_PART.as_u64() + left_for_heads(&sizes);
            println!("{head:?}: {:.1} KiB, of {:.1} KiB", kib(each), kib(paid));
            assert!(each <= paid, "{head:?}: {each} bytes, {paid} paid");
        });
    }
}

/// Asks with the longest head of HTTP/1.1, in as many fields as there may be.
async fn ask_at_length(addr: std::net::SocketAddr, index: usize) -> tokio::net::TcpStream {
    let mut tcp = readers::connect(addr, index, 4 << 10).await.unwrap();
    let mut head = "GET /held HTTP/1.1\r\nHost: h\r\n".to_owned();
    for field in 1..100 {
        head += &format!("a{field:02}: {}\r\n", "v".repeat(150));
    }
    tcp.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    tcp
}

#[test]
fn the_worst_head_of_http_1_costs_no_more_than_its_connection() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "cost::counted_server", "--ignored", "--nocapture"]);
    let server = process::Server::start(command).unwrap();
    runtime().block_on(async {
        let anon = || server.figures().anon;
        let mut held = Vec::new();
        for index in 0..20 {
            held.push(ask_at_length(server.addr, index).await);
        }
        let rest = settled(anon).await;
        for index in 0..CLIENTS {
            held.push(ask_at_length(server.addr, index).await);
        }
        let each = settled(anon).await.saturating_sub(rest) / CLIENTS as u64;
        println!("HTTP/1.1: {:.1} KiB", kib(each));
        let paid = Client::Http1.paid();
        assert!(each <= paid.as_u64(), "{each} bytes, {paid} paid");
        for tcp in &mut held {
            let answered = tcp.try_read(&mut [0; 64]);
            assert!(answered.is_err(), "{answered:?}");
        }
    });
}
