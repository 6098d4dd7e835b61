//! An answer that does not end.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Starts it, and tells its URL.
pub(crate) fn start(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let _head = tcp.read(&mut [0; 4096]).unwrap();
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-type: application/xml\r\nconnection: close\r\n\r\n<a>");
            let mut more = tcp.write_all(head.as_bytes());
            while more.is_ok() {
                more = tcp.write_all(&[b' '; 65_536]);
            }
        }
    });
    url
}
