//! The precache agent that was killed by its own GETs.
//!
//! It asks a cache for many objects at once so that the cache has them, and reads each of them whole, because that is what the client
//! library's shortest call does. Nobody wants the bytes.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;

use super::ask;

/// Fetches these targets, so many at once, each whole into memory. Returns the bytes of all.
///
/// # Errors
/// Those of the network.
pub fn read_whole(addr: SocketAddr, targets: &[String], at_once: usize) -> io::Result<u64> {
    let left = Mutex::new(targets.iter());
    let one = || {
        let mut read = 0;
        loop {
            let next = left.lock().map_err(|_| io::Error::other("another thread panicked"))?.next();
            let Some(target) = next else { return Ok(read) };
            let (mut stream, mut body, _) = ask(addr, target, "Connection: close\r\n")?;
            stream.read_to_end(&mut body)?;
            read += body.len() as u64;
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(one)).collect();
        let ends = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())));
        ends.sum()
    })
}
