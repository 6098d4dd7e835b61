//! The fake S3 is right where it is not told to be wrong, and wrong in just the way that it is told.

use std::time::Duration;

use forebay_testkit::fake::{Cut, Fault, Framing, Gate, Verb, When};
use forebay_testkit::fake_s3::{Draft, FakeS3, Sum, synthetic_key};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::raw::{RawConn, RawResponse};
use forebay_testkit::response::End;

const PATTERN: Pattern = Pattern::new(11);

fn ask(s3: &FakeS3, method: &str, target: &str, fields: &str, body: &[u8]) -> RawResponse {
    let mut conn = RawConn::connect(s3.addr()).unwrap();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{length}{fields}\r\n");
    conn.send(&[head.as_bytes(), body].concat()).unwrap();
    let asked = if method == "HEAD" {
        forebay_testkit::response::Asked::Head
    } else {
        forebay_testkit::response::Asked::Other
    };
    conn.response(asked).unwrap()
}

fn get(s3: &FakeS3, fields: &str) -> RawResponse {
    ask(s3, "GET", "/b/k", fields, b"")
}

fn with_object(len: u64) -> FakeS3 {
    let s3 = FakeS3::start().unwrap();
    s3.put("b", "k", Draft::pattern(PATTERN, len).field("expires", "not a date"));
    s3
}

fn text(response: &RawResponse) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

#[test]
fn a_range_of_a_huge_object_is_made_on_the_fly() {
    let s3 = with_object(5 << 40);
    let first: u64 = (5 << 40) - 1000;
    let got = get(&s3, &format!("Range: bytes={first}-\r\n"));
    assert_eq!((got.head.status, got.end), (206, End::Complete));
    assert_eq!(
        got.head.field("content-range").unwrap(),
        format!("bytes {first}-{}/{}", (5u64 << 40) - 1, 5u64 << 40)
    );
    assert_eq!(got.head.field("expires"), Some("not a date"));
    assert_eq!(PATTERN.check(first, &got.body), Ok(()));
    assert_eq!(s3.seen()[0].sent, 1000);
}

#[test]
fn conditions_hold_for_reads_and_writes() {
    let s3 = with_object(10);
    let etag = s3.object("b", "k").unwrap().etag.clone();
    assert_eq!(get(&s3, &format!("If-Match: {etag}\r\n")).head.status, 200);
    assert_eq!(get(&s3, "If-Match: \"other\"\r\n").head.status, 412);
    assert_eq!(get(&s3, &format!("If-None-Match: {etag}\r\n")).head.status, 304);
    assert_eq!(ask(&s3, "PUT", "/b/k", "If-None-Match: *\r\n", b"x").head.status, 412);
    assert_eq!(ask(&s3, "PUT", "/b/new", "If-None-Match: *\r\n", b"x").head.status, 200);
    assert_eq!(ask(&s3, "HEAD", "/b/none", "", b"").head.status, 404);
    assert!(text(&ask(&s3, "GET", "/nobucket/k", "", b"")).contains("NoSuchBucket"));
}

#[test]
fn an_upload_is_checked_and_a_large_one_is_not_kept() {
    let s3 = with_object(0);
    let bytes = PATTERN.bytes(0, 3_000_000);
    let sum = Sum::Crc32c.of(&forebay_testkit::fake::Content::pattern(PATTERN, 3_000_000));
    let put =
        ask(&s3, "PUT", "/b/up", &format!("x-amz-checksum-crc32c: {sum}\r\nx-amz-meta-a: b\r\n"), &bytes);
    assert_eq!(put.head.status, 200, "{}", text(&put));
    let object = s3.object("b", "up").unwrap();
    assert_eq!((object.content.check(PATTERN), object.content.kept()), (Ok(()), 0));
    assert_eq!(object.field("x-amz-meta-a"), Some("b"));
    let put = ask(&s3, "PUT", "/b/up", "x-amz-checksum-crc32c: AAAAAA==\r\n", &bytes);
    assert!(text(&put).contains("BadDigest"));
}

#[test]
fn parts_become_an_object_whose_digest_is_that_of_the_whole() {
    let s3 = with_object(0);
    s3.allow_small_parts();
    let begun = ask(&s3, "POST", "/b/m?uploads", "x-amz-checksum-algorithm: CRC64NVME\r\n", b"");
    let id = text(&begun).split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let mut named = String::new();
    for (number, from, len) in [(1, 0, 100_000), (2, 100_000, 100_000), (3, 200_000, 77)] {
        let bytes = PATTERN.bytes(from, len);
        let put = ask(&s3, "PUT", &format!("/b/m?partNumber={number}&uploadId={id}"), "", &bytes);
        let tag = put.head.field("etag").unwrap();
        named += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>");
    }
    assert_eq!(s3.uploads("b")[0].parts.len(), 3);
    let body = format!("<CompleteMultipartUpload>{named}</CompleteMultipartUpload>");
    let target = format!("/b/m?uploadId={id}");
    s3.script().push(When::verb(Verb::Complete), Fault::ErrorInside("InternalError"));
    let inside = ask(&s3, "POST", &target, "", body.as_bytes());
    assert_eq!((inside.head.status, text(&inside).contains("InternalError")), (200, true));
    let done = ask(&s3, "POST", &target, "If-None-Match: *\r\n", body.as_bytes());
    assert_eq!(done.head.status, 200, "{}", text(&done));
    let object = s3.object("b", "m").unwrap();
    assert_eq!((object.content.len(), object.content.check(PATTERN)), (200_077, Ok(())));
    assert_eq!(object.sum.clone().unwrap().value, Sum::Crc64Nvme.of(&object.content));
    assert_eq!(s3.uploads("b").len(), 0);
}

#[test]
fn a_million_keys_are_listed_by_pages() {
    let s3 = FakeS3::start().unwrap();
    s3.create_synthetic("m", 1_000_000, 100);
    let page = text(&ask(&s3, "GET", "/m?list-type=2&prefix=000999/", "", b""));
    assert!(page.contains("<KeyCount>1000</KeyCount><IsTruncated>false"), "{}", &page[..300]);
    let page = text(&ask(&s3, "GET", "/m?list-type=2&delimiter=/&max-keys=3&start-after=000500/x", "", b""));
    assert!(page.contains("<CommonPrefixes><Prefix>000501/</Prefix>") && page.contains("<Prefix>000503/<"));
    let token = page.split("<NextContinuationToken>").nth(1).unwrap().split('<').next().unwrap();
    let page = text(&ask(
        &s3,
        "GET",
        &format!("/m?list-type=2&delimiter=/&max-keys=1&continuation-token={token}"),
        "",
        b"",
    ));
    assert!(page.contains("<Prefix>000504/<"), "{page}");
    let got = ask(&s3, "GET", &format!("/m/{}", synthetic_key(7)), "", b"");
    assert_eq!(Pattern::new(7).check(0, &got.body), Ok(()));
}

#[test]
fn bodies_end_as_scripted_to_the_byte() {
    let s3 = with_object(1_000_000);
    s3.script().push(When::get("k"), Fault::short_after(300_001));
    s3.script().push(When::get("k"), Fault::Framing(Framing::Chunked));
    s3.script().push_all(When::get("k"), vec![Fault::Framing(Framing::UntilClose), Fault::short_after(7)]);
    s3.script().push(When::get("k"), Fault::Flip { at: 500_000 });
    s3.script().push(When::get("k"), Fault::WrongRange { first: 1, last: 0, total: -5 });
    s3.script().push(When::get("k"), Fault::IgnoreRange);
    s3.script().push(When::get("k"), Fault::slow_down(Some(2)));
    let short = get(&s3, "");
    assert_eq!((short.body.len(), short.end), (300_001, End::Short));
    let chunked = get(&s3, "");
    assert_eq!(
        (chunked.body.len(), chunked.end, chunked.head.content_length()),
        (1_000_000, End::Complete, None)
    );
    assert_eq!((get(&s3, "").body.len(), s3.seen()[2].sent), (7, 7));
    assert_eq!(PATTERN.check(0, &get(&s3, "").body).unwrap_err().offset, 500_000);
    let wrong = get(&s3, "Range: bytes=10-19\r\n");
    assert_eq!(wrong.head.field("content-range"), Some("bytes 11-19/999995"));
    assert_eq!(get(&s3, "Range: bytes=10-19\r\n").head.status, 200);
    let slow = get(&s3, "");
    assert_eq!((slow.head.status, slow.head.field("retry-after")), (503, Some("2")));
    assert_eq!(s3.script().left(), 0);
}

#[test]
fn a_reset_is_a_reset_and_an_upload_may_lose_its_answer() {
    let s3 = with_object(100);
    s3.script().push(When::get("k"), Fault::HangUp(Cut::Reset));
    let mut conn = RawConn::connect(s3.addr()).unwrap();
    conn.send(b"GET /b/k HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(conn.is_closed().unwrap());
    s3.script().push(When::verb(Verb::Put), Fault::LoseAnswer(Cut::Clean));
    let mut conn = RawConn::connect(s3.addr()).unwrap();
    conn.send(b"PUT /b/lost HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx").unwrap();
    assert!(conn.is_closed().unwrap());
    assert!(s3.object("b", "lost").is_some());
}

#[test]
fn a_stalled_body_goes_on_when_the_gate_opens_and_the_object_may_be_replaced_meanwhile() {
    let s3 = with_object(1_000_000);
    let gate = Gate::new();
    let replaced = s3.replacing("b", "k", Draft::bytes("new"));
    s3.script().push_all(
        When::get("k"),
        vec![Fault::stall_after(1000, &gate), Fault::Meanwhile { after: 2000, action: replaced }],
    );
    let body = std::thread::scope(|scope| {
        let got = scope.spawn(|| get(&s3, ""));
        assert!(gate.wait_blocking(1, Duration::from_secs(5)));
        assert_eq!((s3.seen()[0].sent, s3.object("b", "k").unwrap().content.len()), (1000, 1_000_000));
        gate.open();
        got.join().unwrap().body
    });
    assert_eq!((body.len(), PATTERN.check(0, &body)), (1_000_000, Ok(())));
    assert_eq!(get(&s3, "").body, b"new");
}
