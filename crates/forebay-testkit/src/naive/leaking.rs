//! The early return that leaked a socket.
//!
//! A hit that has expired is answered with "not found", and the body that came with it is neither read nor closed. In the language of the
//! incident nothing closes it ever; here it is kept in a list that nobody looks at, which is the same thing said aloud.

use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::time::SystemTime;

/// What the cache answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The object.
    Fresh(Vec<u8>),
    /// There is none, or it has expired.
    NotFound,
}

/// The cache's client.
#[derive(Debug)]
pub struct LeakingClient {
    addr: SocketAddr,
    /// Bodies that were returned from early.
    forgotten: Vec<TcpStream>,
}

impl LeakingClient {
    /// A client of the store at this address.
    #[must_use]
    pub const fn new(addr: SocketAddr) -> Self {
        Self { addr, forgotten: Vec::new() }
    }

    /// Looks up an object.
    ///
    /// # Errors
    /// Those of the network, among them the last one: no descriptor is left.
    pub fn get(&mut self, target: &str) -> io::Result<Answer> {
        let (mut stream, mut body, head) = super::ask(self.addr, target, "Connection: close\r\n")?;
        let expires = head.field("expires").map(httpdate::parse_http_date);
        let fresh = match expires {
            None => true,
            Some(Ok(at)) => at > SystemTime::now(),
            Some(Err(_)) => false,
        };
        if head.status != 200 || !fresh {
            self.forgotten.push(stream);
            return Ok(Answer::NotFound);
        }
        stream.read_to_end(&mut body)?;
        Ok(Answer::Fresh(body))
    }

    /// How many bodies were forgotten.
    #[must_use]
    pub fn forgotten(&self) -> usize {
        self.forgotten.len()
    }
}
