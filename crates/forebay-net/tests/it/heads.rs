//! Heads that are answered before any service sees them.

use std::io::Read;

use forebay_testkit::raw::RawConn;

use crate::http2::{connect_as, runtime};
use crate::server::Server;

/// Sends a head and then asks for another thing; everything that comes back until the connection is closed.
fn answers(server: &Server, head: &str) -> String {
    let mut conn = std::net::TcpStream::connect(server.addr).unwrap();
    let last = "GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    std::io::Write::write_all(&mut conn, format!("{head}{last}").as_bytes()).unwrap();
    let mut text = Vec::new();
    // What was sent behind a refused head may turn the close into a reset.
    let _closed_or_reset = conn.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn a_request_without_one_valid_host_is_answered_400_and_the_connection_closed() {
    let server = Server::start();
    let bad = [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nHost: b\r\n",
        "Host: a b\r\n",
        "Host: user@a\r\n",
        "Host: a:b\r\n",
    ];
    for fields in bad {
        let answers = answers(&server, &format!("GET /small HTTP/1.1\r\n{fields}\r\n"));
        assert!(answers.starts_with("HTTP/1.1 400 "), "{fields:?}: {answers}");
        assert!(answers.contains("connection: close") && answers.contains("Host"), "{fields:?}: {answers}");
        assert!(!answers.contains("a small answer"), "{fields:?}: {answers}");
    }
    let good =
        ["HTTP/1.1\r\nHost: [::1]:80\r\n", "HTTP/1.1\r\nHost:\r\n", "HTTP/1.1\r\nhost: example.org\r\n"];
    for fields in good {
        let answers = answers(&server, &format!("GET /small {fields}\r\n"));
        assert_eq!(answers.matches("a small answer").count(), 2, "{fields:?}: {answers}");
    }
    let old = answers(&server, "GET /small HTTP/1.0\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 200 ") && old.ends_with("a small answer"), "{old}");
    server.stop();
}

#[test]
fn a_head_of_too_many_fields_is_answered_431_over_both_protocols() {
    let server = Server::start();
    for (fields, status) in [(100, 200), (101, 431)] {
        // One of them is the host.
        let names: String = (1..fields).map(|index| format!("a{index}: b\r\n")).collect();
        let mut conn = RawConn::connect(server.addr).unwrap();
        conn.send(format!("GET /small HTTP/1.1\r\nHost: h\r\n{names}\r\n").as_bytes()).unwrap();
        let answer = conn.response(forebay_testkit::response::Asked::Other).unwrap();
        assert_eq!(answer.head.status, status, "HTTP/1.1, {fields} fields");
    }
    runtime().block_on(async {
        let tcp = tokio::net::TcpStream::connect(server.addr).await.unwrap();
        let client = connect_as(&h2::client::Builder::new(), tcp).await;
        for (fields, status) in [(96, 200), (97, 431), (1, 200)] {
            let mut request = http::Request::get("http://h/small").body(()).unwrap();
            for index in 0..fields {
                let name: http::HeaderName = format!("a{index}").parse().unwrap();
                request.headers_mut().insert(name, http::HeaderValue::from_static("b"));
            }
            let (answer, _) = client.clone().ready().await.unwrap().send_request(request, true).unwrap();
            assert_eq!(answer.await.unwrap().status(), status, "HTTP/2, {fields} fields");
        }
    });
    server.stop();
}
