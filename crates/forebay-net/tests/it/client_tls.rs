//! Encrypted connections and proxies.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use forebay_net::LeasedFile;
use forebay_net::client::{ClientErrorKind, ClientTls, Proxies, Way};
use forebay_testkit::cert::Certificate;

use crate::client_kit::{Bench, CLOSE_WAIT, Scripted, answer, head, kind, read, sockets_towards};

/// Answers every request over TLS; with `farewell` it says goodbye before it closes after each.
fn tls_server(cert: &Certificate, text: Vec<u8>, then: Then) -> Scripted {
    let config = cert.server().unwrap();
    Scripted::start(move |_, mut tcp| {
        let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut tcp);
        let mut head = Vec::new();
        let mut byte = [0];
        while stream.read(&mut byte).is_ok_and(|read| read == 1) {
            head.push(byte[0]);
            if head.ends_with(b"\r\n\r\n") {
                head.clear();
                stream.write_all(&text).unwrap();
                if then != Then::GoOn {
                    break;
                }
            }
        }
        if then == Then::Farewell {
            session.send_close_notify();
            while session.wants_write() {
                session.write_tls(&mut tcp).unwrap();
            }
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Farewell,
    Vanish,
}

fn secure(server: &Scripted, path: &str) -> String {
    format!("https://localhost:{}{path}", server.addr.port())
}

fn trusting(cert: &Certificate) -> Bench {
    let pem = std::fs::read(&cert.cert_path).unwrap();
    Bench::new(|options| options.tls = ClientTls::with_added(&pem).unwrap())
}

#[tokio::test]
async fn an_added_certificate_is_trusted_and_its_connection_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let cert = Certificate::create(dir.path(), "a").unwrap();
    let sent = vec![7; 300_000];
    let server = tls_server(&cert, answer(&sent), Then::GoOn);
    let bench = trusting(&cert);
    for _ in 0..3 {
        assert!(bench.whole(&secure(&server, "/")).await.unwrap() == sent);
    }
    assert_eq!(bench.client.stats().opened_total, 1);
    let file = tempfile::tempfile().unwrap();
    let leased = Arc::new(LeasedFile::unleased(file.try_clone().unwrap()));
    let mut body = bench.get(&secure(&server, "/")).await.unwrap().into_body();
    let mut moved = 0;
    while moved < sent.len() as u64 {
        let more = body.write_to(&leased, moved, 1 << 20).await.unwrap();
        assert!(more.way == Way::Seen && more.bytes > 0);
        moved += more.bytes;
    }
    let mut found = vec![0; sent.len()];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut found, 0).unwrap();
    assert!(found == sent);
}

#[tokio::test]
async fn who_is_not_trusted_is_sent_nothing_unless_nobody_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, other) =
        (Certificate::create(dir.path(), "a").unwrap(), Certificate::create(dir.path(), "b").unwrap());
    let server = tls_server(&cert, answer(b"x"), Then::GoOn);
    assert_eq!(kind(trusting(&other).get(&secure(&server, "/")).await), ClientErrorKind::Tls);
    let wrong_name = secure(&server, "/").replace("localhost", "127.0.0.2");
    let bench = trusting(&cert);
    // 127.0.0.2 is this machine too, but the certificate does not say so.
    assert!(matches!(kind(bench.get(&wrong_name).await), ClientErrorKind::Tls | ClientErrorKind::Connect));
    let anybody = Bench::new(|options| options.tls = ClientTls::insecure());
    assert_eq!(anybody.whole(&secure(&server, "/")).await.unwrap(), b"x");
    assert!(ClientTls::with_added(b"no certificate").is_err());
}

#[tokio::test]
async fn an_end_without_farewell_is_no_end() {
    let dir = tempfile::tempdir().unwrap();
    let cert = Certificate::create(dir.path(), "a").unwrap();
    let endless = b"HTTP/1.1 200 OK\r\n\r\nall of it?".to_vec();
    let vanishes = tls_server(&cert, endless.clone(), Then::Vanish);
    let body = trusting(&cert).get(&secure(&vanishes, "/")).await.unwrap().into_body();
    assert_eq!(kind(read(body).await), ClientErrorKind::Short, "anybody could have cut it off");
    let polite = tls_server(&cert, endless, Then::Farewell);
    assert_eq!(trusting(&cert).whole(&secure(&polite, "/")).await.unwrap(), b"all of it?");
    let declared = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart".to_vec();
    for then in [Then::Vanish, Then::Farewell] {
        let server = tls_server(&cert, declared.clone(), then);
        let body = trusting(&cert).get(&secure(&server, "/")).await.unwrap().into_body();
        assert_eq!(kind(read(body).await), ClientErrorKind::Short);
    }
}

#[tokio::test]
async fn an_idle_encrypted_connection_that_the_server_closes_is_closed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let cert = Certificate::create(dir.path(), "a").unwrap();
    let server = tls_server(&cert, answer(b"x"), Then::Farewell);
    let bench = trusting(&cert);
    bench.whole(&secure(&server, "/")).await.unwrap();
    bench.until("the close was noticed", |bench| bench.client.stats().idle_closed_total == 1).await;
    assert_eq!(sockets_towards(server.addr.port(), CLOSE_WAIT), 0);
    assert!(bench.fds.idle() && bench.ledger.idle());
}

/// What a proxy was asked for.
type Asked = Arc<Mutex<Vec<String>>>;

/// Connects whoever asks with `CONNECT`, answers everybody else itself.
fn proxy() -> (TcpListener, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (asked, accepting) = (Asked::default(), listener.try_clone().unwrap());
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = accepting.accept() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || {
                while let Some(request) = head(&mut stream) {
                    seen.lock().unwrap().push(request.clone());
                    let Some(rest) = request.strip_prefix("CONNECT ") else {
                        stream.write_all(&answer(b"by proxy")).unwrap();
                        continue;
                    };
                    if !request.contains("Proxy-Authorization: Basic dTpw\r\n") {
                        stream.write_all(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n").unwrap();
                        return;
                    }
                    let target = TcpStream::connect(rest.split(' ').next().unwrap()).unwrap();
                    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
                    let (mut from, mut to) = (target.try_clone().unwrap(), stream.try_clone().unwrap());
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                    std::io::copy(&mut stream, &mut &target).unwrap();
                    return;
                }
            });
        }
    });
    (listener, asked)
}

#[tokio::test]
async fn a_proxy_is_asked_for_plain_urls_and_connects_encrypted_ones() {
    let dir = tempfile::tempdir().unwrap();
    let cert = Certificate::create(dir.path(), "a").unwrap();
    let server = tls_server(&cert, answer(b"through"), Then::GoOn);
    let (listener, asked) = proxy();
    let url = format!("http://u:p@{}", listener.local_addr().unwrap());
    let pem = std::fs::read(&cert.cert_path).unwrap();
    let with = |url: &str| {
        let proxies = Proxies::parse(Some(url), Some(url), Some("127.0.0.1")).unwrap();
        Bench::new(|options| {
            (options.tls, options.proxies) = (ClientTls::with_added(&pem).unwrap(), proxies);
        })
    };
    let bench = with(&url);
    assert_eq!(bench.whole("http://one.invalid/a?b").await.unwrap(), b"by proxy");
    assert_eq!(bench.whole("http://two.invalid:81/").await.unwrap(), b"by proxy");
    assert_eq!(bench.client.stats().opened_total, 1, "one connection serves every host behind it");
    assert_eq!(bench.whole(&secure(&server, "/")).await.unwrap(), b"through");
    {
        let asked = asked.lock().unwrap();
        assert!(asked[0].starts_with("GET http://one.invalid/a?b HTTP/1.1\r\n"), "{}", asked[0]);
        assert!(asked[0].contains("proxy-authorization: Basic dTpw\r\n"), "{}", asked[0]);
        assert!(asked[1].to_lowercase().contains("host: two.invalid:81\r\n"), "{}", asked[1]);
        assert!(asked[2].starts_with(&format!("CONNECT localhost:{} HTTP/1.1\r\n", server.addr.port())));
    }
    let direct = Scripted::answering(answer(b"direct"));
    assert_eq!(bench.whole(&direct.url("/")).await.unwrap(), b"direct");
    let stranger = with(&url.replace("u:p@", "someone:secret@"));
    let error = stranger.get(&secure(&server, "/")).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::Connect);
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("407") && !shown.contains("secret") && !shown.contains("someone"), "{shown}");
}
