//! The naive peers serve right bytes: they fail on memory, not on correctness.

use std::time::Duration;

use forebay_testkit::pattern::Pattern;
use forebay_testkit::peer::Kind;
use forebay_testkit::raw;
use forebay_testkit::readers::{Stall, StalledReaders};
use forebay_testkit::response::End;
use forebay_testkit::{digest, fetch};
use rustix::net::sockopt::set_socket_linger;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::counters::start_peer;

#[tokio::test]
async fn both_peers_serve_the_file_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.bin");
    Pattern::new(3).write_file(&file, 3_000_001).unwrap();
    for kind in [Kind::WholeBody, Kind::ServeDir] {
        let server = start_peer(kind, dir.path(), None);
        let got = fetch::get(server.addr, "/a.bin", "").await.unwrap();
        assert_eq!((got.head.status, got.end), (200, End::Complete));
        assert_eq!(got.digest, digest::of_file(&file).unwrap(), "{kind:?}");
        let small = raw::get(server.addr, "/absent").unwrap();
        assert_eq!(small.head.status, 404);
    }
}

/// A server that resets its connections on command: what forebay does to a reader below the minimum rate.
async fn resetting_server(count: usize, listener: TcpListener, reset: oneshot::Receiver<()>) {
    let mut held = Vec::new();
    while held.len() < count {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbody").await.unwrap();
        held.push(stream);
    }
    reset.await.unwrap();
    for stream in held {
        set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    }
}

#[tokio::test]
async fn a_reader_that_is_reset_counts_as_cut_and_not_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (reset, wait) = oneshot::channel();
    let server = tokio::spawn(resetting_server(20, listener, wait));
    let readers = StalledReaders::open(addr, &Stall::get("/big"), 20).await;
    assert_eq!((readers.len(), readers.failed(), readers.cut()), (20, 0, 0));
    reset.send(()).unwrap();
    server.await.unwrap();
    assert_eq!(readers.wait_until_cut(Duration::from_secs(5)).await, 0);
}
