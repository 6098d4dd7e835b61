//! Bytes on a socket, for requests that no library would send: smuggling shapes, broken heads,
//! pipelines. Blocking, because such a test is a sequence of steps.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::response::{Asked, End, Head, ResponseReader};

/// A connection that sends exactly what it is told.
pub struct RawConn {
    stream: Box<dyn Stream>,
    /// Received, but not yet part of a response.
    pending: Vec<u8>,
}

/// A response read whole: for small bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawResponse {
    /// Status and fields.
    pub head: Head,
    /// The body, without framing.
    pub body: Vec<u8>,
    /// Whether the body is what the head promised.
    pub end: End,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Nothing in a test answers later than this.
const PATIENCE: Duration = Duration::from_secs(20);

impl RawConn {
    /// Connects.
    ///
    /// # Errors
    /// Those of the network.
    pub fn connect(addr: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: Box::new(tcp(addr)?), pending: Vec::new() })
    }

    /// Connects with TLS to a server named `localhost`.
    ///
    /// # Errors
    /// Those of the network and of the handshake.
    pub fn connect_tls(addr: SocketAddr, config: Arc<rustls::ClientConfig>) -> io::Result<Self> {
        let name = rustls::pki_types::ServerName::try_from("localhost").map_err(io::Error::other)?;
        let client = rustls::ClientConnection::new(config, name).map_err(io::Error::other)?;
        let stream = rustls::StreamOwned::new(client, tcp(addr)?);
        Ok(Self { stream: Box::new(stream), pending: Vec::new() })
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// Those of the network.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Reads one response, body included.
    ///
    /// # Errors
    /// The bytes are no response, or the connection ended before a whole head.
    pub fn response(&mut self, asked: Asked) -> io::Result<RawResponse> {
        let mut reader = ResponseReader::new(asked);
        let mut body = Vec::new();
        let end = loop {
            let taken =
                reader.feed(&self.pending, |b| body.extend_from_slice(b)).map_err(io::Error::other)?;
            self.pending.drain(..taken);
            if reader.is_complete() {
                break End::Complete;
            }
            let mut block = [0; 16 << 10];
            match self.stream.read(&mut block) {
                Ok(0) => break reader.end(),
                Ok(n) => self.pending.extend_from_slice(&block[..n]),
                Err(e) if ended(&e) => break reader.end(),
                Err(e) => return Err(e),
            }
        };
        match reader.head() {
            Some(head) => Ok(RawResponse { head: head.clone(), body, end }),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Sends a whole request of this method and target, and reads its response.
    ///
    /// # Errors
    /// As [`RawConn::response`].
    pub fn request(&mut self, method: &str, target: &str, fields: &str) -> io::Result<RawResponse> {
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").as_bytes())?;
        self.response(if method == "HEAD" { Asked::Head } else { Asked::Other })
    }

    /// Whether the server has closed the connection, with nothing more sent; waits for one or the other.
    ///
    /// # Errors
    /// The server neither sent nor closed in time.
    pub fn is_closed(&mut self) -> io::Result<bool> {
        if !self.pending.is_empty() {
            return Ok(false);
        }
        let mut block = [0; 1024];
        match self.stream.read(&mut block) {
            Ok(0) => Ok(true),
            Ok(n) => {
                self.pending.extend_from_slice(&block[..n]);
                Ok(false)
            }
            Err(e) if ended(&e) => Ok(true),
            Err(e) => Err(e),
        }
    }
}

/// One GET on a connection of its own.
///
/// # Errors
/// As [`RawConn::response`].
pub fn get(addr: SocketAddr, target: &str) -> io::Result<RawResponse> {
    RawConn::connect(addr)?.request("GET", target, "Connection: close\r\n")
}

fn tcp(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The other side is gone: an end, not a failure of the test.
fn ended(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

impl std::fmt::Debug for RawConn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawConn").field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}
