//! A download that is checked as it passes and never kept.

use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::digest::Digest;
use crate::readers::connect;
use crate::response::{Asked, End, Head, ResponseReader};

/// What was received.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Status and fields.
    pub head: Head,
    /// Body bytes.
    pub bytes: u64,
    /// SHA-256 of the body.
    pub digest: String,
    /// Whether the body is what the head promised.
    pub end: End,
    /// From the first byte sent to the last received.
    pub took: Duration,
}

/// GETs `target` on a connection of its own; `fields` are further header fields, each ended by CRLF.
///
/// # Errors
/// No connection, or no response head.
pub async fn get(addr: SocketAddr, target: &str, fields: &str) -> io::Result<Fetched> {
    watched(addr, target, fields, |_| ControlFlow::Continue(())).await
}

/// The same with somebody who looks at the body bytes as they pass, and may walk away.
///
/// # Errors
/// No connection, or no response head.
pub async fn watched(
    addr: SocketAddr,
    target: &str,
    fields: &str,
    mut look: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<Fetched> {
    let begun = Instant::now();
    let mut stream = connect(addr, 0, 256 << 10).await?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut reader = ResponseReader::new(Asked::Other);
    let mut digest = Digest::default();
    let mut block = vec![0; 64 << 10];
    let mut stay = ControlFlow::Continue(());
    while !reader.is_complete() && stay.is_continue() {
        let mut seen = |body: &[u8]| {
            digest.update(body);
            stay = look(body);
        };
        match stream.read(&mut block).await {
            Ok(0) => break,
            Ok(n) => reader.feed(&block[..n], &mut seen).map_err(io::Error::other)?,
            // A reset is how a server says that the body is not whole; the reader knows how far it came.
            Err(_) if reader.head().is_some() => break,
            Err(e) => return Err(e),
        };
    }
    let end = reader.end();
    let head = reader.head().cloned().ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Fetched { head, bytes: reader.body_bytes(), digest: digest.finish(), end, took: begun.elapsed() })
}

/// POSTs `len` bytes to `target` and reads the answer; returns how long both took.
///
/// # Errors
/// No connection, or an answer that is not a success.
pub async fn upload(addr: SocketAddr, target: &str, len: u64) -> io::Result<Duration> {
    let begun = Instant::now();
    let mut stream = connect(addr, 0, 64 << 10).await?;
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: {len}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let block = vec![b'u'; 256 << 10];
    let mut left = len;
    while left > 0 {
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        stream.write_all(&block[..n]).await?;
        left -= n as u64;
    }
    let mut reader = ResponseReader::new(Asked::Other);
    let mut answer = vec![0; 4 << 10];
    while !reader.is_complete() {
        match stream.read(&mut answer).await? {
            0 => break,
            n => reader.feed(&answer[..n], |_| {}).map_err(io::Error::other)?,
        };
    }
    match reader.head().map(|head| head.status) {
        Some(200..300) => Ok(begun.elapsed()),
        status => Err(io::Error::other(format!("upload answered {status:?}"))),
    }
}
