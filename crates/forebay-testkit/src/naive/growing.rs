//! The download that cost four times its size.
//!
//! Parts arrive in any order and are written into a buffer at their offsets. A part that lands past the end allocates a buffer that is
//! just large enough and copies what there is. The language of the incident has a collector, which frees the old buffers only when there is as
//! much garbage as there was live memory after its last run: so the buffers that were left behind are held here until then.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// What came of it.
#[derive(Debug)]
pub struct Grown {
    /// The object.
    pub bytes: Vec<u8>,
    /// How often the buffer was allocated anew.
    pub allocations: usize,
}

/// A buffer that grows to where it is written.
#[derive(Debug, Default)]
struct WriteAt {
    bytes: Vec<u8>,
    allocations: usize,
    garbage: Vec<Vec<u8>>,
    /// Live bytes after the last collection.
    live: usize,
}

impl WriteAt {
    fn write_at(&mut self, offset: usize, part: &[u8]) {
        let end = offset + part.len();
        if end > self.bytes.len() {
            let mut grown = vec![0; end];
            grown[..self.bytes.len()].copy_from_slice(&self.bytes);
            self.garbage.push(std::mem::replace(&mut self.bytes, grown));
            self.allocations += 1;
            self.collect();
        }
        self.bytes[offset..end].copy_from_slice(part);
    }

    fn collect(&mut self) {
        if self.garbage.iter().map(Vec::len).sum::<usize>() > self.live {
            self.garbage.clear();
            self.live = self.bytes.len();
        }
    }
}

/// Fetches `len` bytes of `target` by ranges of `part` bytes, `at_once` of them in parallel, each read whole before it is written.
///
/// # Errors
/// Those of the network; a part that is not what was asked for.
pub fn growing_buffer(
    addr: SocketAddr,
    target: &str,
    len: u64,
    part: u64,
    at_once: usize,
) -> io::Result<Grown> {
    let buffer = Mutex::new(WriteAt::default());
    let next = AtomicU64::new(0);
    let worker = || -> io::Result<()> {
        loop {
            let first = next.fetch_add(part, Relaxed);
            if first >= len {
                return Ok(());
            }
            let bytes = fetch(addr, target, first, (first + part).min(len) - 1)?;
            buffer.lock().write_at(usize::try_from(first).map_err(io::Error::other)?, &bytes);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|w| w.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    })?;
    let buffer = buffer.into_inner();
    Ok(Grown { bytes: buffer.bytes, allocations: buffer.allocations })
}

fn fetch(addr: SocketAddr, target: &str, first: u64, last: u64) -> io::Result<Vec<u8>> {
    let (mut stream, mut body, head) =
        super::ask(addr, target, &format!("Range: bytes={first}-{last}\r\nConnection: close\r\n"))?;
    stream.read_to_end(&mut body)?;
    if head.status != 206 || body.len() as u64 != last - first + 1 {
        return Err(io::Error::other(format!("status {}, {} bytes", head.status, body.len())));
    }
    Ok(body)
}
