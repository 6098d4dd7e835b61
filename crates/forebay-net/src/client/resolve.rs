//! Names to addresses, in bounded numbers and bounded time.
//!
//! The system's resolver blocks, and a name server that does not answer holds its thread for many seconds after we have stopped
//! waiting. So few lookups run at once, and each keeps its permit until its thread is back.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Lookups at once.
const LOOKUPS_MAX: usize = 8;

#[derive(Debug)]
pub(super) struct Resolver(Arc<Semaphore>);

impl Default for Resolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS_MAX)))
    }
}

impl Resolver {
    /// The addresses of a host, in the order in which they are to be tried; never none.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        let host: Box<str> = host.into();
        let lookup = tokio::task::spawn_blocking(move || {
            let found: io::Result<Vec<_>> = (&*host, port).to_socket_addrs().map(Iterator::collect);
            drop(permit);
            found
        });
        let found = lookup.await.map_err(io::Error::other)??;
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(found)
    }
}
