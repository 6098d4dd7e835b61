//! Pipes, through which bytes go from a socket to a file or to another socket without being copied to us.
//!
//! On its way to a file a pipe is filled and emptied within one turn, so it is empty whenever its user waits for the network, and then
//! it lies here for the next one: a client moves hundreds of bodies through as many pipes as it has workers. One that still holds
//! something (its file was full, the other socket is) stays with its body. Each costs two descriptors, leased like all others; without
//! them bytes are copied instead.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use bytes::Bytes;
use forebay_budget::{ByteSize, FdLease, FdLedger};
use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice};
use tokio::net::TcpStream;

use crate::client::{ClientError, ClientErrorKind};

/// Pipes that are kept for the next user.
const SPARE_MAX: usize = 8;
/// What a pipe has if nobody asks for more.
const SIZE_MIN: usize = 64 << 10;
/// What a pipe may have without privileges (`pipe-max-size`).
const SIZE_MAX: usize = 1 << 20;
/// What is read at once from a pipe that is stuck.
const PIECE: usize = 32 << 10;

#[derive(Debug)]
pub(crate) struct Pipe {
    end: OwnedFd,
    start: OwnedFd,
    size: usize,
    /// Bytes in it.
    held: u64,
    _lease: FdLease,
}

/// The spare pipes of a client.
#[derive(Debug)]
pub(crate) struct Pipes {
    fds: FdLedger,
    size: usize,
    spare: Mutex<Vec<Pipe>>,
}

/// Why a pipe was not emptied. What it still holds, it holds.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// This kind of file takes no bytes from a pipe; it takes them from memory.
    Unsupported,
    File(io::Error),
}

impl Pipes {
    /// A turn moves no more than the receive buffer that it empties, and a mebibyte is as much as anybody may have.
    pub(crate) fn new(fds: FdLedger, receive: ByteSize) -> Self {
        let size = receive.as_usize().clamp(SIZE_MIN, SIZE_MAX);
        Self { fds, size, spare: Mutex::default() }
    }

    /// An empty pipe; none if there is no descriptor for it.
    pub(crate) fn take(&self) -> Option<Pipe> {
        let spare = self.spare.lock().pop();
        spare.or_else(|| Pipe::make(&self.fds, self.size))
    }

    /// Keeps an empty pipe; closes any other.
    pub(crate) fn put(&self, pipe: Pipe) {
        let mut spare = self.spare.lock();
        if pipe.held == 0 && spare.len() < SPARE_MAX {
            spare.push(pipe);
        }
    }

    /// Gives all spare descriptors back.
    pub(crate) fn clear(&self) {
        let spare = std::mem::take(&mut *self.spare.lock());
        drop(spare);
    }
}

impl Pipe {
    fn make(fds: &FdLedger, size: usize) -> Option<Self> {
        if fds.usage().free() < 2 {
            return None;
        }
        let lease = fds.try_acquire(2).ok()?;
        let (end, start) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        // Who has many pipes already gets no larger ones: then it stays as it was made.
        let size = fcntl_setpipe_size(&start, size).or_else(|_| fcntl_getpipe_size(&start)).ok()?;
        Some(Self { end, start, size, held: 0, _lease: lease })
    }

    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Moves at most `most` bytes from the socket into an empty pipe; 0 at the end of the stream.
    pub(crate) fn fill(&mut self, tcp: &TcpStream, most: u64) -> io::Result<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.size);
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let filled = retry(|| splice(tcp, None, &self.start, None, most, flags))?;
        self.held += filled as u64;
        Ok(filled)
    }

    /// Moves what it holds, `most` bytes of it, to `offset` of the file, and says how much that was.
    pub(crate) fn empty_into(&mut self, file: &File, mut offset: u64, most: u64) -> (u64, Result<(), Stuck>) {
        let mut moved = 0;
        let due = self.held.min(most);
        while moved < due {
            let len = usize::try_from(due - moved).unwrap_or(usize::MAX);
            let flags = SpliceFlags::MOVE;
            match retry(|| splice(&self.end, None, file, Some(&mut offset), len, flags)) {
                Ok(0) => return (moved, Err(Stuck::File(io::ErrorKind::WriteZero.into()))),
                Ok(emptied) => {
                    self.held -= emptied as u64;
                    moved += emptied as u64;
                }
                Err(Errno::INVAL) => return (moved, Err(Stuck::Unsupported)),
                Err(errno) => return (moved, Err(Stuck::File(errno.into()))),
            }
        }
        (moved, Ok(()))
    }

    /// Moves at most `most` of the bytes that it holds to a socket.
    ///
    /// # Errors
    /// `WouldBlock` if the socket has no room.
    pub(crate) fn drain(&mut self, tcp: &TcpStream, most: usize) -> io::Result<usize> {
        let len = usize::try_from(self.held).unwrap_or(usize::MAX).min(most);
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let moved = retry(|| splice(&self.end, None, tcp, None, len, flags))?;
        self.held -= moved as u64;
        Ok(moved)
    }

    /// Reads some of what it holds: for a file that takes bytes from memory only.
    pub(crate) fn read(&mut self) -> Result<Bytes, ClientError> {
        let mut piece = vec![0; PIECE];
        let read = retry(|| rustix::io::read(&self.end, &mut piece));
        let read = read.map_err(|error| ClientError::with_cause(ClientErrorKind::Reset, error))?;
        self.held = self.held.saturating_sub(read as u64);
        piece.truncate(read);
        Ok(piece.into())
    }
}

fn retry(mut call: impl FnMut() -> rustix::io::Result<usize>) -> rustix::io::Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
