//! TLS: the same bytes, read at the moment when the stream can take them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::Class;
use forebay_net::{Reason, TlsConfig, TlsError};
use forebay_testkit::cert::Certificate;
use forebay_testkit::raw::RawConn;
use forebay_testkit::response::End;

use crate::server::{Server, pattern, router};

fn certificate(dir: &tempfile::TempDir, name: &str) -> (Certificate, TlsConfig) {
    let certificate = Certificate::create(dir.path(), name).unwrap();
    let config = TlsConfig::from_pem(&certificate.cert_path, &certificate.key_path).unwrap();
    (certificate, config)
}

#[test]
fn files_ranges_and_pieces_arrive_over_tls_by_late_reads() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, config) = certificate(&dir, "a");
    let server = Server::with(|options| options.tls = Some(config), router);
    server.file("f", 9_000_001);
    let client = certificate.client(&["http/1.1"]).unwrap();
    let mut conn = RawConn::connect_tls(server.addr, client).unwrap();
    for _ in 0..2 {
        let answer = conn.request("GET", "/f/f", "").unwrap();
        assert_eq!((answer.body.len(), answer.end), (9_000_001, End::Complete));
        pattern("f").check(0, &answer.body).unwrap();
    }
    let answer = conn.request("GET", "/r/f/123456/2000000", "").unwrap();
    pattern("f").check(123_456, &answer.body).unwrap();
    let pieces = conn.request("GET", "/m/f", "").unwrap();
    assert_eq!(pieces.body.len(), 9 + 100_000 + 10 + 1 + 1_500_000 + 7);
    let stats = server.stats();
    assert_eq!(stats.late_read_bytes, 2 * 9_000_001 + 2_000_000 + 1_600_001);
    assert_eq!((stats.zero_copy_bytes, stats.pread_bytes), (0, 0));
    let info = conn.request("GET", "/info", "").unwrap();
    assert!(String::from_utf8(info.body).unwrap().contains("TLSv1.3"));
    drop(conn);
    server.stop();
}

#[test]
fn a_client_that_knows_only_tls_1_2_gets_the_same_bytes_and_resumes_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, config) = certificate(&dir, "a");
    let server = Server::with(|options| options.tls = Some(config), router);
    server.file("f", 9_000_001);
    let client = certificate.client_of(&[&rustls::version::TLS12], &["http/1.1"]).unwrap();
    let mut conn = RawConn::connect_tls(server.addr, Arc::clone(&client)).unwrap();
    let answer = conn.request("GET", "/f/f", "").unwrap();
    assert_eq!((answer.body.len(), answer.end), (9_000_001, End::Complete));
    pattern("f").check(0, &answer.body).unwrap();
    let info = String::from_utf8(conn.request("GET", "/info", "").unwrap().body).unwrap();
    assert!(info.contains("TLSv1.2"), "{info}");
    drop(conn);
    let name = "localhost".try_into().unwrap();
    let mut again = rustls::ClientConnection::new(client, name).unwrap();
    let mut tcp = TcpStream::connect(server.addr).unwrap();
    while again.is_handshaking() {
        again.complete_io(&mut tcp).unwrap();
    }
    assert_eq!(again.handshake_kind(), Some(rustls::HandshakeKind::Resumed));
    drop((again, tcp));
    server.stop();
}

#[test]
fn a_reloaded_certificate_is_for_new_connections_and_a_bad_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (old, config) = certificate(&dir, "a");
    let server = Server::with(|options| options.tls = Some(config.clone()), router);
    let old_client = old.client(&[]).unwrap();
    let mut live = RawConn::connect_tls(server.addr, old_client.clone()).unwrap();
    live.request("GET", "/small", "").unwrap();

    std::fs::write(&old.cert_path, "no certificate").unwrap();
    assert!(matches!(config.reload(), Err(TlsError::Missing { wanted: "certificate", .. })));
    RawConn::connect_tls(server.addr, old_client.clone()).unwrap().request("GET", "/small", "").unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    let new = Certificate::create(elsewhere.path(), "b").unwrap();
    std::fs::copy(&new.cert_path, &old.cert_path).unwrap();
    assert!(matches!(config.reload(), Err(TlsError::Mismatch { .. })), "a key of another certificate");
    std::fs::copy(&new.key_path, &old.key_path).unwrap();
    config.reload().unwrap();

    live.request("GET", "/small", "").expect("live connections keep what they agreed on");
    let fresh = new.client(&[]).unwrap();
    RawConn::connect_tls(server.addr, fresh).unwrap().request("GET", "/small", "").unwrap();
    let mut refused = RawConn::connect_tls(server.addr, old.client(&[]).unwrap()).unwrap();
    assert!(refused.request("GET", "/small", "").is_err(), "the old certificate is still shown");
    drop((live, refused));
    server.stop();
}

#[test]
fn a_certificate_and_a_key_that_do_not_match_are_named() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (a, b) =
        (Certificate::create(one.path(), "a").unwrap(), Certificate::create(other.path(), "b").unwrap());
    let error = TlsConfig::from_pem(&a.cert_path, &b.key_path).unwrap_err().to_string();
    assert!(error.contains("do not belong together"), "{error}");
    assert!(error.contains(a.cert_path.to_str().unwrap()), "{error}");
    let missing = TlsConfig::from_pem(one.path().join("none.pem"), &a.key_path).unwrap_err().to_string();
    assert!(missing.contains("none.pem"), "{missing}");
}

#[test]
fn a_handshake_that_never_ends_is_cut_and_paid_for_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (_, config) = certificate(&dir, "a");
    let server = Server::with(
        |options| {
            options.tls = Some(config);
            options.sweep_every = Duration::from_millis(5);
            options.limits.handshake = Duration::from_millis(300);
        },
        router,
    );
    let mut client = TcpStream::connect(server.addr).unwrap();
    client.write_all(&[22, 3, 1]).unwrap();
    server.until("it pays", |server| server.ledger.usage(Class::Tls).in_use > 0);
    server.until("it is cut", |server| server.killed(Reason::Handshake) == 1);
    server.until("it is gone", |server| server.stats().active == 0);
    let end = client.read(&mut [0; 64]).unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset, "a cut is a reset here too");
    server.stop();
}

#[test]
fn plain_http_on_a_tls_port_is_counted_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (_, config) = certificate(&dir, "a");
    let server = Server::with(|options| options.tls = Some(config), router);
    let mut conn = RawConn::connect(server.addr).unwrap();
    assert!(conn.request("GET", "/small", "").is_err());
    server.until("it is counted", |server| server.stats().tls_failures == 1);
    drop(conn);
    server.stop();
}
