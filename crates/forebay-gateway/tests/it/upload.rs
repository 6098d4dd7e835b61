//! What is sent is stored whole or not at all, over every transport and under every layer; and nothing is changed that is not switched on.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use forebay_net::TlsConfig;
use forebay_testkit::cert::Certificate;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::response::Asked;

use crate::client::{Answer, Client, Transport};
use crate::site::{Layers, Site};

const LEN: usize = 2_500_000;

type Fields<'a> = &'a [(&'a str, &'a str)];

fn everything() -> Site {
    Site::writable("all", Layers::None, None)
}

/// Everything in the directory, hidden or not.
fn names(site: &Site) -> Vec<String> {
    let names = fs::read_dir(site.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn send(site: &Site, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    Client::Http1(site.connect()).send(method, target, fields, body)
}

fn status(site: &Site, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> u16 {
    send(site, method, target, fields, body).status
}

#[test]
fn a_body_is_stored_as_it_was_sent_over_every_transport_and_under_every_layer() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "site").unwrap();
    let body = Pattern::new(5).bytes(0, LEN);
    for transport in [Transport::Http1, Transport::Http1OverTls, Transport::Http2, Transport::Http2OverTls] {
        for layers in [Layers::None, Layers::Capture, Layers::Everything] {
            // The ceiling of the layers is lower than that of uploads.
            let body = if layers == Layers::Everything { &body[..60_000] } else { &body };
            let tls = transport
                .is_encrypted()
                .then(|| TlsConfig::from_pem(&certificate.cert_path, &certificate.key_path).unwrap());
            let site = Site::writable("all", layers, tls);
            for (name, fields) in [("/declared", &[][..]), ("/chunked", &[("transfer-encoding", "chunked")])]
            {
                if !fields.is_empty() && matches!(transport, Transport::Http2 | Transport::Http2OverTls) {
                    continue;
                }
                let mut client = transport.connect(site.addr, &certificate);
                let made = client.send("PUT", name, fields, body);
                assert_eq!(made.status, 201, "{transport:?} {layers:?} {made:?}");
                let replaced = client.send("PUT", name, fields, body);
                assert_eq!(replaced.status, 204, "{transport:?} {layers:?} {replaced:?}");
                let read = transport.connect(site.addr, &certificate).ask("GET", name, &[]);
                assert!(read.status == 200 && read.body == body, "{transport:?} {layers:?}");
                assert_eq!(read.field("etag"), replaced.field("etag"));
                assert!(read.field("etag").unwrap().starts_with('"'));
            }
            site.settles();
        }
    }
}

#[test]
fn the_table_of_what_is_refused_and_stores_nothing() {
    let site = everything();
    site.write("dir/file", "x");
    let digest = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    let rows: &[(&str, Fields<'_>, u16)] = &[
        ("/dir/", &[], 409),
        ("/dir", &[], 409),
        ("/", &[], 409),
        ("/missing/file", &[], 409),
        ("/dir/file/below", &[], 409),
        ("/.git", &[], 403),
        ("/.forebay-new-0", &[], 404),
        ("//a", &[], 404),
        ("/a//b", &[], 404),
        ("/a%2fb", &[], 400),
        ("/../a", &[], 400),
        ("/%2e%2e/a", &[], 400),
        ("/a%00", &[], 400),
        ("/a%zz", &[], 400),
        ("/a", &[("content-range", "bytes 0-1/2")], 400),
        ("/a", &[("content-digest", digest)], 400),
        ("/a", &[("repr-digest", digest)], 400),
        ("/a", &[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], 400),
        ("/a", &[("content-digest", "unixsum=:AA==:")], 400),
        ("/a", &[("if-match", "*")], 412),
        ("/a", &[("if-match", "\"x\"")], 412),
        ("/dir/file", &[("if-none-match", "*")], 412),
        ("/dir/file", &[("if-unmodified-since", "Sun, 09 Sep 2001 01:46:39 GMT")], 412),
    ];
    for (target, fields, expected) in rows {
        let answer = send(&site, "PUT", target, fields, b"the body");
        assert_eq!(answer.status, *expected, "{target} {fields:?} {answer:?}");
        assert!(!answer.body.is_empty(), "it says why");
    }
    let long = format!("/{}", "n".repeat(256));
    assert_eq!(status(&site, "PUT", &long, &[], b"x"), 404);
    assert_eq!(names(&site), ["dir"]);
    assert_eq!(fs::read(site.path().join("dir/file")).unwrap(), b"x");
    site.settles();
}

#[test]
fn a_digest_that_holds_is_no_hindrance() {
    let site = everything();
    let digest = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    let body = b"{\"hello\": \"world\"}\n";
    assert_eq!(status(&site, "PUT", "/a", &[("content-digest", digest)], body), 201);
    assert_eq!(status(&site, "PUT", "/a", &[("repr-digest", digest)], b"other"), 400);
    assert_eq!(fs::read(site.path().join("a")).unwrap(), body);
}

#[test]
fn a_body_that_is_too_long_is_refused_at_once_or_as_soon_as_it_is() {
    let site = everything();
    let mut conn = site.connect();
    conn.send(b"PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4194305\r\n\r\n").unwrap();
    assert_eq!(conn.response(Asked::Other).unwrap().head.status, 413, "no byte was sent");
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let mut conn = site.connect();
    conn.send(b"PUT /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    for _ in 0..4 {
        conn.send(chunk.as_bytes()).unwrap();
    }
    conn.send(b"1\r\nx\r\n").unwrap();
    assert_eq!(conn.response(Asked::Other).unwrap().head.status, 413);
    assert!(names(&site).is_empty());
    site.settles();
}

#[test]
fn a_body_that_breaks_off_is_no_object() {
    let site = everything();
    site.write("old", "old");
    let sent = Pattern::new(6).bytes(0, 1_000_000);
    for target in ["/new", "/old"] {
        for coding in ["Content-Length: 2000000", "Transfer-Encoding: chunked"] {
            let mut conn = site.connect();
            let head = format!("PUT {target} HTTP/1.1\r\nHost: localhost\r\n{coding}\r\n\r\n");
            conn.send(head.as_bytes()).unwrap();
            if coding.starts_with('T') {
                conn.send(b"200000\r\n").unwrap();
            }
            conn.send(&sent).unwrap();
            site.until("a body on its way", |site| site.stats().active > 0);
            drop(conn);
            site.until("a closed connection", |site| site.stats().active == 0);
        }
    }
    assert_eq!(names(&site), ["old"]);
    assert_eq!(fs::read(site.path().join("old")).unwrap(), b"old");
    site.settles();
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on_when_there_is_a_place_and_not_before() {
    let site = everything();
    let ask = |target: &str| {
        let mut stream = TcpStream::connect(site.addr).unwrap();
        let head = format!(
            "PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        (line(&mut stream), stream)
    };
    let (answer, mut stream) = ask("/a");
    assert_eq!(answer, "HTTP/1.1 100 Continue");
    stream.write_all(b"body").unwrap();
    assert_eq!((&*line(&mut stream), &*line(&mut stream)), ("", "HTTP/1.1 201 Created"));
    assert_eq!(ask("/missing/a").0, "HTTP/1.1 409 Conflict", "it costs no body");
}

/// A line of an answer.
fn line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

#[test]
fn what_is_not_switched_on_is_not_done() {
    for (verbs, made, replaced, removed, folder, moved) in [
        ("create", 201, 409, 405, 405, 405),
        ("overwrite", 403, 204, 405, 405, 405),
        ("delete", 405, 405, 204, 405, 405),
        ("folders", 405, 405, 405, 201, 405),
        ("move", 405, 405, 405, 405, 201),
    ] {
        let site = Site::writable(verbs, Layers::None, None);
        site.write("there", "x").write("gone", "x").write("from", "x");
        let to = [("destination", "/to")];
        let found = [
            status(&site, "PUT", "/new", &[], b"y"),
            status(&site, "PUT", "/there", &[], b"y"),
            status(&site, "DELETE", "/gone", &[], b""),
            status(&site, "MKCOL", "/folder", &[], b""),
            status(&site, "MOVE", "/from", &to, b""),
        ];
        assert_eq!(found, [made, replaced, removed, folder, moved], "{verbs}");
        let allow = send(&site, "OPTIONS", "/", &[], b"").field("allow").unwrap().to_owned();
        let methods = [("PUT", made.min(replaced)), ("DELETE", removed), ("MKCOL", folder), ("MOVE", moved)];
        for (method, status) in methods {
            assert_eq!(allow.contains(method), status != 405, "{verbs}: {allow}");
        }
    }
    let off = Site::plain();
    for method in ["PUT", "DELETE", "MKCOL", "MOVE", "POST", "PATCH"] {
        assert_eq!(status(&off, method, "/a", &[], b""), 405);
    }
}

#[test]
fn removing_renaming_and_making_directories_over_http() {
    let site = everything();
    site.write("a", "a").write("b", "b").write("dir/c", "c");
    let rows: &[(&str, &str, Fields<'_>, u16)] = &[
        ("DELETE", "/missing", &[], 404),
        ("DELETE", "/dir", &[], 409),
        ("DELETE", "/a/", &[], 404),
        ("DELETE", "/a", &[("if-match", "\"x\"")], 412),
        ("MKCOL", "/dir/", &[], 409),
        ("MKCOL", "/a", &[], 409),
        ("MKCOL", "/x/y", &[], 409),
        ("MKCOL", "/new/", &[], 201),
        ("MOVE", "/a", &[], 400),
        ("MOVE", "/a", &[("destination", "http://elsewhere.test/c")], 502),
        ("MOVE", "/a", &[("destination", "/../c")], 400),
        ("MOVE", "/a", &[("destination", "/b"), ("overwrite", "F")], 412),
        ("MOVE", "/missing", &[("destination", "/c")], 404),
        ("MOVE", "/a", &[("destination", "/b")], 204),
        ("MOVE", "/b", &[("destination", "http://localhost/new/b%20b")], 201),
        ("DELETE", "/new", &[], 409),
        ("DELETE", "/new/b%20b", &[], 204),
        ("DELETE", "/new/", &[], 204),
        ("MOVE", "/dir", &[("destination", "/moved")], 201),
    ];
    for (method, target, fields, expected) in rows {
        let answer = send(&site, method, target, fields, b"");
        assert_eq!(answer.status, *expected, "{method} {target} {fields:?} {answer:?}");
    }
    assert_eq!(names(&site), ["moved"]);
    assert_eq!(fs::read(site.path().join("moved/c")).unwrap(), b"c");
    assert_eq!(status(&site, "MKCOL", "/with-a-body", &[], b"<x/>"), 415);
    site.settles();
}
