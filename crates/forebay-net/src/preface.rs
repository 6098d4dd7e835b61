//! Which protocol a plain connection speaks: HTTP/2 by prior knowledge begins with a fixed preface.
//!
//! The decision is made at the first byte that differs, which for HTTP/1.1 is nearly always the first
//! one. Waiting for more is bounded by the head limit like any other head.

use std::io;

use tokio::net::TcpStream;

use crate::info::Protocol;

/// RFC 9113 §3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes read before the protocol was known, given back by the connection's I/O before any others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prefix {
    bytes: [u8; PREFACE.len()],
    start: usize,
    end: usize,
}

impl Prefix {
    /// Takes out up to `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> &[u8] {
        let from = self.start;
        self.start = (from + len).min(self.end);
        &self.bytes[from..self.start]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Reads until the protocol is certain. `None` if the client closed before saying anything.
pub(crate) async fn detect(stream: &TcpStream) -> io::Result<Option<(Protocol, Prefix)>> {
    let mut prefix = Prefix::default();
    loop {
        stream.readable().await?;
        match stream.try_read(&mut prefix.bytes[prefix.end..]) {
            Ok(0) if prefix.end == 0 => return Ok(None),
            Ok(0) => return Ok(Some((Protocol::Http1, prefix))),
            Ok(n) => prefix.end += n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if let Some(protocol) = decide(&prefix.bytes[..prefix.end]) {
            return Ok(Some((protocol, prefix)));
        }
    }
}

fn decide(seen: &[u8]) -> Option<Protocol> {
    if !PREFACE.starts_with(seen) {
        return Some(Protocol::Http1);
    }
    (seen.len() == PREFACE.len()).then_some(Protocol::Http2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_differs_decides() {
        assert_eq!(decide(b"G"), Some(Protocol::Http1));
        assert_eq!(decide(b"P"), None);
        assert_eq!(decide(b"PUT /"), Some(Protocol::Http1));
        assert_eq!(decide(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), None);
        assert_eq!(decide(PREFACE), Some(Protocol::Http2));
    }
}
