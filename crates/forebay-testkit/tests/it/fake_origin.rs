//! The fake web server and the proxy that spoils connections.

use std::time::Duration;

use forebay_testkit::cert::Certificate;
use forebay_testkit::fake::{Cut, Fault, Framing, Gate, When};
use forebay_testkit::fake_origin::{FakeOrigin, Page, Ranges};
use forebay_testkit::fault_proxy::{FaultProxy, Trouble};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::raw::{self, RawConn};
use forebay_testkit::response::End;

const PATTERN: Pattern = Pattern::new(21);

#[test]
fn pages_let_on_as_much_as_they_are_told() {
    let origin = FakeOrigin::start().unwrap();
    origin.put("/plain", Page::pattern(PATTERN, 100_000));
    origin.put("/no-ranges", Page::pattern(PATTERN, 100_000).ranges(Ranges::Ignored).without_etag());
    origin.put("/chunked", Page::pattern(PATTERN, 100_000).framing(Framing::Chunked).without_date());
    origin.put("/loop", Page::redirect(302, &origin.url_by_name("/loop")));
    let mut conn = RawConn::connect(origin.addr()).unwrap();
    let mut get = |path: &str, fields: &str| conn.request("GET", path, fields).unwrap();
    let part = get("/plain", "Range: bytes=5000-5999\r\n");
    assert_eq!((part.head.status, PATTERN.check(5000, &part.body)), (206, Ok(())));
    let tag = part.head.field("etag").unwrap();
    assert_eq!(get("/plain", &format!("Range: bytes=0-9\r\nIf-Range: {tag}\r\n")).head.status, 206);
    assert_eq!(get("/plain", "Range: bytes=0-9\r\nIf-Range: \"x\"\r\n").head.status, 200);
    let whole = get("/no-ranges", "Range: bytes=5000-5999\r\n");
    assert_eq!((whole.head.status, whole.body.len()), (200, 100_000));
    assert_eq!((whole.head.field("etag"), whole.head.field("accept-ranges")), (None, None));
    let chunked = get("/chunked", "");
    assert_eq!((chunked.head.field("content-length"), chunked.head.field("last-modified")), (None, None));
    assert_eq!(get("/loop", "").head.field("location"), Some(origin.url_by_name("/loop").as_str()));
    assert_eq!(get("/none", "").head.status, 404);
}

#[test]
fn a_short_body_is_short_over_tls_too() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "origin").unwrap();
    let origin = FakeOrigin::start_tls(&certificate).unwrap();
    origin.put("/a", Page::pattern(PATTERN, 1_000_000));
    origin.script().push(When::get("/a"), Fault::short_after(400_000));
    let mut conn = RawConn::connect_tls(origin.addr(), certificate.client(&["http/1.1"]).unwrap()).unwrap();
    let got = conn.request("GET", "/a", "").unwrap();
    assert_eq!((got.body.len(), got.end), (400_000, End::Short));
}

#[test]
fn the_proxy_cuts_where_it_is_told_and_counts() {
    let origin = FakeOrigin::start().unwrap();
    origin.put("/a", Page::pattern(PATTERN, 1_000_000));
    let proxy = FaultProxy::start(origin.addr()).unwrap();
    let gate = Gate::new();
    proxy.push(Trouble::Cut { after: 50_000, how: Cut::Clean });
    proxy.push(Trouble::Refuse);
    proxy.push(Trouble::Stall { after: 10, gate: gate.clone() });
    assert_eq!(raw::get(proxy.addr, "/a").unwrap().end, End::Short);
    assert_eq!(proxy.bytes().0, 50_000);
    assert!(raw::get(proxy.addr, "/a").is_err());
    let body = std::thread::scope(|scope| {
        let got = scope.spawn(|| raw::get(proxy.addr, "/a").unwrap());
        assert!(gate.wait_blocking(1, Duration::from_secs(5)));
        assert_eq!(proxy.bytes().0, 50_010);
        gate.open();
        got.join().unwrap().body
    });
    assert_eq!((body.len(), PATTERN.check(0, &body)), (1_000_000, Ok(())));
    let (down, up) = proxy.bytes();
    assert!(down > 1_050_000 && up > 0 && proxy.connections() == 3, "{down} down, {up} up");
}

#[test]
fn a_network_that_goes_away_takes_every_connection() {
    let origin = FakeOrigin::start().unwrap();
    origin.put("/a", Page::bytes("x"));
    let proxy = FaultProxy::start(origin.addr()).unwrap();
    let mut conns: Vec<_> = (0..3).map(|_| RawConn::connect(proxy.addr).unwrap()).collect();
    for conn in &mut conns {
        assert_eq!(conn.request("GET", "/a", "").unwrap().body, b"x");
    }
    proxy.cut_all();
    assert!(conns.iter_mut().all(|conn| conn.is_closed().unwrap()));
}
