//! The same answers over every transport: one table of requests, asked over HTTP/1.1 and HTTP/2, plain and over TLS, of
//! the real server, without layers and under all of them.

use std::time::{Duration, SystemTime};

use forebay_gateway::GatewayOptions;
use forebay_testkit::cert::Certificate;
use forebay_testkit::pattern::Pattern;

use crate::client::{Answer, Client, Transport};
use crate::decode;
use crate::site::{Layers, Site};

const LEN: usize = 1_500_000;

/// One request and what is to come back.
struct Case {
    target: &'static str,
    fields: Vec<(&'static str, String)>,
    status: u16,
    /// Fields of the answer, by their beginnings.
    heads: Vec<(&'static str, &'static str)>,
    body: Body,
}

enum Body {
    Nothing,
    Bytes(Vec<u8>),
    /// Ranges of the large file, as multipart.
    Parts(Vec<std::ops::RangeInclusive<usize>>),
    /// Compressed on the way.
    Coded(&'static str),
    /// The folder.
    Archive(&'static str),
    Contains(&'static str),
}

fn large() -> Vec<u8> {
    Pattern::new(11).bytes(0, LEN)
}

fn text() -> String {
    (0..20_000).map(|n| format!("line {n} of a text that compresses well\n")).collect()
}

fn site(layers: Layers, transport: Transport, certificate: &Certificate) -> Site {
    let site = if transport.is_encrypted() {
        Site::encrypted(layers, certificate)
    } else {
        Site::with(GatewayOptions::default(), layers)
    };
    site.write("large.bin", large()).write("small.bin", b"0123456789").write("empty.bin", b"");
    site.write("text.txt", text()).write("folder/a.bin", &large()[..200_000]).write("folder/b.txt", "b");
    site.write("app.js", "the original").write("app.js.br", "its neighbour");
    let then = SystemTime::now() - Duration::from_secs(100);
    site.touch("app.js", then).touch("app.js.br", then);
    site
}

fn case(target: &'static str, status: u16, body: Body) -> Case {
    Case { target, fields: Vec::new(), status, heads: Vec::new(), body }
}

impl Case {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn has(mut self, name: &'static str, begins: &'static str) -> Self {
        self.heads.push((name, begins));
        self
    }
}

/// `tag` is that of the small file.
fn cases(tag: &str) -> Vec<Case> {
    use Body::{Archive, Bytes, Coded, Contains, Nothing, Parts};
    let whole = large();
    let (ahead, part) = (200, 206);
    vec![
        case("/large.bin", ahead, Bytes(whole.clone())).has("content-length", "1500000").has("etag", "\""),
        case("/small.bin", ahead, Bytes(b"0123456789".to_vec())).has("accept-ranges", "bytes"),
        case("/empty.bin", ahead, Nothing).has("content-length", "0"),
        case("/small.bin?download=%E6%8A%A5.bin", ahead, Bytes(b"0123456789".to_vec()))
            .has("content-disposition", "attachment; filename=\"_.bin\"; filename*=UTF-8''%E6%8A%A5.bin"),
        case("/large.bin", part, Bytes(whole[1_048_575..=1_048_577].to_vec()))
            .with("range", "bytes=1048575-1048577")
            .has("content-range", "bytes 1048575-1048577/1500000"),
        case("/large.bin", part, Bytes(whole[LEN - 700_000..].to_vec())).with("range", "bytes=-700000"),
        case("/large.bin", part, Parts(vec![900_000..=1_299_999, 0..=0, 1000..=499_999]))
            .with("range", "bytes=900000-1299999,0-0,1000-499999")
            .has("content-type", "multipart/byteranges; boundary="),
        case("/small.bin", part, Bytes(b"567".to_vec())).with("range", "bytes=5-7").with("if-range", tag),
        case("/small.bin", ahead, Bytes(b"0123456789".to_vec()))
            .with("range", "bytes=5-7")
            .with("if-range", "\"another\""),
        case("/small.bin", 304, Nothing).with("if-none-match", tag).has("etag", "\""),
        case("/small.bin", 412, Contains("no longer what")).with("if-match", "\"another\""),
        case("/small.bin", 416, Contains("no such bytes"))
            .with("range", "bytes=10-")
            .has("content-range", "bytes */10"),
        case("/app.js", ahead, Bytes(b"its neighbour".to_vec()))
            .with("accept-encoding", "br")
            .has("content-encoding", "br")
            .has("vary", "accept-encoding"),
        case("/app.js", part, Bytes(b"neighbour".to_vec()))
            .with("accept-encoding", "br")
            .with("range", "bytes=4-"),
        case("/text.txt", ahead, Coded("gzip")).with("accept-encoding", "gzip").has("etag", "W/\""),
        case("/text.txt", ahead, Coded("br")).with("accept-encoding", "br").has("accept-ranges", "none"),
        case("/text.txt", ahead, Coded("zstd")).with("accept-encoding", "zstd"),
        case("/folder/?archive=tar", ahead, Archive("tar")).has("content-type", "application/x-tar"),
        case("/folder/?archive=zip", ahead, Archive("zip")).has("content-type", "application/zip"),
        case("/folder/", ahead, Contains("</html>")).has("content-security-policy", "default-src 'none'"),
        case("/folder/", ahead, Contains("\"name\":\"a.bin\""))
            .with("accept", "application/json")
            .has("content-type", "application/json"),
        case("/folder", 308, Nothing).has("location", "./folder/"),
        case("/nothing", 404, Contains("\"reason\":\"not_found\""))
            .with("accept", "application/problem+json")
            .has("content-type", "application/problem+json"),
    ]
}

fn check(case: &Case, answer: &Answer, about: &str) {
    assert_eq!((answer.status, answer.is_whole), (case.status, true), "{about}");
    for (name, begins) in &case.heads {
        let value = answer.field(name).unwrap_or_else(|| panic!("{about}: no {name}"));
        assert!(value.starts_with(begins), "{about}: {name}: {value}");
    }
    match &case.body {
        Body::Nothing => assert!(answer.body.is_empty(), "{about}"),
        Body::Bytes(bytes) => assert!(answer.body == *bytes, "{about}: {} bytes", answer.body.len()),
        Body::Contains(text) => assert!(String::from_utf8_lossy(&answer.body).contains(text), "{about}"),
        Body::Coded(coding) => {
            assert_eq!(answer.field("content-encoding"), Some(*coding), "{about}");
            assert!(decode::coded(coding, &answer.body) == text().as_bytes(), "{about}");
        }
        Body::Archive(form) => {
            let found = decode::archive(form, &answer.body);
            assert_eq!(found.len(), 2, "{about}");
            assert!(found["folder/a.bin"] == large()[..200_000] && found["folder/b.txt"] == b"b", "{about}");
        }
        Body::Parts(spans) => {
            let kind = answer.field("content-type").unwrap();
            assert_eq!(
                answer.field("content-length"),
                Some(answer.body.len().to_string().as_str()),
                "{about}"
            );
            let found = decode::parts(kind, &answer.body);
            assert_eq!(found.len(), spans.len(), "{about}");
            for ((range, content), span) in found.iter().zip(spans) {
                assert_eq!(range, &format!("bytes {}-{}/{LEN}", span.start(), span.end()), "{about}");
                assert!(content == &large()[span.clone()], "{about} {range}");
            }
        }
    }
}

/// The head of a HEAD is that of the GET, but for what is new each time, and for the lengths of listings and redirects, which a HEAD does not count.
fn check_head(get: &Answer, head: &Answer, about: &str) {
    let stable = |answer: &Answer| -> Vec<(String, String)> {
        let passing = ["date", "x-request-id", "traceparent", "transfer-encoding", "connection"];
        let fields = answer.fields.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
        let boundary = |value: &str| value.split("boundary=").next().unwrap_or_default().to_owned();
        fields.map(|(name, value)| (name.clone(), boundary(value))).collect()
    };
    assert_eq!((head.status, head.body.len()), (get.status, 0), "HEAD {about}");
    let (get, head) = (stable(get), stable(head));
    let missing: Vec<_> = get.iter().filter(|field| !head.contains(field)).collect();
    let is_counted = about.contains("/folder") && missing.iter().all(|(name, _)| name == "content-length");
    assert!(missing.is_empty() || is_counted, "HEAD {about}: without {missing:?}");
    assert!(head.iter().all(|field| get.contains(field)), "HEAD {about}: {head:?}");
}

fn same_answers(transport: Transport) {
    let dir = tempfile::TempDir::new().unwrap();
    let certificate = Certificate::create(dir.path(), "site").unwrap();
    for layers in [Layers::None, Layers::Everything] {
        let site = site(layers, transport, &certificate);
        let mut client = transport.connect(site.addr, &certificate);
        let small = client.ask("GET", "/small.bin", &[]);
        for case in cases(small.field("etag").unwrap()) {
            let fields: Vec<_> = case.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let about = format!("{} {fields:?} over {transport:?} under {layers:?}", case.target);
            let answer = client.ask("GET", case.target, &fields);
            check(&case, &answer, &about);
            check_head(&answer, &client.ask("HEAD", case.target, &fields), &about);
        }
        assert_eq!(client.ask("OPTIONS", "/small.bin", &[]).status, 204);
        assert_eq!(client.ask("DELETE", "/small.bin", &[]).field("allow"), Some("GET, HEAD, OPTIONS"));
        at_once(&mut client, &format!("at once over {transport:?} under {layers:?}"));
        assert_eq!(site.stats().desyncs, 0);
        drop(client);
        site.settles();
    }
}

fn at_once(client: &mut Client, about: &str) {
    let answers = client.get_all(&[
        "/large.bin",
        "/small.bin",
        "/large.bin",
        "/folder/a.bin",
        "/text.txt",
        "/empty.bin",
    ]);
    let expected = [
        large(),
        b"0123456789".to_vec(),
        large(),
        large()[..200_000].to_vec(),
        text().into_bytes(),
        Vec::new(),
    ];
    for (answer, expected) in answers.iter().zip(expected) {
        assert!((answer.status, answer.is_whole) == (200, true) && answer.body == expected, "{about}");
    }
}

#[test]
fn the_same_answers_over_http_1() {
    same_answers(Transport::Http1);
}

#[test]
fn the_same_answers_over_http_1_and_tls() {
    same_answers(Transport::Http1OverTls);
}

#[test]
fn the_same_answers_over_http_2_by_prior_knowledge() {
    same_answers(Transport::Http2);
}

#[test]
fn the_same_answers_over_http_2_and_tls() {
    same_answers(Transport::Http2OverTls);
}
