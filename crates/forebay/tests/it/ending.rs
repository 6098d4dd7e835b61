//! How a server ends: it lets transfers finish, for a while, unless it is asked twice.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use forebay_testkit::process::Server;
use rustix::process::Signal;

use crate::run::{Root, admin};

const PATIENCE: Duration = Duration::from_secs(20);

/// A client that has asked for the large file and read nothing of it but the first bytes.
fn half_a_download(server: &Server) -> TcpStream {
    let mut client = TcpStream::connect(server.addr).unwrap();
    client.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut first = [0; 12];
    client.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    client
}

#[test]
fn sigterm_lets_a_transfer_finish_and_takes_no_new_clients() {
    let root = Root::new();
    let mut server = root.serve(&[]);
    let mut client = half_a_download(&server);
    server.signal(Signal::TERM).unwrap();
    // Operators can see that it drains, and their balancer is told.
    while admin(server.admin.unwrap(), "/readyz").0 == 200 {}
    while TcpStream::connect(server.addr).is_ok() {}
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert!(rest.len() > 256 << 20, "{}", rest.len());
    assert_eq!(server.wait(PATIENCE).unwrap().code(), Some(0));
    assert!(server.said().contains("\"drained\":1"), "{}", server.said());
}

#[test]
fn the_drain_has_a_deadline() {
    let root = Root::new();
    let mut server = root.serve(&["--drain-timeout", "100ms"]);
    let mut client = half_a_download(&server);
    server.signal(Signal::INT).unwrap();
    assert_eq!(server.wait(PATIENCE).unwrap().code(), Some(0));
    assert!(server.said().contains("\"cut\":1"), "{}", server.said());
    // A short body is never presented as a whole one: the client sees a reset.
    let mut rest = Vec::new();
    let short = client.read_to_end(&mut rest);
    assert!(short.is_err() || rest.len() < 256 << 20);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let root = Root::new();
    let mut server = root.serve(&["--drain-timeout", "10m"]);
    let _client = half_a_download(&server);
    server.signal(Signal::TERM).unwrap();
    while admin(server.admin.unwrap(), "/readyz").0 == 200 {}
    server.signal(Signal::TERM).unwrap();
    assert_eq!(server.wait(PATIENCE).unwrap().code(), Some(130));
}
