//! A server that answers every request with the same words.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Its address. It serves for as long as the process lives.
pub(crate) fn start(xml: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let _request = tcp.read(&mut [0; 65_536]).unwrap();
            let fields = "content-type: application/xml\r\nconnection: close";
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\ncontent-length: {}\r\n\r\n", xml.len());
            let _gone = tcp.write_all(&[head.as_bytes(), xml.as_bytes()].concat());
        }
    });
    url
}
