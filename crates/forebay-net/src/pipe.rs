//! A pipe, which is where bytes are while they go from one descriptor to another without entering user space.
//!
//! `splice` moves references to the kernel's pages and not their bytes, so what a pipe holds is what the socket that it came
//! from held before: whoever pays for the connection's receive buffer has paid for it. A pipe costs two descriptors of its own.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use forebay_budget::{FdLease, FdLedger};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

/// As many pages as a turn moves. The kernel gives 64 KiB to everybody and up to 1 MiB to who asks.
pub(crate) const PIPE_BYTES: usize = 256 << 10;

/// Both ends of a pipe, non-blocking, with the lease of their descriptors.
#[derive(Debug)]
pub struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    /// Bytes that went in and have not come out.
    held: usize,
    _lease: FdLease,
}

impl Pipe {
    /// A pipe, if two descriptors are free now.
    pub(crate) fn open(fds: &FdLedger) -> io::Result<Self> {
        let lease = fds.try_acquire(2).map_err(io::Error::other)?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Refused to users who have many pipes: it stays as small as it is, and works.
        let _unchanged = fcntl_setpipe_size(&write, PIPE_BYTES).is_err();
        Ok(Self { read, write, held: 0, _lease: lease })
    }

    /// Bytes that went in and have not come out.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Moves at most `max` bytes in from a socket. `Ok(0)` is its end.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the socket has nothing, *or the pipe no room*: fill an empty pipe only, and it is the socket.
    pub(crate) fn fill(&mut self, from: impl AsFd, max: usize) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = splice(from, None, &self.write, None, max, flags)?;
        self.held += moved;
        Ok(moved)
    }

    /// Moves at most `max` of the held bytes out to a socket.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the socket has no room.
    pub(crate) fn drain(&mut self, to: impl AsFd, max: usize) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = splice(&self.read, None, to, None, max.min(self.held), flags)?;
        self.held -= moved;
        Ok(moved)
    }

    /// Moves at most `max` of the held bytes to an offset of a file. Not to be called on a file that may block for long.
    ///
    /// # Errors
    ///
    /// Whatever the file says: a full disk, above all.
    pub(crate) fn drain_at(&mut self, to: impl AsFd, offset: u64, max: usize) -> io::Result<usize> {
        let mut offset = offset;
        let moved = splice(&self.read, None, to, Some(&mut offset), max.min(self.held), SpliceFlags::MOVE)?;
        self.held -= moved;
        Ok(moved)
    }
}
