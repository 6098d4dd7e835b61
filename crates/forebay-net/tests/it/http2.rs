//! HTTP/2: by prior knowledge and over TLS, with what a connection may hold paid in advance.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger, Rate};
use forebay_net::{Http2Sizes, Reason, TlsConfig};
use forebay_testkit::cert::Certificate;
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::server::{Server, pattern, router};

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn connect<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: T) -> SendRequest<Bytes> {
    connect_as(&h2::client::Builder::new(), io).await
}

pub(crate) async fn connect_as<T>(client: &h2::client::Builder, io: T) -> SendRequest<Bytes>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = client.handshake(io).await.unwrap();
    tokio::spawn(async move {
        let _ends_with_the_test = connection.await;
    });
    client
}

async fn plain(server: &Server) -> SendRequest<Bytes> {
    connect(TcpStream::connect(server.addr).await.unwrap()).await
}

pub(crate) async fn ask(client: &SendRequest<Bytes>, target: &str) -> h2::client::ResponseFuture {
    let request = http::Request::get(format!("http://h{target}")).body(()).unwrap();
    client.clone().ready().await.unwrap().send_request(request, true).unwrap().0
}

pub(crate) async fn body(answer: h2::client::ResponseFuture) -> Vec<u8> {
    let mut stream = answer.await.unwrap().into_body();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.unwrap();
        stream.flow_control().release_capacity(chunk.len()).unwrap();
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

#[test]
fn many_streams_of_one_plain_connection_get_their_own_bytes() {
    let server = Server::start();
    for i in 0..8u64 {
        server.file(&format!("f{i}"), 1_000_000 + i);
    }
    runtime().block_on(async {
        let client = plain(&server).await;
        let mut answers = Vec::new();
        for i in 0..8 {
            answers.push(tokio::spawn(body(ask(&client, &format!("/f/f{i}")).await)));
        }
        for (i, answer) in answers.into_iter().enumerate() {
            let bytes = answer.await.unwrap();
            assert_eq!(bytes.len(), 1_000_000 + i);
            pattern(&format!("f{i}")).check(0, &bytes).unwrap();
        }
    });
    let stats = server.totals();
    assert_eq!(stats.zero_copy_bytes, 0, "frames are not files");
    assert_eq!(stats.pread_bytes, 8_000_028);
}

#[test]
fn http_1_still_works_beside_it_byte_by_byte() {
    let server = Server::start();
    // The preface's own first letters, in a request that is not it.
    let mut conn = forebay_testkit::raw::RawConn::connect(server.addr).unwrap();
    for byte in b"PRI / HTTP/1.1\r\nHost: h\r\n\r\n" {
        conn.send(&[*byte]).unwrap();
    }
    assert_eq!(conn.response(forebay_testkit::response::Asked::Other).unwrap().head.status, 404);
    drop(conn);
    server.stop();
}

#[test]
fn the_bytes_that_decide_the_protocol_are_counted_once() {
    let server = Server::start();
    let mut conn = forebay_testkit::raw::RawConn::connect(server.addr).unwrap();
    let request = b"GET /small HTTP/1.1\r\nHost: h\r\n\r\n";
    conn.send(request).unwrap();
    conn.response(forebay_testkit::response::Asked::Other).unwrap();
    drop(conn);
    assert_eq!(server.totals().received_bytes, request.len() as u64);
}

#[test]
fn over_tls_alpn_decides() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "a").unwrap();
    let config = TlsConfig::from_pem(&certificate.cert_path, &certificate.key_path).unwrap();
    let server = Server::with(|options| options.tls = Some(config), router);
    server.file("f", 5_000_000);
    runtime().block_on(async {
        let connector = tokio_rustls::TlsConnector::from(certificate.client(&["h2", "http/1.1"]).unwrap());
        let tcp = TcpStream::connect(server.addr).await.unwrap();
        let tls = connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let client = connect(tls).await;
        let bytes = body(ask(&client, "/f/f").await).await;
        assert_eq!(bytes.len(), 5_000_000);
        pattern("f").check(0, &bytes).unwrap();
        assert!(server.ledger.usage(Class::Http2).in_use > 0);
    });
    server.stop();
}

#[test]
fn without_room_for_it_tls_falls_back_and_prior_knowledge_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "a").unwrap();
    let config = TlsConfig::from_pem(&certificate.cert_path, &certificate.key_path).unwrap();
    let ledger = || Ledger::new([(Class::Connections, ByteSize::mib(1)), (Class::Tls, ByteSize::mib(1))]);
    let over_tls = Server::with(|options| (options.tls, options.ledger) = (Some(config), ledger()), router);
    let prior = Server::with(|options| options.ledger = ledger(), router);
    runtime().block_on(async {
        let connector = tokio_rustls::TlsConnector::from(certificate.client(&["h2", "http/1.1"]).unwrap());
        let tcp = TcpStream::connect(over_tls.addr).await.unwrap();
        let tls = connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let tcp = TcpStream::connect(prior.addr).await.unwrap();
        let refused: Result<SendRequest<Bytes>, _> = match h2::client::handshake(tcp).await {
            Ok((client, connection)) => connection.await.map(|()| client),
            Err(error) => Err(error),
        };
        drop(refused);
    });
    prior.until("it is refused", |server| server.stats().http2_refused == 1 && server.stats().active == 0);
    over_tls.stop();
    prior.stop();
}

#[test]
fn a_client_that_opens_no_window_is_cut_and_its_window_was_all_it_held() {
    let server = Server::with(
        |options| {
            options.sweep_every = Duration::from_millis(5);
            options.limits.stall = Duration::from_millis(300);
            options.limits.min_rate = Rate::b(0);
        },
        router,
    );
    server.file("f", 64 << 20);
    runtime().block_on(async {
        let client = plain(&server).await;
        let mut stream = ask(&client, "/f/f").await.await.unwrap().into_body();
        let mut held = Vec::new();
        // Never gives capacity back.
        let error = loop {
            match stream.data().await {
                Some(Ok(chunk)) => held.push(chunk),
                Some(Err(error)) => break error,
                None => panic!("64 MiB fitted into 64 KiB of window"),
            }
        };
        assert!(error.is_io() || error.is_go_away() || error.is_reset(), "{error}");
    });
    assert!(server.ledger.usage(Class::Reads).peak <= 128 << 10);
    assert_eq!(server.killed(Reason::Stall), 1);
    server.stop();
}

#[test]
fn the_client_is_told_the_numbers_it_pays_for() {
    let sizes = Http2Sizes::for_cost(ByteSize::kib(512));
    let told = sizes.clone();
    let server = Server::with(|options| options.http2 = Some(sizes), router);
    runtime().block_on(async {
        let client = plain(&server).await;
        assert_eq!(body(ask(&client, "/small").await).await, b"a small answer");
        assert_eq!(client.current_max_send_streams(), told.streams_max as usize);
        assert_eq!(server.ledger.usage(Class::Http2).in_use, 512 << 10);
    });
    server.stop();
}

#[test]
fn rapid_resets_end_the_connection_and_not_the_server() {
    let server = Server::start();
    let addr = server.addr;
    runtime().block_on(async {
        let client = Arc::new(plain(&server).await);
        for _ in 0..20_000 {
            let Ok(mut ready) = client.as_ref().clone().ready().await else { break };
            let request = http::Request::get("http://h/never").body(()).unwrap();
            let Ok((_answer, mut stream)) = ready.send_request(request, true) else { break };
            stream.send_reset(h2::Reason::CANCEL);
        }
    });
    assert_eq!(forebay_testkit::raw::get(addr, "/small").unwrap().body, b"a small answer");
    server.stop();
}
