//! Socket buffers that rise with the drain and fall with the quiet.
//!
//! A fixed small buffer bounds what a stalled client pins (and halves a fast client's speed); a fixed
//! large one is fast (and pins megabytes that no server counts). So each connection starts small and
//! climbs in steps of two, and a step is taken only when
//!
//! 1. the socket was full: growth could not help a connection that never waited for it,
//! 2. the peer then drained four times the present size: a stalled one never gets there,
//! 3. the ledger grants a lease for the whole difference, kernel overhead included ([`purse`]).
//!
//! A grown socket has no low-water mark below its size: all of what the lease has paid for is used, and so the
//! kernel wakes us a few times less for each megabyte.
//!
//! When the connection goes quiet, or what it borrowed is needed, the sweeper asks for it back. The size falls at once; the lease is
//! returned when the kernel says, by reporting the socket writable under the small mark (and unreadable
//! on the other side), that the bytes it paid for are gone.

mod purse;

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use forebay_budget::{ByteSize, Ledger};
use rustix::event::{PollFd, PollFlags, Timespec};
use socket2::SockRef;

use self::purse::Purse;
use crate::sockopt::{self, SocketSizes};
use crate::state::ConnState;

/// Each step is this many times the last.
const STEP: usize = 2;
/// This many times the present size must drain before the next step.
const PROOF: u64 = 4;
/// Linux doubles the value it is given, for its bookkeeping.
const KERNEL_FACTOR: u64 = 2;
/// A read at least this long is part of a body under way; heads and trickles are shorter.
const BULK_READ: usize = 4 << 10;

/// One connection's growth, both directions.
#[derive(Debug)]
pub(crate) struct Growth {
    send: Tide,
    receive: Tide,
    ledger: Ledger,
    sizes: SocketSizes,
}

/// One direction.
#[derive(Debug)]
struct Tide {
    size: usize,
    start: usize,
    max: usize,
    /// The part of `size` that the connection's own cost, or the lease, has paid for.
    paid: usize,
    /// The socket has been full (or a read has been long) since the last step.
    pressed: bool,
    /// Bytes moved since then.
    drained: u64,
    purse: Purse,
}

impl Tide {
    /// `paid`: what of `start` a quiet client can pin, which is what connections are charged for.
    fn new(start: usize, paid: usize, max: usize) -> Self {
        Self {
            size: start,
            start,
            max: max.max(start),
            paid,
            pressed: false,
            drained: 0,
            purse: Purse::default(),
        }
    }

    fn moved(&mut self, bytes: usize) {
        if self.pressed {
            self.drained += bytes as u64;
        }
    }

    /// The next size, when it is deserved.
    fn due(&self) -> Option<usize> {
        let deserved = self.pressed && self.drained >= PROOF * self.size as u64;
        (deserved && self.size < self.max).then(|| (self.size * STEP).min(self.max))
    }

    /// Takes the lease for `next`; without one the proof starts anew, so that a full ledger is asked
    /// once per so many bytes and not once per write.
    fn pay(&mut self, ledger: &Ledger, next: usize) -> bool {
        let bytes = KERNEL_FACTOR * next.saturating_sub(self.paid) as u64;
        (self.pressed, self.drained) = (false, 0);
        if !self.purse.add(ledger, bytes) {
            return false;
        }
        // After a fall the lease may still cover more than the next step.
        (self.size, self.paid) = (next, self.paid.max(next));
        true
    }

    /// The bytes that the lease paid for are gone.
    fn repay(&mut self, paid: usize) {
        self.purse = Purse::default();
        self.paid = paid;
    }

    fn fall(&mut self) {
        (self.size, self.pressed, self.drained) = (self.start, false, 0);
    }
}

impl Growth {
    pub(crate) fn new(ledger: Ledger, sizes: SocketSizes) -> Self {
        let max = sizes.grown_max.as_usize();
        Self {
            send: Tide::new(sizes.send_start.as_usize(), sizes.unsent_start.as_usize(), max),
            receive: Tide::new(sizes.receive_start.as_usize(), 0, max),
            ledger,
            sizes,
        }
    }

    /// Whether the connection has proved that it drains: larger pieces are worth their memory.
    pub(crate) fn is_fast(&self) -> bool {
        self.send.size > self.send.start
    }

    /// The socket was full.
    pub(crate) fn full(&mut self) {
        self.send.pressed = true;
    }

    pub(crate) fn wrote(&mut self, bytes: usize, socket: &SockRef<'_>, state: &ConnState) {
        self.send.moved(bytes);
        if let Some(next) = self.send.due() {
            let paid = self.send.pay(&self.ledger, next);
            let next = ByteSize::b(next as u64);
            self.grown(paid, state, || sockopt::set_send(socket, next, next.times(KERNEL_FACTOR)));
        }
    }

    pub(crate) fn read(&mut self, bytes: usize, socket: &SockRef<'_>, state: &ConnState) {
        self.receive.pressed = bytes >= BULK_READ;
        self.receive.moved(bytes);
        if let Some(next) = self.receive.due() {
            let paid = self.receive.pay(&self.ledger, next);
            self.grown(paid, state, || socket.set_recv_buffer_size(next));
        }
    }

    fn grown(&self, paid: bool, state: &ConnState, apply: impl FnOnce() -> io::Result<()>) {
        if !paid {
            return state.counters.buffer_growths_refused.add(1);
        }
        state.counters.buffer_growths.add(1);
        self.tell(state);
        // A socket that refuses has died; the next write will say so.
        let _dead = apply();
    }

    /// The connection is quiet: sizes fall now, leases are returned as soon as the kernel's queues fit.
    pub(crate) fn shrink(&mut self, socket: &SockRef<'_>, state: &ConnState) -> io::Result<()> {
        if !self.send.purse.is_empty() {
            sockopt::set_send(socket, self.sizes.send_start, self.sizes.unsent_start)?;
            self.send.fall();
        }
        if !self.receive.purse.is_empty() {
            socket.set_recv_buffer_size(self.sizes.receive_start.as_usize())?;
            self.receive.fall();
        }
        let ready = queues(socket)?;
        if ready.contains(PollFlags::OUT) {
            self.send.repay(self.sizes.unsent_start.as_usize());
        }
        if !ready.contains(PollFlags::IN) {
            self.receive.repay(0);
        }
        self.tell(state);
        Ok(())
    }

    /// Lets the sweeper know what there is to give back.
    fn tell(&self, state: &ConnState) {
        let purses = [&self.send.purse, &self.receive.purse];
        state.grown.store(purses.iter().any(|purse| !purse.is_empty()), Ordering::Relaxed);
        state.borrowed.store(purses.iter().any(|purse| purse.has_borrowed()), Ordering::Relaxed);
    }
}

/// Writable: less than the low-water mark is unsent and the buffer has room. Not readable: the receive
/// queue is empty.
fn queues(socket: &SockRef<'_>) -> io::Result<PollFlags> {
    let fd = socket.as_fd();
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN | PollFlags::OUT)];
    rustix::event::poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(polled[0].revents())
}

#[cfg(test)]
mod tests {
    use forebay_budget::Class;

    use super::*;

    fn ledger(bytes: u64) -> Ledger {
        Ledger::new([(Class::SocketBuffers, ByteSize::b(bytes))])
    }

    #[test]
    fn a_stalled_reader_never_earns_a_step() {
        let mut tide = Tide::new(64 << 10, 16 << 10, 512 << 10);
        tide.moved(1 << 30);
        assert_eq!(tide.due(), None, "it never met a full socket");
        tide.pressed = true;
        tide.moved(255 << 10);
        assert_eq!(tide.due(), None, "less than four times the buffer drained");
        tide.moved(1 << 10);
        assert_eq!(tide.due(), Some(128 << 10));
    }

    #[test]
    fn steps_are_paid_in_full_and_end_at_the_largest() {
        let ledger = ledger(16 << 20);
        let mut tide = Tide::new(64 << 10, 16 << 10, 512 << 10);
        let mut sizes = Vec::new();
        for _ in 0..5 {
            tide.pressed = true;
            tide.moved(8 << 20);
            let Some(next) = tide.due() else { break };
            assert!(tide.pay(&ledger, next));
            sizes.push(next >> 10);
        }
        assert_eq!(sizes, [128, 256, 512]);
        assert_eq!(ledger.usage(Class::SocketBuffers).in_use, 2 * ((512 - 16) << 10));
        drop(tide);
        assert!(ledger.idle());
    }

    #[test]
    fn a_full_ledger_leaves_the_socket_as_it_is() {
        let ledger = ledger(0);
        let mut tide = Tide::new(64 << 10, 16 << 10, 512 << 10);
        tide.pressed = true;
        tide.moved(1 << 20);
        assert!(!tide.pay(&ledger, tide.due().unwrap()));
        assert_eq!(tide.size, 64 << 10);
        assert_eq!(tide.due(), None, "the proof starts anew");
    }

    #[test]
    fn a_reader_that_pauses_and_resumes_pays_for_its_size_once() {
        let ledger = ledger(16 << 20);
        let mut tide = Tide::new(64 << 10, 16 << 10, 512 << 10);
        for _ in 0..20 {
            while tide.size < tide.max {
                tide.pressed = true;
                tide.moved(8 << 20);
                assert!(tide.pay(&ledger, tide.due().unwrap()));
            }
            // Its queue is still full, so the lease stays.
            tide.fall();
        }
        assert!(ledger.usage(Class::SocketBuffers).peak <= 2 * (512 << 10));
    }
}
