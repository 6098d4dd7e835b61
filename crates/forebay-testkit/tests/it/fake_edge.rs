//! The scripted edge says what a cache says, lies when it is told to, and counts.

use std::ops::ControlFlow;
use std::time::Duration;

use forebay_testkit::edges::ats::Via;
use forebay_testkit::fake::{Fault, Framing, Gate, Verb, When};
use forebay_testkit::fake_edge::{Asked, FakeEdge, Flavour, Habit};
use forebay_testkit::fetch;
use forebay_testkit::raw::{RawConn, RawResponse};
use forebay_testkit::response::{Asked as Method, End};

const LOOK: &str = "Cache-Control: only-if-cached\r\n";

fn edge(flavour: Flavour) -> (FakeEdge, RawConn) {
    let edge = FakeEdge::start(flavour).unwrap();
    edge.put("/a?b=1", 100_000);
    let conn = RawConn::connect(edge.addr()).unwrap();
    (edge, conn)
}

fn ask(conn: &mut RawConn, method: &str, fields: &str) -> RawResponse {
    conn.request(method, "/a?b=1", fields).unwrap()
}

/// One life of an object: looked for, fetched, served, looked for, purged, looked for, purged again.
fn life(conn: &mut RawConn, field: &str) -> Vec<(u16, String)> {
    [("HEAD", LOOK), ("GET", ""), ("GET", ""), ("HEAD", LOOK), ("PURGE", ""), ("HEAD", LOOK), ("PURGE", "")]
        .into_iter()
        .map(|(method, fields)| {
            let answer = ask(conn, method, fields);
            (answer.head.status, answer.head.field(field).unwrap_or_default().to_owned())
        })
        .collect()
}

#[test]
fn each_flavour_tells_the_life_of_an_object_in_its_own_words() {
    let statuses = [504, 200, 200, 200, 200, 504, 404];
    for (flavour, field, words) in [
        (Flavour::Ats(Via::Codes), "via", ["cM", "cMsSfW", "cH", "cH", "cH", "cM", "c "]),
        (Flavour::Ats(Via::Off), "via", [""; 7]),
        (Flavour::XCache, "x-cache", ["MISS", "MISS", "HIT", "HIT", "MISS", "MISS", "MISS"]),
        (
            Flavour::CacheStatus,
            "cache-status",
            ["edge", "uri-miss; stored", "hit", "hit", "edge", "edge", "edge"],
        ),
    ] {
        let (edge, mut conn) = edge(flavour);
        for ((status, told), (expected, word)) in
            life(&mut conn, field).into_iter().zip(statuses.into_iter().zip(words))
        {
            assert!(
                status == expected && told.contains(word),
                "{flavour:?}: {status} {told:?}, not {word:?}"
            );
        }
        let asked = edge.asked("/a?b=1");
        assert_eq!(asked, Asked { get: 2, look: 3, purge: 2, ..Asked::default() });
    }
}

#[test]
fn only_whole_gets_are_kept_by_the_one_and_anything_by_the_others() {
    for (flavour, kept) in [(Flavour::Ats(Via::Codes), false), (Flavour::XCache, true)] {
        for (method, fields) in [("HEAD", ""), ("GET", "Range: bytes=5-9\r\n")] {
            let (edge, mut conn) = edge(flavour);
            let answer = ask(&mut conn, method, fields);
            assert_eq!(FakeEdge::BODY.check(5, &answer.body), Ok(()));
            assert_eq!(edge.has("/a?b=1"), kept, "{flavour:?} {method} {fields}");
        }
    }
}

#[test]
fn what_is_in_it_has_an_age() {
    let (edge, mut conn) = edge(Flavour::XCache);
    edge.fill("/a?b=1", Duration::from_secs(90));
    assert_eq!(ask(&mut conn, "HEAD", LOOK).head.field("age"), Some("90"));
    edge.clear();
    assert_eq!(ask(&mut conn, "GET", "").head.field("age"), Some("0"));
}

#[test]
fn an_unknown_host_and_an_absent_object_have_one_status_and_two_bodies() {
    let (edge, mut conn) = edge(Flavour::Ats(Via::Codes));
    edge.serve_only(&["www.example.test"]);
    let unknown = ask(&mut conn, "PURGE", "");
    let absent = conn.request("PURGE", "http://www.example.test/none", "").unwrap();
    assert_eq!((unknown.head.status, unknown.body.is_empty()), (404, false));
    assert_eq!((absent.head.status, absent.body.is_empty()), (404, true));
    assert_eq!((edge.asked("/none").purge, edge.asked("/a?b=1").purge), (1, 0));
}

#[test]
fn habits_show_in_what_it_has_and_not_in_what_it_says() {
    for (habit, says_stored, has, has_after_purge) in [
        (Habit::Keeps, true, true, false),
        (Habit::KeepsNothing, false, false, false),
        (Habit::Forgets, true, false, false),
        (Habit::KeepsForEver, true, true, true),
    ] {
        let (edge, mut conn) = edge(Flavour::Ats(Via::Codes));
        edge.behave_with("/a?b=1", habit);
        let stored = ask(&mut conn, "GET", "").head.field("via").unwrap().contains("fW");
        assert_eq!((stored, edge.has("/a?b=1")), (says_stored, has), "{habit:?}");
        let purged = ask(&mut conn, "PURGE", "").head.status;
        let there = ask(&mut conn, "HEAD", LOOK).head.status;
        let expected = (if has { 200 } else { 404 }, if has_after_purge { 200 } else { 504 });
        assert_eq!((purged, there), expected, "{habit:?}");
    }
}

#[tokio::test]
async fn a_long_body_goes_on_behind_its_end_and_an_endless_one_has_none() {
    let (edge, mut conn) = edge(Flavour::XCache);
    edge.script().push(When::get("/a?b=1"), Fault::Long(7));
    edge.script().push_all(When::get("/a?b=1"), vec![Fault::Framing(Framing::Chunked), Fault::Endless]);
    let long = ask(&mut conn, "GET", "");
    assert_eq!((long.body.len(), long.end), (100_000, End::Complete));
    // What follows is taken for the next answer, and is none.
    assert!(conn.request("GET", "/", "").is_err());
    let mut taken = 0;
    let walk_away = |body: &[u8]| {
        taken += body.len();
        if taken < 50_000_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let endless = fetch::watched(edge.addr(), "/a?b=1", "", walk_away).await.unwrap();
    assert_eq!((endless.head.field("transfer-encoding"), endless.end), (Some("chunked"), End::Short));
    assert!(edge.tally().sent >= 50_000_000);
}

#[test]
fn requests_are_counted_as_they_come_and_as_they_stand() {
    let edge = FakeEdge::start(Flavour::XCache).unwrap();
    let gate = Gate::new();
    edge.put_everywhere(10);
    edge.script().push(When::verb(Verb::Get).times(3), Fault::Hang(gate.clone()));
    let mut conns: Vec<RawConn> = (0..3).map(|_| RawConn::connect(edge.addr()).unwrap()).collect();
    for (i, conn) in conns.iter_mut().enumerate() {
        conn.send(format!("GET /{i} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        assert!(gate.wait_blocking(i + 1, Duration::from_secs(5)));
    }
    assert_eq!((edge.tally().under_way, edge.tally().sent), (3, 0));
    gate.open();
    for conn in &mut conns {
        assert_eq!(conn.response(Method::Other).unwrap().body.len(), 10);
        assert_eq!(conn.request("PURGE", "/0", "").unwrap().body.len(), 0);
    }
    let tally = edge.tally();
    assert_eq!((tally.requests, tally.connections, tally.under_way_most, tally.sent), (6, 3, 3, 30));
    assert_eq!((tally.of[&Verb::Get], tally.of[&Verb::Purge]), (3, 3));
    let order: Vec<String> = edge.seen().into_iter().map(|seen| seen.target.key).collect();
    assert_eq!(order, ["/0", "/1", "/2", "/0", "/0", "/0"]);
}
