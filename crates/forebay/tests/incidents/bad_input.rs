//! Requests made to confuse: two lengths, folded fields, heads without end. Each is refused or read in the one
//! way that leaves nothing behind for the next request on the connection (RFC 9112 §6, §11), and the connection
//! ends: what would be the next request can no longer be told from what was the last one's body.

use std::io;
use std::path::Path;

use forebay_testkit::cert::Certificate;
use forebay_testkit::process::Server;
use forebay_testkit::raw::{RawConn, RawResponse};
use forebay_testkit::response::Asked;

use crate::forebay;

fn site() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(dir.path().join("public.txt"), "public").unwrap();
    std::fs::write(dir.path().join("smuggled.txt"), "smuggled").unwrap();
    dir
}

fn server() -> (tempfile::TempDir, Server) {
    let dir = site();
    let server = forebay::serve(dir.path(), None, &[]);
    (dir, server)
}

/// Sends bytes and reads every response until the server ends the connection, which it must do by itself.
fn answers(mut conn: RawConn, bytes: &[u8]) -> Vec<RawResponse> {
    // Who is refused early may find that nobody reads the rest. The answer is there all the same.
    let _refused_early = conn.send(bytes);
    let mut all = Vec::new();
    loop {
        match conn.response(Asked::Other) {
            Ok(response) => all.push(response),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return all,
            Err(error) => panic!("after {} answers: {error}", all.len()),
        }
    }
}

/// Statuses and bodies of what is answered on a connection of its own.
fn told(server: &Server, bytes: &[u8]) -> Vec<(u16, String)> {
    let answers = answers(RawConn::connect(server.addr).unwrap(), bytes);
    answers.iter().map(|a| (a.head.status, String::from_utf8_lossy(&a.body).into_owned())).collect()
}

/// The request that an attacker hides behind another.
const HIDDEN: &str = "GET /smuggled.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// How the fields of the request before it speak of its body.
fn framed(fields: &str, body: &str) -> String {
    format!("GET /public.txt HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n{body}{HIDDEN}")
}

#[test]
fn a_request_with_two_framings_hides_no_other() {
    let (_dir, server) = server();
    let n = HIDDEN.len();
    // One that is no body is seen: without this, no test here could fail.
    let mut seen = RawConn::connect(server.addr).unwrap();
    seen.send(framed("Transfer-Encoding: chunked", "0\r\n\r\n").as_bytes()).unwrap();
    let bodies = [(); 2].map(|()| seen.response(Asked::Other).unwrap().body);
    assert_eq!(bodies, [b"public".to_vec(), b"smuggled".to_vec()]);

    let answered_and_over = [
        // Content-Length says that the hidden request is body; Transfer-Encoding, that it is not.
        ("CL.TE", format!("Content-Length: {}\r\nTransfer-Encoding: chunked", 5 + n), "0\r\n\r\n"),
        ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4".to_owned(), "0\r\n\r\n"),
        ("a chunk size with a sign", "Transfer-Encoding: chunked".to_owned(), "-1\r\n\r\n"),
        ("a chunk size with a prefix", "Transfer-Encoding: chunked".to_owned(), "0x0\r\n\r\n"),
        ("an endless chunk size", "Transfer-Encoding: chunked".to_owned(), "FFFFFFFFFFFFFFFFF\r\n\r\n"),
        ("chunks that end in a bare LF", "Transfer-Encoding: chunked".to_owned(), "0\n\n"),
    ];
    for (name, fields, body) in answered_and_over {
        let told = told(&server, framed(&fields, body).as_bytes());
        assert_eq!(told, [(200, "public".to_owned())], "{name}");
    }
    let refused = [
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {n}"), ""),
        ("a list of lengths", format!("Content-Length: 0, {n}"), ""),
        ("a list of one length", format!("Content-Length: {n}, {n}"), ""),
        ("a length with a sign", format!("Content-Length: +{n}"), ""),
        ("a negative length", "Content-Length: -1".to_owned(), ""),
        ("a hexadecimal length", "Content-Length: 0x10".to_owned(), ""),
        ("a length of two words", "Content-Length: 1 0".to_owned(), ""),
        ("a length of 65 bits", "Content-Length: 18446744073709551617".to_owned(), ""),
        ("no length", "Content-Length:".to_owned(), ""),
        ("a folded length", format!("Content-Length:\r\n {n}"), ""),
        ("a blank before the colon", format!("Content-Length : {n}"), ""),
        ("the same of a coding", "Transfer-Encoding : chunked".to_owned(), "0\r\n\r\n"),
        ("chunked is not last", "Transfer-Encoding: chunked, identity".to_owned(), "0\r\n\r\n"),
        ("nor here", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned(), "0\r\n\r\n"),
        ("an unknown coding", "Transfer-Encoding: xchunked".to_owned(), ""),
        ("a coding behind a control character", "Transfer-Encoding: \x0bchunked".to_owned(), "0\r\n\r\n"),
        ("another field that is folded", "X-Field: a\r\n b".to_owned(), ""),
        ("a carriage return alone", "X-Field: a\rContent-Length: 5".to_owned(), ""),
        ("a NUL", "X-Field: a\0b".to_owned(), ""),
    ];
    for (name, fields, body) in refused {
        let told = told(&server, framed(&fields, body).as_bytes());
        assert_eq!(told, [(400, String::new())], "{name}");
    }
}

#[test]
fn a_head_of_a_hundred_kibibytes_is_refused_with_a_status() {
    let dir = site();
    let keys = tempfile::tempdir().unwrap();
    let own = Certificate::create(keys.path(), "server").unwrap();
    let pem = |path: &Path| path.to_str().unwrap().to_owned();
    let plain = forebay::serve(dir.path(), None, &[]);
    let tls = ["--tls-cert", &pem(&own.cert_path), "--tls-key", &pem(&own.key_path)];
    let secret = forebay::serve(dir.path(), None, &tls);

    let asking = |target: &str, fields: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let shapes = [
        ("many fields", asking("/public.txt", &format!("X-Long: {}\r\n", "a".repeat(1000)).repeat(100))),
        ("very many fields", asking("/public.txt", &"a:b\r\n".repeat(20_000))),
        ("one field", asking("/public.txt", &format!("X-Long: {}\r\n", "a".repeat(100 << 10)))),
        ("the target", asking(&format!("/{}", "a".repeat(100 << 10)), "")),
        ("the method", format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(100 << 10))),
    ];
    for (name, request) in shapes {
        let statuses = |conn: io::Result<RawConn>| -> Vec<u16> {
            answers(conn.unwrap(), request.as_bytes()).iter().map(|a| a.head.status).collect()
        };
        assert_eq!(statuses(RawConn::connect(plain.addr)), [431], "{name}");
        // A TLS client that finds its connection reset while it still writes reads no further.
        let over_tls = statuses(RawConn::connect_tls(secret.addr, own.client(&["http/1.1"]).unwrap()));
        assert!(matches!(over_tls[..], [] | [431]), "{name}: {over_tls:?}");
    }
}

#[test]
fn what_is_not_http_is_refused_and_the_server_goes_on() {
    let (_dir, server) = server();
    let shapes: [&[u8]; 8] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client at a plain port\r\n\r\n",
        b"GET /public.txt\r\n\r\n",
        b"GET /public.txt HTTP/1.2\r\nHost: a\r\n\r\n",
        b"GET /public.txt HTTP/1.1\r\nHost: a\r\nBroken line\r\n\r\n",
        b"GET /public.txt HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET /pub\x00lic.txt HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\n\r\n\r\n\x00\x01\x02\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ];
    for bytes in shapes {
        let statuses: Vec<u16> = told(&server, bytes).iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses, [400], "{}", bytes.escape_ascii());
    }
    let mut conn = RawConn::connect(server.addr).unwrap();
    assert_eq!(conn.request("GET", "/public.txt", "").unwrap().body, b"public");
}
