//! The system calls by which a span leaves, each made when the socket can take it, and the one by which its
//! pages are probed. The only place to learn what a kernel or a file system lacks.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::{Errno, ReadWriteFlags};
use rustix::net::{SendAncillaryBuffer, SendFlags};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::queue::Due;

/// Runs a non-blocking call when the socket is writable, and again when it becomes so.
pub(super) fn poll_writable(
    tcp: &TcpStream,
    cx: &mut Context<'_>,
    mut call: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(tcp.poll_write_ready(cx))?;
        match tcp.try_io(Interest::WRITABLE, &mut call) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Poll::Ready(result),
        }
    }
}

/// How much of a head went out.
pub(super) enum Head {
    /// All of it; a span may follow.
    Whole(usize),
    /// Not all: the rest comes first.
    Cut(usize),
}

/// What goes before a span, held back by the kernel until the span follows.
pub(super) fn poll_head(
    tcp: &TcpStream,
    cx: &mut Context<'_>,
    real: &[IoSlice<'_>],
) -> Poll<io::Result<Head>> {
    let all: usize = real.iter().map(|slice| slice.len()).sum();
    if all == 0 {
        return Poll::Ready(Ok(Head::Whole(0)));
    }
    let sent = ready!(poll_writable(tcp, cx, || send_more(tcp, real)))?;
    Poll::Ready(Ok(if sent < all { Head::Cut(sent) } else { Head::Whole(sent) }))
}

/// `sendfile`, which also notices that the socket is full now: the call that would only be told so is
/// not free, since it collects the file's pages first.
pub(super) fn poll_sendfile(tcp: &TcpStream, cx: &mut Context<'_>, due: &Due) -> Poll<io::Result<usize>> {
    let mut short = None;
    let sent = poll_writable(tcp, cx, || {
        if short.is_some() {
            return Ok(0);
        }
        let sent = send_file(tcp, due)?;
        if sent > 0 && sent < due.len && is_full(tcp) {
            short = Some(sent);
            // Clears the readiness that was seen before the call; asking `is_full` has armed the next.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(sent)
    });
    match short {
        Some(sent) => Poll::Ready(Ok(sent)),
        None => sent,
    }
}

fn send_file(tcp: &TcpStream, due: &Due) -> Result<usize, Errno> {
    #[cfg(test)]
    super::faults::strike(super::faults::Call::SendFile)?;
    let mut offset = due.offset;
    rustix::fs::sendfile(tcp, due.file.as_fd(), Some(&mut offset), due.len)
}

/// Reads what is in the page cache; `AGAIN` if the first page is not.
pub(super) fn read_nowait(file: &File, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
    #[cfg(test)]
    super::faults::strike(super::faults::Call::ReadNoWait)?;
    rustix::io::retry_on_intr(|| {
        rustix::io::preadv2(file, &mut [IoSliceMut::new(buffer)], offset, ReadWriteFlags::NOWAIT)
    })
}

/// Whether a write would find no room. A short `sendfile` alone does not say so: the file may have ended.
fn is_full(tcp: &TcpStream) -> bool {
    let mut polled = [PollFd::new(tcp, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(rustix::event::poll(&mut polled, Some(&now)), Ok(0))
}

/// Tells the kernel that more follows at once, so that a head does not travel alone.
fn send_more(tcp: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
    Ok(rustix::net::sendmsg(tcp, slices, &mut SendAncillaryBuffer::default(), flags)?)
}

/// What `sendfile` says of a file it cannot splice from.
pub(super) fn lacks_sendfile(error: &io::Error) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP]
        .iter()
        .any(|errno| errno.raw_os_error() == error.raw_os_error().unwrap_or(0))
}
