//! What gives a container its credentials: one document, whatever is asked.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

pub(crate) struct Role {
    pub(crate) url: String,
}

impl Role {
    pub(crate) fn start(id: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}/role", listener.local_addr().unwrap().port());
        let document = format!(
            r#"{{"AccessKeyId":"{id}","SecretAccessKey":"a-secret","Token":"t","Expiration":"2100-01-01T00:00:00Z"}}"#
        );
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                let mut tcp = tcp.unwrap();
                let _head = tcp.read(&mut [0; 4096]).unwrap();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}",
                    document.len()
                );
                tcp.write_all(format!("{head}\r\nconnection: close\r\n\r\n{document}").as_bytes()).unwrap();
            }
        });
        Self { url }
    }
}
