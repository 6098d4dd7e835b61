//! What a store across a network is asked for, and how often.

use forebay_budget::Class;
use forebay_testkit::fake::{Fault, Verb, When};
use forebay_testkit::fake_origin::Page;
use forebay_testkit::response::{Asked, End};

use crate::front::{Front, LEN, is_whole};

#[test]
fn a_change_before_the_first_byte_is_the_next_versions_answer() {
    let front = Front::new();
    front.put("/big.iso", LEN);
    // The head is of a version that is gone by the time of the read.
    front.origin.script().push(When::verb(Verb::Head), Fault::Field("etag", Some("\"old\"".to_owned())));
    let answer = front.site.ask("GET", "/big.iso", &format!("Range: bytes=-{LEN}\r\n"));
    is_whole(&answer, 206, 0, LEN);
    assert_ne!(answer.head.field("etag"), Some("\"old\""));
    assert_eq!(front.requests(Verb::Head), 2, "it is asked what is there now");
}

#[test]
fn what_is_known_from_the_head_needs_no_body() {
    let front = Front::new();
    front.put("/big.iso", LEN);
    let head = front.site.ask("HEAD", "/big.iso", "");
    assert_eq!((head.head.status, head.head.content_length()), (200, Some(LEN)));
    let tag = head.head.field("etag").unwrap().to_owned();
    let ask = |fields: &str| front.site.ask("GET", "/big.iso", fields).head.status;
    assert_eq!(ask(&format!("If-None-Match: {tag}\r\n")), 304);
    assert_eq!(ask("If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT\r\n"), 304);
    assert_eq!((front.requests(Verb::Head), front.requests(Verb::Get)), (3, 0));
}

#[test]
fn an_answer_costs_the_store_one_request() {
    let front = Front::new();
    front.put("/big.iso", LEN).put("/a.txt", 5000);
    let tag = front.site.ask("HEAD", "/big.iso", "").head.field("etag").unwrap().to_owned();
    let old = "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    let rows = [
        ("/big.iso", String::new(), 200),
        ("/big.iso", "Range: bytes=1000-1999999\r\n".to_owned(), 206),
        ("/big.iso", "Range: bytes=1000-\r\n".to_owned(), 206),
        ("/big.iso", "Range: bytes=0-\r\n".to_owned(), 206),
        ("/big.iso", "Range: bytes=1000-99999999\r\n".to_owned(), 206),
        ("/big.iso", "Range: lines=1-2\r\n".to_owned(), 200),
        ("/big.iso", format!("If-Match: {tag}\r\nRange: bytes=5-9\r\n"), 206),
        ("/big.iso", "If-Match: \"other\"\r\n".to_owned(), 412),
        ("/big.iso", old.to_owned(), 412),
        ("/a.txt", "Accept-Encoding: gzip\r\n".to_owned(), 200),
        ("/missing", String::new(), 404),
    ];
    for (path, fields, status) in rows {
        front.origin.forget();
        let answer = front.site.ask("GET", path, &fields);
        assert_eq!((answer.head.status, answer.end), (status, End::Complete), "{path} {fields}");
        assert_eq!((front.requests(Verb::Head), front.requests(Verb::Get)), (0, 1), "{path} {fields}");
    }
    // What lies behind the end has no bytes to come with its length: that is asked for.
    front.origin.forget();
    let outside = front.site.ask("GET", "/big.iso", &format!("Range: bytes={LEN}-\r\n"));
    assert_eq!(outside.head.status, 416);
    assert_eq!(outside.head.field("content-range"), Some(&*format!("bytes */{LEN}")));
    assert_eq!((front.requests(Verb::Head), front.requests(Verb::Get)), (1, 1));
    front.site.settles();
}

#[test]
fn an_empty_object_has_no_ranges() {
    let front = Front::new();
    front.put("/empty", 0);
    is_whole(&front.site.ask("GET", "/empty", "Range: bytes=0-\r\n"), 200, 0, 0);
    is_whole(&front.site.get("/empty"), 200, 0, 0);
}

#[test]
fn nobody_waits_for_memory_with_a_connection_in_hand() {
    let front = Front::new();
    front.put("/big.iso", LEN);
    let free = front.site.ledger.usage(Class::Reads).capacity;
    let all = front.site.ledger.try_acquire(Class::Reads, free).unwrap();
    let mut client = front.site.connect();
    client.send(b"GET /big.iso HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    front.site.until("a waiter", |site| site.ledger.usage(Class::Reads).waiting > 0);
    let held = front.client.stats();
    assert_eq!((front.requests(Verb::Get), held.in_use), (1, 0), "{held:?}");
    drop(all);
    is_whole(&client.response(Asked::Other).unwrap(), 200, 0, LEN);
    assert_eq!(front.requests(Verb::Get), 2);
    drop(client);
    front.site.settles();
}

#[test]
fn what_an_origin_has_under_a_slash_is_passed_on() {
    let front = Front::new();
    front.put("/dir/", 5000).put("/", 300).put("/dir", 70);
    front.origin.put("/sub/", Page::bytes("<p>").field("content-type", "text/html"));
    for (path, len) in [("/dir/", 5000), ("/", 300), ("/dir", 70)] {
        front.origin.forget();
        is_whole(&front.site.get(path), 200, 0, len);
        assert_eq!((front.requests(Verb::Head), front.requests(Verb::Get)), (0, 1), "{path}");
        assert_eq!(front.site.ask("HEAD", path, "").head.content_length(), Some(len));
    }
    is_whole(&front.site.ask("GET", "/dir/", "Range: bytes=10-19\r\n"), 206, 10, 10);
    assert_eq!(front.site.get("/sub/").head.field("content-type"), Some("text/html"));
    front.origin.script().push(When::any(), Fault::redirect(301, "/sub/?token=secret"));
    let answer = front.site.get("/sub?a=b");
    assert_eq!((answer.head.status, answer.head.field("location")), (308, Some("./sub/?a=b")));
}

#[test]
fn no_path_leads_out_of_the_base() {
    let front = Front::below("/pub/");
    front.put("/secret", 10).put("/pub/a", 10).put("/pub/", 20).put("/pub//a", 30).put("//secret", 10);
    is_whole(&front.site.get("/a"), 200, 0, 10);
    is_whole(&front.site.get("/"), 200, 0, 20);
    front.origin.forget();
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/%2E./secret",
        "/a/../../secret",
        "/..%2fsecret",
        "/..%5csecret",
        "/a%2f..%2f..%2fsecret",
        "//secret",
        "//a",
        "/./a",
        "/%00",
    ] {
        let status = front.site.get(path).head.status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    let asked: Vec<_> = front.origin.seen().into_iter().map(|seen| seen.head.path).collect();
    assert!(asked.iter().all(|target| target.starts_with("/pub/") && !target.contains("/../")), "{asked:?}");
    // A proxy's form of the same names the same.
    is_whole(&front.site.ask("GET", "http://elsewhere.test/a", ""), 200, 0, 10);
    assert_eq!(front.site.ask("GET", "http://elsewhere.test/../secret", "").head.status, 400);
}
