//! Objects from across a network: the right bytes, all of them, or an end that shows.

use forebay_budget::Class;
use forebay_testkit::fake::{Fault, Framing, Gate, Verb, When};
use forebay_testkit::fake_origin::{Page, Ranges};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::response::End;

use crate::front::{Front, LEN, PATTERN, is_whole};
use crate::site::Layers;

#[test]
fn objects_and_ranges_arrive_under_every_layer() {
    for layers in Layers::ALL {
        let front = Front::with(layers, &[]);
        front.put("/dir/big.iso", LEN);
        let answer = front.site.get("/dir/big.iso");
        is_whole(&answer, 200, 0, LEN);
        let tag = answer.head.field("etag").unwrap().to_owned();
        assert_eq!(answer.head.field("accept-ranges"), Some("bytes"));
        let fields = format!("Range: bytes=1000-1999999\r\nIf-Range: {tag}\r\n");
        let part = front.site.ask("GET", "/dir/big.iso", &fields);
        is_whole(&part, 206, 1000, 1_999_000);
        assert_eq!(part.head.field("content-range"), Some(&*format!("bytes 1000-1999999/{LEN}")));
        front.site.settles();
    }
}

#[test]
fn many_ranges_come_one_after_the_other() {
    let front = Front::new();
    front.put("/big.iso", LEN);
    let spans = [(0, 99_999), (1_000_000, 1_099_999), (LEN - 10, LEN - 1)];
    let answer = front.site.ask("GET", "/big.iso", "Range: bytes=0-99999,1000000-1099999,-10\r\n");
    assert_eq!((answer.head.status, answer.end), (206, End::Complete));
    let mut rest = &answer.body[..];
    for (first, last) in spans {
        let begins = rest.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(rest[..begins].to_vec()).unwrap();
        assert!(head.contains(&format!("Content-Range: bytes {first}-{last}/{LEN}")), "{head}");
        let len = usize::try_from(last - first + 1).unwrap();
        PATTERN.check(first, &rest[begins..begins + len]).unwrap();
        rest = &rest[begins + len..];
    }
    assert!(rest.ends_with(b"--\r\n"));
    assert_eq!(front.requests(Verb::Get), 3);
    front.site.settles();
}

#[test]
fn an_upstream_that_breaks_is_continued_and_every_byte_is_right() {
    let front = Front::new();
    front.put("/big.iso", LEN);
    let gate = Gate::new();
    let faults = [
        Fault::reset_after(100_000),
        Fault::short_after(700_001),
        Fault::stall_after(50_000, &gate),
        Fault::refuse(503, "SlowDown"),
        Fault::IgnoreRange,
    ];
    for fault in faults {
        front.origin.script().push(When::verb(Verb::Get), fault);
    }
    is_whole(&front.site.get("/big.iso"), 200, 0, LEN);
    gate.open();
    let tags: Vec<_> = front
        .origin
        .seen()
        .iter()
        .filter_map(|seen| seen.head.field("if-match").map(str::to_owned))
        .collect();
    assert!(tags.len() >= 3 && tags.iter().all(|tag| *tag == tags[0]), "{tags:?}");
    assert!(front.site.metrics().contains("forebay_upstream_continued_total 5"), "{}", front.site.metrics());
    front.site.settles();
}

#[test]
fn a_change_on_the_way_ends_the_connection_and_mixes_nothing() {
    let front = Front::new();
    front.put("/big.iso", LEN);
    let next = Page::pattern(Pattern::new(22), LEN).etag("\"next\"");
    front.origin.script().push_all(
        When::verb(Verb::Get),
        vec![
            Fault::Meanwhile { after: 500_000, action: front.origin.replacing("/big.iso", next) },
            Fault::reset_after(600_000),
        ],
    );
    let answer = front.site.get("/big.iso");
    assert_eq!((answer.head.status, answer.head.content_length()), (200, Some(LEN)));
    assert_ne!(answer.end, End::Complete, "never a short body presented as all");
    assert!(answer.body.len() >= 500_000);
    PATTERN.check(0, &answer.body).unwrap();
    assert!(front.site.metrics().contains("forebay_upstream_failures_total{error=\"changed\"} 1"));
    front.site.settles();
}

#[test]
fn a_client_that_leaves_or_stops_reading_holds_no_one_up() {
    let front = Front::new();
    front.put("/big.iso", 64 << 20);
    let mut slow = front.site.connect();
    slow.send(b"GET /big.iso HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    front.site.until("the upstream's back-pressure", |_| {
        let seen = front.origin.seen();
        seen.iter().any(|seen| seen.target.verb == Verb::Get && seen.sent > 0)
    });
    front.site.until("a window that is paid", |site| site.ledger.usage(Class::Reads).in_use > 0);
    // A pause of ours is not a stall of the server's: the limit passes several times while nobody reads.
    is_whole(&front.site.ask("GET", "/big.iso", "Range: bytes=5-9\r\n"), 206, 5, 5);
    drop(slow);
    front.site.settles();
    let sent = front.origin.seen().iter().map(|seen| seen.sent).max().unwrap();
    assert!(sent < 32 << 20, "{sent} bytes were sent for a client that took none");
}

#[test]
fn failures_of_the_store_have_their_statuses() {
    let front = Front::new();
    front.put("/a", 10);
    let rows = [
        (Fault::Refuse { status: 429, code: "slow", retry_after: Some(60) }, 503, Some("60")),
        (Fault::Refuse { status: 403, code: "no", retry_after: None }, 403, None),
        (Fault::Refuse { status: 500, code: "oops", retry_after: None }, 503, Some("2")),
        (Fault::Refuse { status: 418, code: "teapot", retry_after: None }, 503, Some("2")),
        (Fault::redirect(302, "/a"), 503, Some("2")),
    ];
    for (fault, status, retry_after) in rows {
        let what = format!("{fault:?}");
        front.origin.script().push(When::any().always(), fault);
        let answer = front.site.get("/a");
        assert_eq!((answer.head.status, answer.head.field("retry-after")), (status, retry_after), "{what}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("127.0.0.1"), "no internals: {text}");
        front.origin.script().clear();
    }
    for path in ["/missing", "/dir/", "/"] {
        assert_eq!(front.site.get(path).head.status, 404, "{path}");
    }
}

#[test]
fn what_is_stored_beside_an_object_goes_out_with_it_and_nothing_else() {
    let front = Front::new();
    // Long enough to be worth compressing, if it were not coded.
    let coded = vec![b'x'; 4000];
    let page = Page::bytes(coded.clone())
        .field("content-type", "text/x-test")
        .field("cache-control", "max-age=7")
        .field("expires", "0")
        .field("age", "5")
        .field("content-disposition", "inline")
        .field("connection", "keep-alive, x-hop")
        .field("x-hop", "secret")
        .field("keep-alive", "timeout=5")
        .field("alt-svc", "h3")
        .field("content-language", "de")
        .field("content-encoding", "gzip")
        .field("set-cookie", "a=b")
        .field("server", "secret")
        .field("x-internal", "secret");
    front.origin.put("/a.css", page);
    let answer = front.site.ask("GET", "/a.css", "Accept-Encoding: gzip, br\r\n");
    let field = |name| answer.head.field(name);
    assert_eq!(field("content-type"), Some("text/x-test"));
    assert_eq!(field("cache-control"), Some("max-age=7"));
    assert_eq!((field("content-language"), field("content-encoding")), (Some("de"), Some("gzip")));
    assert_eq!(
        [field("age"), field("expires"), field("content-disposition")],
        [Some("5"), Some("0"), Some("inline")]
    );
    let left_behind = ["set-cookie", "server", "x-internal", "x-hop", "keep-alive", "alt-svc"];
    assert_eq!(left_behind.map(field), [None; 6]);
    assert!(answer.body == coded, "what is coded is not coded again");
    assert_eq!(
        front.site.get("/a.css?download=b").head.field("content-disposition").map(|value| &value[..10]),
        Some("attachment")
    );
}

#[test]
fn servers_without_ranges_or_lengths_are_served_whole() {
    let front = Front::new();
    front.origin.put("/whole", Page::pattern(PATTERN, LEN).ranges(Ranges::Ignored));
    let answer = front.site.ask("GET", "/whole", "Range: bytes=5-9\r\n");
    is_whole(&answer, 200, 0, LEN);
    assert_eq!(answer.head.field("accept-ranges"), Some("none"));

    front
        .origin
        .put("/endless", Page::pattern(PATTERN, LEN).ranges(Ranges::Ignored).framing(Framing::Chunked));
    let answer = front.site.get("/endless");
    assert_eq!((answer.head.status, answer.end, answer.body.len() as u64), (200, End::Complete, LEN));
    PATTERN.check(0, &answer.body).unwrap();
    assert_eq!(front.site.ask("HEAD", "/endless", "").head.status, 200);
    // Where nothing tells a broken body from a whole one, the client's connection has to.
    front.origin.script().push(When::verb(Verb::Get), Fault::reset_after(1_000_000));
    let broken = front.site.get("/endless");
    assert_ne!(broken.end, End::Complete);
}

#[test]
fn text_from_across_a_network_is_compressed_on_the_way() {
    let front = Front::new();
    let text = "all work and no play ".repeat(50_000);
    front.origin.put("/a.txt", Page::bytes(text.clone()).field("content-type", "text/plain"));
    front.origin.script().push(When::verb(Verb::Get), Fault::reset_after(100_000));
    let answer = front.site.ask("GET", "/a.txt", "Accept-Encoding: gzip\r\n");
    assert_eq!((answer.head.field("content-encoding"), answer.end), (Some("gzip"), End::Complete));
    assert!(answer.body.len() < text.len() / 10);
    let mut back = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&answer.body[..]), &mut back).unwrap();
    assert!(back == text);
    front.site.settles();
}

#[test]
fn archives_are_made_of_what_is_across_a_network() {
    let front = Front::with(Layers::None, &[("d/big", LEN), ("d/small", 100)]);
    front.put("/d/big", LEN).put("/d/small", 100);
    front.origin.script().push(When::get("/d/big"), Fault::reset_after(1_000_000));
    let answer = front.site.get("/d/?archive=tar");
    assert_eq!((answer.head.status, answer.end), (200, End::Complete));
    let begins = PATTERN.bytes(0, 64);
    let big = answer.body.windows(64).position(|window| window == begins).unwrap();
    PATTERN.check(0, &answer.body[big..big + LEN as usize]).unwrap();
    let small = big + LEN as usize + 512;
    PATTERN.check(0, &answer.body[small..small + 100]).unwrap();
    assert_eq!(front.requests(Verb::Get), 3, "one request for a file, and one more where it broke");
    assert_eq!(front.requests(Verb::Head), 0);
    front.site.settles();
}
