//! What clients of `forebay serve s3://…` may rely on, and what the bucket is asked for it.

use std::time::{Duration, SystemTime};

use forebay_testkit::{
    fake::{Cut, Fault, Verb, When},
    fake_s3::Draft,
    pattern::Pattern,
    process::Server,
    raw::{self, RawConn, RawResponse},
    response::{Asked, End},
    sockets::Sockets,
};

use crate::{
    bucket::{Bucket, PATTERN},
    serving_elsewhere::{figure, serve},
};

const LEN: u64 = (3 << 20) + 17;

/// A bucket with one object, `large`, served.
fn large() -> (Bucket, Server) {
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "large", Draft::pattern(PATTERN, LEN));
    let server = serve(&bucket, "s3://bucket");
    (bucket, server)
}

fn ask(server: &Server, method: &str, target: &str, fields: &str) -> RawResponse {
    RawConn::connect(server.addr).unwrap().request(method, target, fields).unwrap()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let end = SystemTime::now() + Duration::from_secs(20);
    while !holds() {
        assert!(SystemTime::now() < end, "{what} did not come about");
        std::thread::yield_now();
    }
}

#[test]
fn ranges_and_conditions_cost_the_bucket_one_request_where_that_can_be() {
    let (bucket, server) = large();
    let tag = ask(&server, "HEAD", "/large", "").head.field("etag").unwrap().to_owned();
    let get = (0, 1);
    let head = (1, 0);
    let both = (1, 1);
    let rows = [
        (String::new(), 200, Some((0, LEN)), get),
        ("Range: bytes=1000-1999\r\n".to_owned(), 206, Some((1000, 1000)), get),
        ("Range: bytes=1000-\r\n".to_owned(), 206, Some((1000, LEN - 1000)), get),
        ("Range: bytes=-1000\r\n".to_owned(), 206, Some((LEN - 1000, 1000)), both),
        (format!("Range: bytes={LEN}-\r\n"), 416, None, both),
        (format!("If-Match: {tag}\r\n"), 200, Some((0, LEN)), get),
        ("If-Match: \"other\"\r\n".to_owned(), 412, None, get),
        (format!("If-None-Match: \"other\", {tag}\r\n"), 304, None, head),
        ("If-None-Match: \"other\"\r\n".to_owned(), 200, Some((0, LEN)), both),
        (format!("If-Range: {tag}\r\nRange: bytes=5-9\r\n"), 206, Some((5, 5)), both),
        ("If-Range: \"other\"\r\nRange: bytes=5-9\r\n".to_owned(), 200, Some((0, LEN)), both),
    ];
    for (fields, status, bytes, asked) in rows {
        bucket.s3.forget();
        let answer = ask(&server, "GET", "/large", &fields);
        assert_eq!((answer.head.status, answer.end), (status, End::Complete), "{fields}");
        assert_eq!((bucket.s3.count(Verb::Head), bucket.s3.count(Verb::Get)), asked, "{fields}");
        let ranges: Vec<_> =
            bucket.s3.seen().iter().filter_map(|seen| seen.head.field("range").map(str::to_owned)).collect();
        assert!(ranges.iter().all(|range| range.len() < 24), "numbers that fit 63 bits: {ranges:?}");
        if let Some((start, len)) = bytes {
            assert_eq!(answer.body.len() as u64, len, "{fields}");
            PATTERN.check(start, &answer.body).unwrap();
        }
    }
    let many = ask(&server, "GET", "/large", "Range: bytes=0-99,2000000-2000099\r\n");
    assert_eq!((many.head.status, many.end), (206, End::Complete));
    let body = String::from_utf8_lossy(&many.body);
    for part in ["0-99", "2000000-2000099"] {
        assert!(body.contains(&format!("Content-Range: bytes {part}/{LEN}")));
    }
}

#[test]
fn answers_without_a_body_and_clients_that_leave_keep_no_connection_and_no_descriptor() {
    let (_bucket, server) = large();
    let tag = ask(&server, "HEAD", "/large", "").head.field("etag").unwrap().to_owned();
    until("a quiet server", || Sockets::of(server.pid()).established <= 2);
    let before = server.figures().fds;
    for _ in 0..100 {
        assert_eq!(ask(&server, "HEAD", "/large", "").head.status, 200);
        assert_eq!(ask(&server, "HEAD", "/large", "Range: bytes=5-9\r\n").head.status, 206);
        assert_eq!(ask(&server, "GET", "/large", &format!("If-None-Match: {tag}\r\n")).head.status, 304);
        assert_eq!(ask(&server, "GET", "/large", "If-Match: \"other\"\r\n").head.status, 412);
        assert_eq!(ask(&server, "GET", "/large", &format!("Range: bytes={LEN}-\r\n")).head.status, 416);
        let mut leaves = RawConn::connect(server.addr).unwrap();
        leaves.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    // What is kept is an idle connection or two to the bucket, which are to be used again.
    until("the descriptors of the start", || server.figures().fds <= before + 4);
    until("no socket that waits to be closed", || Sockets::of(server.pid()).close_wait == 0);
    assert_eq!(figure(&server, "forebay_upstream_requests_waiting"), 0.0);
    let (open, idle) = ("forebay_upstream_connections_open", "forebay_upstream_connections_idle");
    until("an idle pool", || figure(&server, open) == figure(&server, idle));
}

#[test]
fn a_body_that_cannot_be_made_whole_is_cut_and_never_ended() {
    let (bucket, server) = large();
    for how in [Cut::Clean, Cut::Reset] {
        bucket.s3.script().push(When::get("large"), Fault::Short { after: 1_000_003, how });
        bucket.s3.script().push(When::get("large"), Fault::access_denied());
        let answer = ask(&server, "GET", "/large", "");
        assert_eq!((answer.head.status, answer.head.content_length()), (200, Some(LEN)), "{how:?}");
        assert_ne!(answer.end, End::Complete, "{how:?}");
        PATTERN.check(0, &answer.body).unwrap();
    }
    until("a record", || server.said().matches("\"outcome\":\"failed\"").count() == 2);
    assert!(server.said().contains("denied"), "{}", server.said());
}

#[test]
fn an_object_that_changed_is_a_cut_that_the_log_calls_changed() {
    let (bucket, server) = large();
    let replace = bucket.s3.replacing("bucket", "large", Draft::pattern(Pattern::new(8), LEN));
    let faults = vec![
        Fault::Meanwhile { after: 500_000, action: replace },
        Fault::Short { after: 1_000_000, how: Cut::Reset },
    ];
    bucket.s3.script().push_all(When::get("large"), faults);
    let answer = ask(&server, "GET", "/large", "");
    assert_ne!(answer.end, End::Complete);
    PATTERN.check(0, &answer.body).unwrap();
    until("a record", || server.said().contains("\"outcome\":\"failed\""));
    let said = server.said();
    let record = said.lines().find(|line| line.contains("\"outcome\":\"failed\"")).unwrap();
    assert!(record.contains("\"error\":\"changed"), "{record}");
    let record: serde_json::Value = serde_json::from_str(record).unwrap();
    assert_eq!(record["upstream"], "s3://bucket");
    // The answer, and one that was asked to go on with it and is of another version.
    assert_eq!((&record["upstream_requests"], &record["upstream_continued"]), (&2.into(), &1.into()));
    assert!(record["upstream_latency_ms"].as_f64().unwrap() > 0.0, "{record}");
    assert_eq!(figure(&server, "forebay_upstream_failures_total{error=\"changed\"}"), 1.0);
}

#[test]
fn a_listing_goes_on_from_page_to_page_of_the_bucket() {
    let bucket = Bucket::new();
    let wanted: Vec<_> = (0..2_345).map(|index| format!("{index:05}")).collect();
    for name in &wanted {
        bucket.s3.put("bucket", name, Draft::bytes("x"));
    }
    let server = serve(&bucket, "s3://bucket");
    let (mut target, mut names) = ("/?format=json".to_owned(), Vec::new());
    loop {
        let answer = ask(&server, "GET", &target, "");
        assert_eq!((answer.head.status, answer.end), (200, End::Complete));
        let page: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let entries = page["entries"].as_array().unwrap();
        names.extend(entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => target = format!("/?format=json&after={next}"),
            None => break,
        }
    }
    assert!(names == wanted, "{} names", names.len());
    // 1,000 entries of a page are four of the bucket's, and a few more where one ends.
    assert!(bucket.s3.count(Verb::List) <= 15, "{}", bucket.s3.count(Verb::List));
}

#[test]
fn refusals_of_the_bucket_have_their_statuses() {
    let (bucket, server) = large();
    let rows = [
        (Fault::slow_down(Some(60)), 503, Some("60")),
        (Fault::access_denied(), 403, None),
        (Fault::expired_token(), 403, None),
        (Fault::no_such_bucket(), 404, None),
        (Fault::other_region("eu-west-1"), 503, Some("2")),
    ];
    for (fault, status, retry_after) in rows {
        let what = format!("{fault:?}");
        bucket.s3.script().push(When::any().always(), fault);
        let answer = raw::get(server.addr, "/large").unwrap();
        assert_eq!((answer.head.status, answer.head.field("retry-after")), (status, retry_after), "{what}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("127.0.0.1") && !text.contains("bucket"), "no internals: {text}");
        bucket.s3.script().clear();
    }
    assert_eq!(raw::get(server.addr, "/missing").unwrap().head.status, 404);
}

#[test]
fn a_client_that_reads_nothing_is_not_read_ahead_for() {
    const HUGE: u64 = 256 << 20;
    let bucket = Bucket::new();
    bucket.s3.put("bucket", "huge", Draft::pattern(PATTERN, HUGE));
    bucket.s3.put("bucket", "other", Draft::pattern(PATTERN, 32 << 20));
    let server = serve(&bucket, "s3://bucket");
    let mut slow = RawConn::connect(server.addr).unwrap();
    slow.send(b"GET /huge HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let sent = || {
        let seen = bucket.s3.seen();
        seen.iter().filter(|seen| seen.target.key == "huge").map(|seen| seen.sent).max().unwrap_or(0)
    };
    until("a first byte", || sent() > 0);
    // Somebody else's whole download is time enough to read ahead in.
    let other = raw::get(server.addr, "/other").unwrap();
    assert_eq!((other.body.len(), other.end), (32 << 20, End::Complete));
    assert!(sent() < HUGE / 8, "{} bytes for a client that took none", sent());
    let whole = slow.response(Asked::Other).unwrap();
    assert_eq!((whole.body.len() as u64, whole.end), (HUGE, End::Complete));
    PATTERN.check(0, &whole.body).unwrap();
}

#[test]
fn no_path_leads_out_of_the_prefix() {
    let bucket = Bucket::new();
    for key in ["secret", "pub/a", "pub//a", "pub/../secret", "public", "/secret", "pub/%2e%2e/secret"] {
        bucket.s3.put("bucket", key, Draft::bytes(key.to_owned()));
    }
    let server = serve(&bucket, "s3://bucket/pub");
    assert_eq!(ask(&server, "GET", "/a", "").body, b"pub/a");
    bucket.s3.forget();
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/a/../../secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "//secret",
        "//a",
        "/lic",
        "/./a",
        "http://elsewhere.test/../secret",
        "http://elsewhere.test//a",
    ] {
        let status = ask(&server, "GET", path, "").head.status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    assert!(bucket.s3.seen().iter().all(|seen| {
        let key = &seen.target.key;
        seen.target.verb == Verb::List || (key.starts_with("pub/") && !key.contains(".."))
    }));
    // Names that are no directories of ours are names like any others.
    assert_eq!(ask(&server, "GET", "/%252e%252e/secret", "").body, b"pub/%2e%2e/secret");
}
