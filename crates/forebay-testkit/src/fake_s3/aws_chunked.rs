//! `aws-chunked`: a body in signed or unsigned chunks, with trailers that may hold its digest. Signatures are not checked.

use bytes::{Buf as _, BytesMut};

use super::refusal::{Outcome, Refusal};

/// A decoder that is fed pieces.
#[derive(Debug, Default)]
pub(crate) struct AwsChunked {
    ahead: BytesMut,
    state: State,
    /// Fields behind the body, names in lower case.
    pub(crate) trailers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(usize),
    /// The line end behind a chunk.
    DataEnd,
    Trailers,
    Done,
}

impl AwsChunked {
    /// Takes the next bytes of the body and gives what is in them to `sink`.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(&[u8])) -> Outcome<()> {
        self.ahead.extend_from_slice(bytes);
        loop {
            match self.state {
                State::Data(left) => {
                    let n = left.min(self.ahead.len());
                    sink(&self.ahead[..n]);
                    self.ahead.advance(n);
                    self.state = if n == left { State::DataEnd } else { State::Data(left - n) };
                    if n < left {
                        return Ok(());
                    }
                }
                State::Done => return Ok(()),
                State::Size | State::DataEnd | State::Trailers => {
                    let Some(end) = self.ahead.windows(2).position(|w| w == b"\r\n") else { return Ok(()) };
                    let line = String::from_utf8_lossy(&self.ahead[..end]).into_owned();
                    self.ahead.advance(end + 2);
                    self.line(&line)?;
                }
            }
        }
    }

    /// Whether the last chunk has come.
    pub(crate) fn is_done(&self) -> bool {
        // The empty line behind the trailers is left out by some.
        matches!(self.state, State::Done | State::Trailers)
    }

    fn line(&mut self, line: &str) -> Outcome<()> {
        self.state = match self.state {
            State::DataEnd => State::Size,
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers => {
                if let Some((name, value)) = line.split_once(':') {
                    self.trailers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                State::Trailers
            }
            _ => {
                let size = line.split(';').next().unwrap_or_default().trim();
                match usize::from_str_radix(size, 16).map_err(|_| Refusal("IncompleteBody"))? {
                    0 => State::Trailers,
                    size => State::Data(size),
                }
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_give_the_same_body() {
        let text =
            b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        for piece in [1, 3, 1000] {
            let (mut chunked, mut body) = (AwsChunked::default(), Vec::new());
            for bytes in text.chunks(piece) {
                chunked.feed(bytes, |b| body.extend_from_slice(b)).unwrap();
            }
            assert_eq!((body.as_slice(), chunked.is_done()), (b"hello world".as_slice(), true));
            assert_eq!(chunked.trailers, [("x-amz-checksum-crc32".into(), "DUoRhQ==".into())]);
        }
    }
}
