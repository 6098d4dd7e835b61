//! Socket buffers grow for a fast reader, never for a stalled one, and the lease comes back in the quiet.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_budget::{ByteSize, Class, Ledger};
use forebay_net::ServeOptions;
use forebay_testkit::raw::RawConn;
use socket2::{Domain, Socket, Type};

use crate::server::{Server, pattern, router};

#[test]
fn a_fast_reader_earns_growth_and_returns_it_when_quiet() {
    let server = Server::with(|options| options.sweep_every = Duration::from_millis(5), router);
    server.file("f", 48 << 20);
    let mut conn = RawConn::connect(server.addr).unwrap();
    conn.request("GET", "/f/f", "").unwrap();
    assert!(server.ledger.usage(Class::SocketBuffers).peak > 0, "48 MiB in one go earned nothing");
    assert!(server.stats().buffer_growths > 0);
    server.until("the lease is returned", |server| server.ledger.usage(Class::SocketBuffers).in_use == 0);
    assert_eq!(server.stats().active, 1, "and the connection lives");
    let answer = conn.request("GET", "/f/f", "").unwrap();
    pattern("f").check(0, &answer.body).unwrap();
    server.stop();
}

#[test]
fn what_growth_borrowed_from_connections_is_returned_when_one_waits() {
    let lending = |options: &mut ServeOptions| {
        options.ledger = Ledger::new([(Class::Connections, options.connection_cost.times(100))]);
        options.sweep_every = Duration::from_millis(20);
    };
    let server = Server::with(lending, router);
    server.file("f", 16 << 20);
    let (addr, enough) = (server.addr, Arc::new(AtomicBool::new(false)));
    let until = Arc::clone(&enough);
    // Never quiet: only the pressure of the others can take its loan away.
    let reader = std::thread::spawn(move || {
        let mut conn = RawConn::connect(addr).unwrap();
        while !until.load(Ordering::Relaxed) {
            let answer = conn.request("GET", "/f/f", "").unwrap();
            pattern("f").check(0, &answer.body).unwrap();
        }
    });
    let place = ServeOptions::default().connection_cost.as_u64();
    server.until("a loan", |server| server.ledger.usage(Class::Connections).in_use > 4 * place);
    let busy: Vec<_> = (1..100)
        .map(|_| {
            let mut conn = RawConn::connect(addr).unwrap();
            conn.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
            conn
        })
        .collect();
    server.until("everybody has a place", |server| server.stats().accepted == 100);
    enough.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    drop(busy);
    server.stop();
}

#[test]
fn without_room_in_the_ledger_a_fast_reader_stays_small_and_whole() {
    let tight = |options: &mut ServeOptions| {
        options.ledger = Ledger::new([(Class::Connections, ByteSize::mib(1))]);
    };
    let server = Server::with(tight, router);
    server.file("f", 16 << 20);
    let answer = forebay_testkit::raw::get(server.addr, "/f/f").unwrap();
    pattern("f").check(0, &answer.body).unwrap();
    let stats = server.stats();
    assert_eq!(stats.buffer_growths, 0);
    assert!(stats.buffer_growths_refused > 0);
    server.stop();
}

#[test]
fn a_stalled_reader_pins_no_more_than_it_began_with() {
    let server = Server::start();
    server.file("f", 256 << 20);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.addr.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.write_all(b"GET /f/f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    server.until("the socket is full", |server| server.watch.list().first().is_some_and(|t| t.sent > 0));
    let mut last = 0;
    server.until("nothing moves", |server| {
        let sent = server.watch.list()[0].sent;
        std::mem::replace(&mut last, sent) == sent && server.watch.list()[0].stalled_on.is_some()
    });
    assert_eq!(server.stats().buffer_growths, 0);
    assert!(last < 128 << 10, "{last} bytes went into a socket that nobody reads");
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    drop(stream);
    server.stop();
}

#[test]
fn a_long_upload_earns_a_larger_receive_buffer_and_small_requests_do_not() {
    let server = Server::with(|options| options.sweep_every = Duration::from_millis(5), router);
    let mut conn = RawConn::connect(server.addr).unwrap();
    for _ in 0..2000 {
        conn.request("GET", "/small", "").unwrap();
    }
    assert_eq!(server.stats().buffer_growths, 0);
    conn.send(b"POST /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 33554432\r\n\r\n").unwrap();
    conn.send(&vec![7; 32 << 20]).unwrap();
    let answer = conn.response(forebay_testkit::response::Asked::Other).unwrap();
    assert_eq!(answer.body, b"33554432");
    assert!(server.stats().buffer_growths > 0);
    server.until("the lease is returned", |server| server.ledger.usage(Class::SocketBuffers).in_use == 0);
    server.stop();
}
