//! Every way in which a file's bytes leave, compared with the file.

use forebay_testkit::raw::RawConn;
use forebay_testkit::response::{Asked, End};

use crate::server::{Server, pattern};

#[test]
fn a_file_arrives_as_it_is_and_by_sendfile() {
    let server = Server::start();
    server.file("big", 9_000_001);
    let answer = forebay_testkit::raw::get(server.addr, "/f/big").unwrap();
    assert_eq!(answer.body.len(), 9_000_001);
    pattern("big").check(0, &answer.body).unwrap();
    let stats = server.totals();
    assert_eq!(stats.zero_copy_bytes, 9_000_001);
    assert_eq!((stats.pread_bytes, stats.late_read_bytes, stats.desyncs), (0, 0, 0));
}

#[test]
fn every_length_around_the_edges_arrives_on_one_connection() {
    let server = Server::start();
    let mut conn = RawConn::connect(server.addr).unwrap();
    for len in [0, 1, 4095, 4096, 65_536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20] {
        let name = format!("f{len}");
        server.file(&name, len);
        let answer = conn.request("GET", &format!("/f/{name}"), "").unwrap();
        assert_eq!(answer.body.len() as u64, len);
        pattern(&name).check(0, &answer.body).unwrap();
    }
    server.stop();
}

#[test]
fn ranges_and_bytes_between_ranges_arrive_in_order() {
    let server = Server::start();
    server.file("f", 4_000_000);
    let mut conn = RawConn::connect(server.addr).unwrap();
    for (from, len) in [(0u64, 1usize), (1, 2), (4095, 2), (123_456, 2_345_678), (3_999_999, 1)] {
        let answer = conn.request("GET", &format!("/r/f/{from}/{len}"), "").unwrap();
        assert_eq!(answer.body.len(), len);
        pattern("f").check(from, &answer.body).unwrap();
    }
    let answer = conn.request("GET", "/m/f", "").unwrap();
    let file = pattern("f");
    let expected = [
        b"--first--".to_vec(),
        file.bytes(10, 100_000),
        b"--second--".to_vec(),
        file.bytes(0, 1),
        file.bytes(2_000_000, 1_500_000),
        b"--end--".to_vec(),
    ]
    .concat();
    assert!(answer.body == expected, "the pieces differ from the file");
    server.stop();
}

#[test]
fn head_promises_the_length_and_touches_no_file() {
    let server = Server::start();
    server.file("f", 5_000_000);
    let mut conn = RawConn::connect(server.addr).unwrap();
    let head = conn.request("HEAD", "/f/f", "").unwrap();
    assert_eq!(head.head.field("content-length"), Some("5000000"));
    assert!(head.body.is_empty());
    let answer = conn.request("GET", "/f/f", "").unwrap();
    pattern("f").check(0, &answer.body).unwrap();
    drop(conn);
    assert_eq!(server.totals().zero_copy_bytes, 5_000_000, "HEAD left a span behind");
}

#[test]
fn pipelined_requests_for_different_files_get_their_own_bytes() {
    let server = Server::start();
    let names: Vec<String> = (0..24).map(|i| format!("p{i}")).collect();
    for (i, name) in names.iter().enumerate() {
        server.file(name, 1 + 97_003 * i as u64);
    }
    let mut conn = RawConn::connect(server.addr).unwrap();
    let requests: String =
        names.iter().map(|name| format!("GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    conn.send(requests.as_bytes()).unwrap();
    for (i, name) in names.iter().enumerate() {
        let answer = conn.response(Asked::Other).unwrap();
        assert_eq!(answer.body.len(), 1 + 97_003 * i);
        pattern(name).check(0, &answer.body).unwrap();
    }
    server.stop();
}

#[test]
fn http_1_0_and_connection_close_end_with_a_whole_body() {
    let server = Server::start();
    server.file("f", 2_500_000);
    let mut conn = RawConn::connect(server.addr).unwrap();
    conn.send(b"GET /f/f HTTP/1.0\r\n\r\n").unwrap();
    let answer = conn.response(Asked::Other).unwrap();
    assert_eq!((answer.body.len(), answer.end), (2_500_000, End::Complete));
    pattern("f").check(0, &answer.body).unwrap();
    assert!(conn.is_closed().unwrap());
    server.stop();
}
