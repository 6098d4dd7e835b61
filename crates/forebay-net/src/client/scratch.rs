//! Reading to nowhere: `recv` with `MSG_TRUNC` lets the kernel drop the bytes of a TCP stream.
//!
//! The call wants a buffer as long as what it shall drop, and does not touch it: its pages are never there.

use std::io;

use parking_lot::Mutex;
use rustix::net::RecvFlags;
use tokio::net::TcpStream;

/// Bytes per call.
const PIECE: usize = 1 << 20;
/// Buffers kept; more than that are at work only if there are as many workers.
const SPARE_MAX: usize = 8;

#[derive(Default)]
pub(super) struct Scratch(Mutex<Vec<Box<[u8]>>>);

impl Scratch {
    /// Drops at most `most` bytes of what has arrived; 0 at the end of the stream.
    pub(super) fn drop_from(&self, tcp: &TcpStream, most: u64) -> io::Result<usize> {
        let spare = self.0.lock().pop();
        let mut piece = spare.unwrap_or_else(|| vec![0; PIECE].into_boxed_slice());
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(PIECE);
        let target = piece.get_mut(..most).unwrap_or_default();
        let received = rustix::net::recv(tcp, target, RecvFlags::TRUNC | RecvFlags::DONTWAIT);
        let mut spare = self.0.lock();
        if spare.len() < SPARE_MAX {
            spare.push(piece);
        }
        let (_, dropped) = received?;
        Ok(dropped)
    }
}
