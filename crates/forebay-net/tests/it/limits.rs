//! Who is cut, when, and who is not. The limits are short, the waits are for conditions.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use forebay_budget::Rate;
use forebay_net::{ConnLimits, Party, Reason, ServeOptions};
use forebay_testkit::raw::RawConn;
use forebay_testkit::response::Asked;

use crate::server::{Server, router};

const LONG: Duration = Duration::from_secs(3600);

/// Limits that never strike, looked at often.
fn generous(options: &mut ServeOptions) {
    options.sweep_every = Duration::from_millis(5);
    options.limits = ConnLimits {
        head: LONG,
        idle: LONG,
        stall: LONG,
        min_rate: Rate::b(0),
        grace: LONG,
        handshake: LONG,
        drain: LONG,
    };
}

fn server(limit: impl FnOnce(&mut ConnLimits)) -> Server {
    Server::with(
        |options| {
            generous(options);
            limit(&mut options.limits);
        },
        router,
    )
}

const SHORT: Duration = Duration::from_millis(60);

/// Reads to the end: `Ok` for a FIN, the error for a reset.
fn end_of(mut stream: TcpStream) -> std::io::Result<u64> {
    let mut block = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match stream.read(&mut block)? {
            0 => return Ok(bytes),
            n => bytes += n as u64,
        }
    }
}

#[test]
fn a_head_that_never_ends_is_cut() {
    let server = server(|limits| limits.head = SHORT);
    let silent = TcpStream::connect(server.addr).unwrap();
    let mut trickling = TcpStream::connect(server.addr).unwrap();
    trickling.write_all(b"GET /small HTTP/1.1\r\nX-Slow: ").unwrap();
    assert!(end_of(silent).is_err());
    assert!(end_of(trickling).is_err());
    let mut conn = RawConn::connect(server.addr).unwrap();
    conn.request("GET", "/small", "").unwrap();
    conn.send(b"GET /sm").unwrap();
    assert!(conn.is_closed().unwrap(), "the second head has the same limit");
    assert_eq!(server.killed(Reason::Head), 3);
    server.stop();
}

#[test]
fn a_part_of_a_head_that_came_with_the_request_before_it_has_the_heads_limit() {
    let server = server(|limits| limits.head = SHORT);
    let whole = "GET /small HTTP/1.1\r\nHost: h\r\n\r\n";
    for (pipeline, whole) in [(format!("{whole}GET /sm"), 1), (format!("{whole}{whole}G"), 2)] {
        let mut conn = RawConn::connect(server.addr).unwrap();
        conn.send(pipeline.as_bytes()).unwrap();
        for _ in 0..whole {
            assert_eq!(conn.response(Asked::Other).unwrap().body, b"a small answer");
        }
        assert!(conn.is_closed().unwrap());
    }
    assert_eq!(server.killed(Reason::Head), 2);
    let mut idle = RawConn::connect(server.addr).unwrap();
    for fields in ["", "X-Odd:  spaced \r\n"] {
        idle.request("GET", "/small", fields).unwrap();
    }
    // The last bytes that came are a body's.
    idle.send(b"POST /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc").unwrap();
    assert_eq!(idle.response(Asked::Other).unwrap().body, b"3");
    let second = TcpStream::connect(server.addr).unwrap();
    assert!(end_of(second).is_err(), "a head that never begins is cut meanwhile");
    idle.request("GET", "/small", "").expect("an idle connection is not cut");
    server.stop();
}

#[test]
fn an_idle_connection_is_closed_politely() {
    let server = server(|limits| limits.idle = SHORT);
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.write_all(b"GET /small HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert!(end_of(stream).unwrap() > 0, "closed with a FIN after its answer");
    assert_eq!(server.killed(Reason::Idle), 1);
    server.stop();
}

#[test]
fn a_reader_that_stops_reading_is_named_and_then_cut_by_a_reset() {
    let server = server(|limits| limits.stall = Duration::from_millis(400));
    server.file("f", 64 << 20);
    let mut stream = TcpStream::connect(server.addr).unwrap();
    stream.write_all(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    server.until("the stall is named", |server| {
        server.watch.list().iter().any(|transfer| transfer.stalled_on == Some(Party::Client))
    });
    let view = server.watch.list().remove(0);
    assert_eq!((view.target.as_str(), view.client), ("/f/f", stream.local_addr().unwrap()));
    assert!(view.sent > 0 && view.sent < 64 << 20);
    server.until("it is cut", |server| server.killed(Reason::Stall) == 1);
    server.until("it is gone", |server| server.stats().active == 0);
    assert!(end_of(stream).is_err(), "what the kernel still held was to be freed");
    server.stop();
}

#[test]
fn a_client_below_the_minimum_rate_is_cut_in_both_directions() {
    let slow = |limits: &mut ConnLimits| {
        (limits.min_rate, limits.grace) = (Rate::mib(1), Duration::from_millis(100));
    };
    let server = server(slow);
    server.file("f", 64 << 20);
    let mut reader = TcpStream::connect(server.addr).unwrap();
    reader.write_all(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    server.until("the slow reader is cut", |server| server.killed(Reason::MinRate) == 1);
    let mut writer = TcpStream::connect(server.addr).unwrap();
    writer.write_all(b"POST /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\nabc").unwrap();
    server.until("the slow writer is cut", |server| server.killed(Reason::MinRate) == 2);
    assert!(end_of(writer).is_err());
    server.stop();
}

#[test]
fn a_slow_service_is_not_the_clients_fault() {
    let server = server(|limits| {
        (limits.head, limits.idle, limits.stall) = (SHORT, SHORT, SHORT);
        (limits.min_rate, limits.grace) = (Rate::mib(1), SHORT);
    });
    let mut conn = RawConn::connect(server.addr).unwrap();
    conn.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    server.until("the service is named", |server| {
        let list = server.watch.list();
        list.iter().any(|transfer| transfer.stalled_on == Some(Party::Upstream) && transfer.age > 5 * SHORT)
    });
    let id = server.watch.list()[0].id;
    assert!(server.watch.end(id));
    assert!(conn.is_closed().unwrap());
    assert_eq!(server.killed(Reason::Operator), 1);
    server.until("it is gone", |server| server.stats().active == 0);
    assert!(!server.watch.end(id), "there is no such transfer any more");
    server.stop();
}

#[test]
fn draining_lets_transfers_finish_closes_the_idle_and_cuts_at_the_deadline() {
    let mut server = server(|limits| limits.drain = Duration::from_millis(300));
    server.file("f", 8 << 20);
    let mut idle = RawConn::connect(server.addr).unwrap();
    idle.request("GET", "/small", "").unwrap();
    let mut busy = TcpStream::connect(server.addr).unwrap();
    busy.write_all(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut endless = RawConn::connect(server.addr).unwrap();
    endless.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    server.until("both are under way", |server| server.watch.list().len() == 2);
    server.drain();
    assert!(idle.is_closed().unwrap());
    assert!(end_of(busy).unwrap() > 8 << 20, "the transfer was to finish");
    assert!(endless.is_closed().unwrap());
    let served = server.stop();
    assert_eq!((served.drained, served.cut), (2, 1));
}

#[test]
fn dropping_the_serve_future_cuts_everything() {
    let server = server(|_| {});
    let mut conn = RawConn::connect(server.addr).unwrap();
    conn.request("GET", "/small", "").unwrap();
    server.abort();
    assert!(conn.is_closed().unwrap());
    server.until("it is gone", |server| server.stats().active == 0);
    assert!(TcpStream::connect(server.addr).is_err());
}
