//! The naive clients: incidents 1, 2 and 5 as they happened, on threads and plain sockets, so that nothing but the mistake is in them.

mod growing;
mod leaking;
mod reading;

pub use growing::{Grown, growing_buffer};
pub use leaking::{Answer, LeakingClient};
pub use reading::read_whole;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::response::{Asked, Head, ResponseReader};

/// Asks for `target` and reads no further than the head; what came behind it is in the second value.
fn ask(addr: SocketAddr, target: &str, fields: &str) -> io::Result<(TcpStream, Vec<u8>, Head)> {
    let mut stream = TcpStream::connect(addr)?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {addr}\r\n{fields}\r\n")?;
    let mut reader = ResponseReader::new(Asked::Other);
    let mut block = vec![0; 16 << 10];
    loop {
        let n = stream.read(&mut block)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut body = Vec::new();
        reader.feed(&block[..n], |bytes| body.extend_from_slice(bytes)).map_err(io::Error::other)?;
        if let Some(head) = reader.head() {
            return Ok((stream, body, head.clone()));
        }
    }
}
