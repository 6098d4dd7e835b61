//! Requests made to confuse: two lengths, folded fields, heads without end. Each is refused or read in the one
//! way that leaves nothing behind for the next request on the connection (RFC 9112 §6, §11).

use std::io;

use forebay_testkit::process::Server;
use forebay_testkit::raw::{RawConn, RawResponse};
use forebay_testkit::response::Asked;

use crate::forebay;

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(dir.path().join("public.txt"), "public").unwrap();
    std::fs::write(dir.path().join("smuggled.txt"), "smuggled").unwrap();
    let server = forebay::serve(dir.path(), None, &[]);
    (dir, server)
}

/// Sends bytes and reads every response until the server closes; then the connection is over.
fn answers(server: &Server, bytes: &[u8]) -> Vec<RawResponse> {
    let mut conn = RawConn::connect(server.addr).unwrap();
    conn.send(bytes).unwrap();
    let mut all = Vec::new();
    loop {
        match conn.response(Asked::Other) {
            Ok(response) => all.push(response),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return all,
            Err(error) => panic!("after {} answers: {error}", all.len()),
        }
    }
}

/// The request that an attacker hides behind another. It asks for a close, so that a run ends.
const HIDDEN: &str = "GET /smuggled.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[test]
fn a_request_with_two_framings_hides_no_other() {
    let (_dir, server) = server();
    let shapes = [
        // Content-Length says that the hidden request is body; Transfer-Encoding, that it is not.
        (
            "CL.TE",
            format!(
                "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
                5 + HIDDEN.len()
            ),
        ),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {}\r\n\r\n{HIDDEN}", HIDDEN.len())),
        ("a list of lengths", format!("Content-Length: 0, {}\r\n\r\n{HIDDEN}", HIDDEN.len())),
        ("a signed length", format!("Content-Length: +{}\r\n\r\n{HIDDEN}", HIDDEN.len())),
        ("chunked is not last", format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{HIDDEN}")),
        ("an unknown coding", format!("Transfer-Encoding: xchunked\r\n\r\n{HIDDEN}")),
        ("a blank before the colon", format!("Content-Length : {}\r\n\r\n{HIDDEN}", HIDDEN.len())),
        ("a folded length", format!("Content-Length:\r\n {}\r\n\r\n{HIDDEN}", HIDDEN.len())),
        ("a chunk size with a sign", format!("Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{HIDDEN}")),
    ];
    for (name, fields) in shapes {
        let request = format!("GET /public.txt HTTP/1.1\r\nHost: localhost\r\n{fields}");
        let answers = answers(&server, request.as_bytes());
        let bodies: Vec<_> = answers.iter().map(|a| String::from_utf8_lossy(&a.body).into_owned()).collect();
        assert!(bodies.iter().all(|body| body != "smuggled"), "{name}: {bodies:?}");
    }
}

#[test]
fn a_head_of_a_hundred_kibibytes_is_refused_with_a_status() {
    let (_dir, server) = server();
    let field = format!("X-Long: {}\r\n", "a".repeat(1000));
    let request = format!("GET /public.txt HTTP/1.1\r\nHost: localhost\r\n{}\r\n", field.repeat(100));
    let answers = answers(&server, request.as_bytes());
    let statuses: Vec<u16> = answers.iter().map(|a| a.head.status).collect();
    assert_eq!(statuses, [431]);
}

#[test]
fn what_is_not_http_is_refused_and_the_server_goes_on() {
    let (_dir, server) = server();
    let shapes: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client at a plain port\r\n\r\n",
        b"GET /public.txt\r\n\r\n",
        b"GET /public.txt HTTP/1.1\r\nHost: a\r\nBroken line\r\n\r\n",
        b"GET /pub\x00lic.txt HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\n\r\n\r\n\x00\x01\x02\x03\r\n\r\n",
    ];
    for bytes in shapes {
        let statuses: Vec<u16> = answers(&server, bytes).iter().map(|a| a.head.status).collect();
        assert!(statuses.iter().all(|s| (400..500).contains(s)), "{bytes:?}: {statuses:?}");
    }
    let mut conn = RawConn::connect(server.addr).unwrap();
    assert_eq!(conn.request("GET", "/public.txt", "").unwrap().body, b"public");
}
