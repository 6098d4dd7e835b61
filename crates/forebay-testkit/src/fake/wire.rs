//! One connection, spoken to byte by byte: what a fault does to it no HTTP library would do.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::fault::Cut;
use super::head::RequestHead;
use super::marks::{Mark, Marks};
use super::script::Drawn;

/// A connection, plain or not.
#[derive(Debug)]
pub(crate) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection and the bytes read from it ahead of their turn.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) io: Io,
    ahead: BytesMut,
}

/// A request whose body is still in the socket.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The head.
    pub(crate) head: RequestHead,
    rest: Rest,
    /// The client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    waits: bool,
    wire: &'a mut Wire,
    /// Bytes of the body taken so far.
    pub(crate) taken: u64,
    /// What happens to the body under way.
    marks: Marks,
    /// How much is taken before the next pause.
    pause_at: u64,
    /// How the connection ends, if a fault said so.
    pub(crate) cut: Option<Cut>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Length(u64),
    ChunkSize,
    Chunk(u64),
    Done,
}

const HEAD_MAX: usize = 1 << 18;
const BLOCK: usize = 1 << 18;

impl Io {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl Wire {
    pub(crate) fn new(io: Io) -> Self {
        Self { io, ahead: BytesMut::new() }
    }

    /// The next request; `None` when the client has closed.
    pub(crate) async fn request(&mut self) -> io::Result<Option<Request<'_>>> {
        // An idle connection holds no large buffer.
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
        let end = loop {
            if let Some(at) = self.ahead.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            if self.ahead.len() > HEAD_MAX || self.read(4096).await? == 0 {
                return Ok(None);
            }
        };
        let head = RequestHead::parse(&self.ahead.split_to(end))?;
        self.ahead.advance(4);
        let chunked = head.field("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        let length = head.field("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        let rest = match (chunked, length) {
            (true, _) => Rest::ChunkSize,
            (false, 0) => Rest::Done,
            (false, length) => Rest::Length(length),
        };
        let waits = head.field("expect").is_some() && rest != Rest::Done;
        Ok(Some(Request {
            head,
            rest,
            waits,
            wire: self,
            taken: 0,
            marks: Marks::default(),
            pause_at: 0,
            cut: None,
        }))
    }

    async fn read(&mut self, room: usize) -> io::Result<usize> {
        self.ahead.reserve(room);
        self.io.read_buf(&mut self.ahead).await
    }

    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(at) = self.ahead.windows(2).position(|w| w == b"\r\n") {
                let line = self.ahead.split_to(at).freeze();
                self.ahead.advance(2);
                return Ok(line);
            }
            if self.ahead.len() > HEAD_MAX || self.read(4096).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Request<'_> {
    /// The next bytes of the body, at most 256 KiB; `None` at its end.
    ///
    /// # Errors
    /// The client sent less than it declared.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if std::mem::take(&mut self.waits) {
            self.wire.io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while let Some(mark) = self.marks.due(self.taken) {
            match mark {
                Mark::Cut(how) => {
                    self.cut = Some(how);
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                // Not a look at the client meanwhile: what it sends stands in the way of that.
                Mark::Stall(gate) => gate.pass().await,
                Mark::Do(action) => action.run(),
            }
        }
        loop {
            match self.rest {
                Rest::Done => return Ok(None),
                Rest::Length(left) => {
                    let piece = self.piece(left).await?;
                    let left = left - piece.len() as u64;
                    self.rest = if left == 0 { Rest::Done } else { Rest::Length(left) };
                    return Ok(Some(piece));
                }
                Rest::ChunkSize => self.rest = self.chunk_size().await?,
                Rest::Chunk(left) => {
                    let piece = self.piece(left).await?;
                    let left = left - piece.len() as u64;
                    self.rest = Rest::Chunk(left);
                    if left == 0 {
                        self.wire.line().await?;
                        self.rest = Rest::ChunkSize;
                    }
                    return Ok(Some(piece));
                }
            }
        }
    }

    /// Arms the faults of uploads.
    pub(crate) fn obey(&mut self, drawn: &Drawn) {
        let declared = if let Rest::Length(length) = self.rest { length } else { 1 };
        self.marks = Marks::of_upload(drawn, declared);
    }

    pub(crate) fn io(&self) -> &Io {
        &self.wire.io
    }

    /// Whether all of the body was taken.
    pub(crate) fn is_done(&self) -> bool {
        self.rest == Rest::Done
    }

    /// Takes what is left of the body, if the client is sending it and it is not too much. False if the connection is of no further use.
    pub(crate) async fn drain(&mut self) -> bool {
        if self.waits {
            return false;
        }
        let limit = self.taken + (16 << 20);
        while self.taken < limit {
            match self.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    async fn piece(&mut self, left: u64) -> io::Result<Bytes> {
        if self.taken >= self.pause_at {
            self.marks.pause().await;
            self.pause_at = self.taken.saturating_add(self.marks.piece());
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK);
        let most = usize::try_from(self.marks.next() - self.taken).unwrap_or(usize::MAX).min(most);
        if self.wire.ahead.is_empty() && self.wire.read(most.max(4096)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let n = self.wire.ahead.len().min(most);
        self.taken += n as u64;
        Ok(self.wire.ahead.split_to(n).freeze())
    }

    async fn chunk_size(&mut self) -> io::Result<Rest> {
        let line = self.wire.line().await?;
        let text = String::from_utf8_lossy(&line);
        let size = text.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size > 0 {
            return Ok(Rest::Chunk(size));
        }
        while !self.wire.line().await?.is_empty() {}
        Ok(Rest::Done)
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
