//! Being woken less often for bytes that nobody wants.
//!
//! A fast sender's bytes arrive in tens of KiB, and a wake-up, a call and an acknowledgement for each cost more than dropping them. With a
//! low-water mark (`SO_RCVLOWAT`) the kernel says nothing until half of the receive buffer is full, which takes a quarter of the time
//! of the processor. Where bytes come slowly nothing is gained, and somebody who waits for a full mark would take a slow body for one
//! that stands still: so the mark is up only while bytes come fast, and a look four times a second takes what is there, however little.

use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A smaller mark gains nothing.
const MARK_MIN: u64 = 32 << 10;
/// A mark's worth of bytes in this time is fast.
const FAST: Duration = Duration::from_millis(100);
/// How long bytes below the mark wait at most.
const LOOK: Duration = Duration::from_millis(250);

/// The mark of one body's socket.
pub(super) struct LowWater {
    /// The highest mark: half of the receive buffer.
    most: u64,
    mark: u64,
    since: Instant,
    /// Bytes since then.
    bytes: u64,
    look: Option<Pin<Box<Sleep>>>,
}

impl LowWater {
    /// For a socket with a receive buffer of so many bytes.
    pub(super) fn new(receive: u64) -> Self {
        Self { most: receive / 2, mark: 1, since: Instant::now(), bytes: 0, look: None }
    }

    /// Bytes were taken, so many are to come: raises the mark or lowers it. A mark is never above what is to come.
    pub(super) fn took(&mut self, tcp: &TcpStream, bytes: u64, left: u64) {
        self.look = None;
        self.bytes += bytes;
        if self.bytes >= self.most {
            let now = Instant::now();
            let is_fast = self.most >= MARK_MIN && now - self.since <= FAST;
            (self.since, self.bytes) = (now, 0);
            self.set(tcp, if is_fast { self.most.min(left) } else { 1 });
        } else if self.mark > left {
            self.set(tcp, left);
        }
    }

    /// Nothing has been said for so long that it is time to look.
    pub(super) fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.mark <= 1 {
            return Poll::Pending;
        }
        ready!(self.look.get_or_insert_with(|| Box::pin(sleep(LOOK))).as_mut().poll(cx));
        self.look = None;
        Poll::Ready(())
    }

    /// Every byte is news again.
    pub(super) fn lower(&mut self, tcp: &TcpStream) {
        self.look = None;
        self.set(tcp, 1);
    }

    fn set(&mut self, tcp: &TcpStream, mark: u64) {
        let mark = mark.max(1);
        // A kernel that does not take it leaves it where it was, and wakes us more often.
        if mark != self.mark && set_low_water(tcp, mark).is_ok() {
            self.mark = mark;
        }
    }
}

/// Neither the standard library nor the crates that we use for sockets have this option.
#[expect(unsafe_code, reason = "setsockopt(2) has no safe form for SO_RCVLOWAT")]
fn set_low_water(tcp: &TcpStream, mark: u64) -> io::Result<()> {
    let mark = libc::c_int::try_from(mark).unwrap_or(libc::c_int::MAX);
    let len = size_of_val(&mark) as libc::socklen_t;
    // SAFETY: the descriptor is open as long as `tcp` is borrowed; the kernel reads `len` bytes of an integer that lives until the call
    // returns, and keeps no pointer to it.
    let result = unsafe {
        libc::setsockopt(tcp.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVLOWAT, (&raw const mark).cast(), len)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
