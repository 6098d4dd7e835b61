//! An answer, and how it goes out: to the byte, with its faults.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;

use super::content::Content;
use super::fault::{Cut, Fault, Framing};
use super::marks::{Mark, Marks};
use super::seen::Entry;
use super::wire::{Io, Wire};
use crate::pattern::Pattern;

/// An answer that is decided and not sent.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The words behind the status, if they are not the usual ones.
    pub(crate) reason: Option<&'static str>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) content: Content,
    pub(crate) framing: Framing,
    /// HEAD, 204, 304: the length may be told, no byte is sent.
    pub(crate) head_only: bool,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    KeepAlive,
    Cut(Cut),
}

/// What follows where nothing should.
const MORE: Pattern = Pattern::new(0xdead);
/// Nobody waits for so many bytes.
const ENDLESS: u64 = 1 << 62;

/// Bytes made and written at once.
const BLOCK: u64 = 1 << 18;

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            reason: None,
            fields: Vec::new(),
            content: Content::default(),
            framing: Framing::Length,
            head_only: matches!(status, 204 | 304),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn text(mut self, content_type: &str, text: String) -> Self {
        self.content = Content::from(Bytes::from(text));
        self.with("content-type", content_type)
    }

    pub(crate) fn content(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.into()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(n, _)| n != name);
    }

    /// Changes the head as the faults say.
    pub(crate) fn spoil(&mut self, faults: &[Fault]) {
        for fault in faults {
            match fault {
                Fault::WrongRange { first, last, total } => self.shift_range([*first, *last, *total]),
                Fault::Field(name, Some(value)) => self.set(name, value.clone()),
                Fault::Field(name, None) => self.remove(name),
                Fault::Framing(framing) => self.framing = *framing,
                Fault::Long(more) => {
                    self.set("content-length", self.content.len().to_string());
                    self.content.append(Content::pattern(MORE, *more));
                }
                Fault::Endless => {
                    self.content.append(Content::pattern(MORE, ENDLESS));
                    if self.framing == Framing::Length {
                        self.framing = Framing::UntilClose;
                    }
                }
                _ => {}
            }
        }
    }

    fn shift_range(&mut self, by: [i64; 3]) {
        let Some((_, value)) = self.fields.iter_mut().find(|(name, _)| name == "content-range") else {
            return;
        };
        let mut shifts = by.into_iter();
        let numbers = value.trim_start_matches("bytes ").split(['-', '/']);
        let moved: Vec<u64> = numbers
            .zip(&mut shifts)
            .map(|(n, by)| n.parse::<u64>().unwrap_or(0).saturating_add_signed(by))
            .collect();
        if let [first, last, total] = moved[..] {
            *value = format!("bytes {first}-{last}/{total}");
        }
    }

    fn head(&self) -> String {
        let reason = self.reason.unwrap_or_else(|| reason(self.status));
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        for (name, value) in &self.fields {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let has_length = self.fields.iter().any(|(name, _)| name == "content-length");
        match self.framing {
            _ if self.status == 204 || (self.status == 304 && self.content.is_empty()) => {}
            Framing::Length if has_length => {}
            Framing::Length => {
                let _ = write!(head, "content-length: {}\r\n", self.content.len());
            }
            Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
            Framing::UntilClose => head.push_str("connection: close\r\n"),
        }
        head.push_str("\r\n");
        head
    }

    /// Sends it.
    pub(crate) async fn send(self, wire: &mut Wire, mut marks: Marks, entry: &Entry) -> io::Result<Ending> {
        entry.status.store(self.status, Relaxed);
        wire.io.write_all(self.head().as_bytes()).await?;
        wire.io.flush().await?;
        if self.head_only {
            return Ok(Ending::KeepAlive);
        }
        let mut block = Vec::new();
        let mut at = 0;
        loop {
            while let Some(mark) = marks.due(at) {
                match mark {
                    Mark::Cut(how) => return Ok(Ending::Cut(how)),
                    Mark::Stall(gate) => {
                        tokio::select! {
                            () = gate.pass() => {}
                            () = hung_up(&wire.io) => return Ok(Ending::Cut(Cut::Clean)),
                        }
                    }
                    Mark::Do(action) => action.run(),
                }
            }
            let n = BLOCK.min(self.content.len() - at).min(marks.next() - at).min(marks.piece());
            if n == 0 {
                break;
            }
            block.resize(usize::try_from(n).unwrap_or(0), 0);
            self.content.fill(at, &mut block);
            marks.flip(at, &mut block);
            self.write(&mut wire.io, &block, entry).await?;
            at += n;
            marks.pause().await;
        }
        match self.framing {
            Framing::UntilClose => return Ok(Ending::Cut(Cut::Clean)),
            Framing::Chunked => wire.io.write_all(b"0\r\n\r\n").await?,
            Framing::Length => {}
        }
        wire.io.flush().await?;
        Ok(Ending::KeepAlive)
    }

    async fn write(&self, io: &mut Io, block: &[u8], entry: &Entry) -> io::Result<()> {
        if self.framing == Framing::Chunked {
            io.write_all(format!("{:x}\r\n", block.len()).as_bytes()).await?;
        }
        let mut rest = block;
        while !rest.is_empty() {
            let n = poll_fn(|cx| entry.poll_give(cx, Pin::new(&mut *io), rest)).await?;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[n..];
        }
        if self.framing == Framing::Chunked {
            io.write_all(b"\r\n").await?;
        }
        io.flush().await
    }
}

/// Waits until the client has closed or reset; for ever, if it sends instead.
pub(crate) async fn hung_up(io: &Io) {
    match io.tcp().peek(&mut [0]).await {
        Ok(0) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown")
}
