//! `CONNECT` (RFC 9110 §9.3.6): a proxy that passes bytes to and fro.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::proxy::Proxy;

/// The longest answer to a `CONNECT`.
const ANSWER_MAX: usize = 8 << 10;

/// Asks the proxy to connect us. The time limit is the caller's.
pub(super) async fn connect(tcp: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> io::Result<()> {
    let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
    let target = format!("{open}{host}{close}:{port}");
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(credentials) = &proxy.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(credentials.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    tcp.write_all(&request).await?;
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        // The proxy says nothing more before we have spoken, so what comes behind the head is not its answer.
        let ended = answer.windows(4).any(|window| window == b"\r\n\r\n");
        if ended || answer.len() >= ANSWER_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the proxy's answer is not HTTP"));
        }
        if tcp.read_buf(&mut answer).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the proxy closed the connection"));
        }
    }
    accept(&answer)
}

fn accept(answer: &[u8]) -> io::Result<()> {
    let status = answer.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    match status {
        Some([b'2', _, _]) => Ok(()),
        Some(b"407") => {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "the proxy wants other credentials (407)"))
        }
        Some(status) => {
            let status = String::from_utf8_lossy(status);
            Err(io::Error::new(
                io::ErrorKind::ConnectionRefused,
                format!("the proxy refuses ({})", status.escape_debug()),
            ))
        }
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "the proxy's answer is not HTTP")),
    }
}
