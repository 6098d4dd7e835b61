//! Whether a part of the next request's head is here already.
//!
//! hyper tells when a head is whole, and never how many bytes it was. A part of the next head that came in
//! one packet with a whole one would pass for nothing, and the connection for an idle one. But a head ends with
//! an empty line: when a request without a body begins and the last bytes that came are not an empty line, more
//! than its head has come.

/// The last bytes that came on a connection.
#[derive(Debug, Default)]
pub(crate) struct Tail([u8; 3]);

impl Tail {
    /// Takes note of what has come. Says whether it ends with an empty line (RFC 9112 §2.2: a bare line feed
    /// ends a line too).
    pub(crate) fn ends_a_head(&mut self, came: &[u8]) -> bool {
        let fresh = &came[came.len().saturating_sub(self.0.len())..];
        self.0.rotate_left(fresh.len());
        let kept = self.0.len() - fresh.len();
        self.0[kept..].copy_from_slice(fresh);
        self.0 == *b"\n\r\n" || self.0.ends_with(b"\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_ends_a_head_however_it_comes() {
        for (whole, ends) in [
            (&b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"[..], true),
            (b"GET / HTTP/1.1\nHost: h\n\n", true),
            (b"GET / HTTP/1.1\r\nHost: h\r\n", false),
            (b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /", false),
        ] {
            for piece in [1, 2, 3, 5, whole.len()] {
                let mut tail = Tail::default();
                let last = whole.chunks(piece).map(|part| tail.ends_a_head(part)).last();
                assert_eq!(last, Some(ends), "{whole:?} by {piece}");
            }
        }
    }
}
