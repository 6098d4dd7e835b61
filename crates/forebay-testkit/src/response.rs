//! An HTTP/1.1 response parsed from pieces (RFC 9112), whatever socket they come from.
//!
//! The clients of the tests share it: they must notice what an ordinary client forgives (a body cut
//! short, a byte after the end), and must never hold a body.

use std::fmt;

/// Whether the answer to this request has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// HEAD: the answer ends with its head.
    Head,
    /// Any other method.
    Other,
}

/// Status and fields of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Field names in lower case, and their values.
    pub fields: Vec<(String, String)>,
}

/// The bytes are not a response.
#[derive(Debug)]
pub struct Malformed(pub String);

/// How a response stood when the connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The whole body, as the head promised it.
    Complete,
    /// Fewer bytes than promised.
    Short,
    /// Not even a whole head.
    NoHead,
}

/// A parser that is fed pieces.
#[derive(Debug)]
pub struct ResponseReader {
    asked: Asked,
    state: State,
    line: Vec<u8>,
    head: Option<Head>,
    body_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Length(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    UntilClose,
    Done,
}

/// A head of a test is never longer.
const HEAD_MAX: usize = 1 << 20;

impl Head {
    /// The first field of this (lower-case) name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The declared length of the body.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.field("content-length")?.parse().ok()
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| Malformed(format!("status line {first:?}")))?;
        let fields = lines
            .filter(|line| !line.is_empty())
            .map(|line| match line.split_once(':') {
                Some((name, value)) => Ok((name.to_ascii_lowercase(), value.trim().to_owned())),
                None => Err(Malformed(format!("field line {line:?}"))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { status, fields })
    }
}

impl ResponseReader {
    /// A parser for the answer to one request.
    #[must_use]
    pub const fn new(asked: Asked) -> Self {
        Self { asked, state: State::Head, line: Vec::new(), head: None, body_bytes: 0 }
    }

    /// Takes what belongs to this response and gives body bytes to `sink`. Returns how many bytes
    /// were taken: fewer than given only when the response is complete.
    ///
    /// # Errors
    /// The bytes are not an HTTP/1.1 response.
    pub fn feed(&mut self, input: &[u8], mut sink: impl FnMut(&[u8])) -> Result<usize, Malformed> {
        let mut rest = input;
        while !rest.is_empty() && self.state != State::Done {
            let taken = self.step(rest, &mut sink)?;
            rest = &rest[taken..];
        }
        Ok(input.len() - rest.len())
    }

    /// The head, once it is whole.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Body bytes so far, without the chunked framing.
    #[must_use]
    pub const fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Whether the whole response has been seen (never true for a body that ends with the connection).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Done
    }

    /// The connection ended here: what that means for the response.
    #[must_use]
    pub fn end(&self) -> End {
        match self.state {
            State::Done | State::UntilClose => End::Complete,
            State::Head => End::NoHead,
            _ => End::Short,
        }
    }

    fn step(&mut self, input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize, Malformed> {
        match self.state {
            State::Head => self.head_bytes(input),
            State::Length(left) => Ok(self.body(input, left, sink, State::Length, State::Done)),
            State::Chunk(left) => Ok(self.body(input, left, sink, State::Chunk, State::ChunkEnd)),
            State::UntilClose => Ok(self.body(input, u64::MAX, sink, |_| State::UntilClose, State::Done)),
            State::ChunkSize | State::ChunkEnd | State::Trailers => self.chunk_line(input),
            State::Done => Ok(0),
        }
    }

    fn head_bytes(&mut self, input: &[u8]) -> Result<usize, Malformed> {
        let before = self.line.len();
        self.line.extend_from_slice(input);
        let from = before.saturating_sub(3);
        let Some(end) = self.line[from..].windows(4).position(|w| w == b"\r\n\r\n").map(|i| from + i) else {
            return if self.line.len() > HEAD_MAX {
                Err(Malformed("endless head".to_owned()))
            } else {
                Ok(input.len())
            };
        };
        let head = Head::parse(&self.line[..end])?;
        self.line.clear();
        if (100..200).contains(&head.status) && head.status != 101 {
            return Ok(end + 4 - before);
        }
        self.state = after_head(self.asked, &head);
        self.head = Some(head);
        Ok(end + 4 - before)
    }

    fn body(
        &mut self,
        input: &[u8],
        left: u64,
        sink: &mut impl FnMut(&[u8]),
        more: fn(u64) -> State,
        then: State,
    ) -> usize {
        let n = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        sink(&input[..n]);
        self.body_bytes += n as u64;
        let left = left - n as u64;
        self.state = if left == 0 { then } else { more(left) };
        n
    }

    fn chunk_line(&mut self, input: &[u8]) -> Result<usize, Malformed> {
        let Some(end) = input.iter().position(|&b| b == b'\n') else {
            self.line.extend_from_slice(input);
            return Ok(input.len());
        };
        self.line.extend_from_slice(&input[..=end]);
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_owned();
        self.state = match self.state {
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::ChunkEnd => return Err(Malformed(format!("chunk not closed: {line:?}"))),
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers => State::Trailers,
            _ => match u64::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16) {
                Ok(0) => State::Trailers,
                Ok(size) => State::Chunk(size),
                Err(_) => return Err(Malformed(format!("chunk size {line:?}"))),
            },
        };
        Ok(end + 1)
    }
}

fn after_head(asked: Asked, head: &Head) -> State {
    if asked == Asked::Head || matches!(head.status, 204 | 304) {
        return State::Done;
    }
    if head.field("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        return State::ChunkSize;
    }
    match head.content_length() {
        Some(0) => State::Done,
        Some(length) => State::Length(length),
        None => State::UntilClose,
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an HTTP/1.1 response: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(asked: Asked, wire: &[u8], piece: usize) -> (ResponseReader, Vec<u8>, usize) {
        let mut reader = ResponseReader::new(asked);
        let (mut body, mut taken) = (Vec::new(), 0);
        for bytes in wire.chunks(piece) {
            taken += reader.feed(bytes, |b| body.extend_from_slice(b)).unwrap();
        }
        (reader, body, taken)
    }

    #[test]
    fn any_cut_into_pieces_reads_the_same() {
        let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\nHTTP";
        for piece in 1..wire.len() {
            let (reader, body, taken) = read(Asked::Other, wire, piece);
            assert_eq!(body, b"hello world", "pieces of {piece}");
            assert!(reader.is_complete());
            assert_eq!(taken, wire.len() - 4, "the next response is left alone");
        }
    }

    #[test]
    fn a_short_body_is_not_complete() {
        let (reader, body, _) = read(Asked::Other, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 7);
        assert_eq!((reader.end(), body.len()), (End::Short, 3));
    }

    #[test]
    fn the_answer_to_head_ends_with_its_head() {
        let (reader, body, _) = read(Asked::Head, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 5);
        assert_eq!((reader.end(), body.len()), (End::Complete, 0));
    }
}
