//! What is served from a bucket or from a web server, by the real program.

use forebay_testkit::{
    fake::{Cut, Fault, When},
    fake_s3::Draft,
    process::Server,
    raw::{self, RawConn},
    response::End,
};

use crate::{
    bucket::{Bucket, PATTERN, SECRET},
    run::{Root, admin},
};

const LEN: u64 = (3 << 20) + 17;

/// `forebay serve s3://bucket/PREFIX` on free ports.
pub(crate) fn serve(bucket: &Bucket, place: &str) -> Server {
    let words = ["serve", place, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--memory", "96MiB"];
    Server::start(bucket.command(&words)).unwrap()
}

pub(crate) fn figure(server: &Server, name: &str) -> f64 {
    let (_, text) = admin(server.admin.unwrap(), "/metrics");
    let line =
        text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_prefix_of_a_bucket_is_served_like_a_directory() {
    let bucket = Bucket::new();
    bucket.s3.put(
        "bucket",
        "pub/large.bin",
        Draft::pattern(PATTERN, LEN).field("cache-control", "max-age=60"),
    );
    bucket.s3.put("bucket", "pub/docs/page.txt", Draft::bytes("a page"));
    bucket.s3.put("bucket", "public-not", Draft::bytes("none of your business"));
    let server = serve(&bucket, "s3://bucket/pub");

    let whole = raw::get(server.addr, "/large.bin").unwrap();
    assert_eq!((whole.head.status, whole.body.len() as u64, whole.end), (200, LEN, End::Complete));
    PATTERN.check(0, &whole.body).unwrap();
    assert_eq!(whole.head.field("cache-control"), Some("max-age=60"));
    let mut conn = RawConn::connect(server.addr).unwrap();
    let range = conn.request("GET", "/large.bin", "Range: bytes=1000000-2000000\r\n").unwrap();
    assert_eq!((range.head.status, range.body.len()), (206, 1_000_001));
    PATTERN.check(1_000_000, &range.body).unwrap();
    let head = conn.request("HEAD", "/large.bin", "").unwrap();
    assert_eq!((head.head.status, head.head.content_length()), (200, Some(LEN)));
    let same = format!("If-None-Match: {}\r\n", whole.head.field("etag").unwrap());
    assert_eq!(conn.request("GET", "/large.bin", &same).unwrap().head.status, 304);

    let listing = conn.request("GET", "/", "Accept: application/json\r\n").unwrap();
    let listing = String::from_utf8(listing.body).unwrap();
    assert!(
        listing.contains("large.bin") && listing.contains("docs") && !listing.contains("not"),
        "{listing}"
    );
    for outside in ["/../public-not", "/%2e%2e/public-not", "/-not", "/missing"] {
        let answer = raw::get(server.addr, outside).unwrap();
        assert!((400..=404).contains(&answer.head.status), "{outside}: {}", answer.head.status);
    }
    assert!(figure(&server, "forebay_file_sent_bytes_total{way=\"relayed\"}") > 1_000_000.0);
    assert!(figure(&server, "forebay_upstream_connections_opened_total") >= 1.0);
    assert!(!server.said().contains(SECRET), "{}", server.said());
}

#[test]
fn an_answer_goes_on_over_another_connection_when_the_store_breaks_off() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "large", Draft::pattern(PATTERN, LEN));
    let server = serve(&bucket, "s3://bucket");
    for how in [Cut::Reset, Cut::Clean] {
        bucket.s3.script().push(When::get("large"), Fault::Short { after: 1_000_003, how });
        let answer = raw::get(server.addr, "/large").unwrap();
        assert_eq!((answer.body.len() as u64, answer.end), (LEN, End::Complete), "{how:?}");
        PATTERN.check(0, &answer.body).unwrap();
    }
    assert!(figure(&server, "forebay_upstream_continued_total") >= 2.0);
}

#[test]
fn an_object_that_changes_under_way_ends_the_answer_and_is_never_mixed() {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "large", Draft::pattern(PATTERN, LEN));
    let server = serve(&bucket, "s3://bucket");
    let other = Draft::pattern(forebay_testkit::pattern::Pattern::new(8), LEN);
    let replace = bucket.s3.replacing("bucket", "large", other);
    let faults = vec![
        Fault::Meanwhile { after: 500_000, action: replace },
        Fault::Short { after: 1_000_000, how: Cut::Reset },
    ];
    bucket.s3.script().push_all(When::get("large"), faults);
    let answer = raw::get(server.addr, "/large").unwrap();
    assert_ne!(answer.end, End::Complete);
    PATTERN.check(0, &answer.body).unwrap();
}

#[test]
fn a_web_server_is_served_on() {
    let root = Root::new();
    let origin = root.serve(&[]);
    let bucket = Bucket::new();
    let server = serve(&bucket, &format!("http://{}/", origin.addr));
    let small = raw::get(server.addr, "/small.txt").unwrap();
    assert_eq!((small.head.status, &small.body[..]), (200, &b"a small file\n"[..]));
    assert_eq!(raw::get(server.addr, "/missing").unwrap().head.status, 404);
    let large = raw::get(server.addr, "/large").unwrap();
    assert_eq!((large.body.len(), large.end), (256 << 20, End::Complete));
}
