//! Who pays for a larger socket.
//!
//! Growth has a line of its own in the plan. Beyond it, growth may borrow what is set aside for connections
//! that are not there: a server for thousands of clients that has sixty would otherwise keep most of its memory
//! idle while the sixty wait. Two rules keep that harmless:
//!
//! - half of the connections' line is never lent, and who waits for a place gets the loan back
//!   ([`ConnState::borrowed`](crate::state::ConnState)): under pressure every borrower shrinks at once;
//! - a step costs at most a quarter of what is free, so that the last quarter is shared by many small steps
//!   and a newcomer finds room for its first ones.

use forebay_budget::{Class, Lease, Ledger};

/// The part of what is free that one step may take.
const STEP_OF_FREE: u64 = 4;

/// What one direction of one connection has paid.
#[derive(Debug, Default)]
pub(super) struct Purse {
    own: Option<Lease>,
    borrowed: Option<Lease>,
}

impl Purse {
    /// Adds `bytes`, or leaves everything as it is.
    pub(super) fn add(&mut self, ledger: &Ledger, bytes: u64) -> bool {
        let own = ledger.usage(Class::SocketBuffers).free();
        if put(&mut self.own, ledger, Class::SocketBuffers, bytes, own) {
            return true;
        }
        let places = ledger.usage(Class::Connections);
        let lent = places.free().saturating_sub(places.capacity / 2);
        put(&mut self.borrowed, ledger, Class::Connections, bytes, lent)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_none() && self.borrowed.is_none()
    }

    pub(super) fn has_borrowed(&self) -> bool {
        self.borrowed.is_some()
    }
}

fn put(purse: &mut Option<Lease>, ledger: &Ledger, class: Class, bytes: u64, free: u64) -> bool {
    if bytes > free / STEP_OF_FREE {
        return false;
    }
    let Ok(more) = ledger.try_acquire(class, bytes) else { return false };
    match purse {
        None => *purse = Some(more),
        Some(lease) => {
            // Same ledger and class: this cannot be refused.
            let _merged = lease.merge(more);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use forebay_budget::ByteSize;

    use super::*;

    fn ledger(growth: u64, connections: u64) -> Ledger {
        Ledger::new([
            (Class::SocketBuffers, ByteSize::mib(growth)),
            (Class::Connections, ByteSize::mib(connections)),
        ])
    }

    fn mib(n: u64) -> u64 {
        n << 20
    }

    #[test]
    fn the_own_line_is_used_before_anything_is_borrowed() {
        let ledger = ledger(8, 64);
        let mut purse = Purse::default();
        assert!(purse.add(&ledger, mib(2)));
        assert!(!purse.has_borrowed());
        assert!(purse.add(&ledger, mib(2)));
        assert!(purse.has_borrowed(), "more than a quarter of the six that are left");
        drop(purse);
        assert!(ledger.idle());
    }

    #[test]
    fn half_of_the_places_are_never_lent() {
        let ledger = ledger(0, 64);
        let mut purses: Vec<Purse> = Vec::new();
        for _ in 0..10_000 {
            let mut purse = Purse::default();
            if !purse.add(&ledger, 64 << 10) {
                break;
            }
            purses.push(purse);
        }
        let places = ledger.usage(Class::Connections);
        assert!(places.in_use <= mib(32), "{} lent", places.in_use);
        assert!(places.in_use >= mib(31), "{} lent", places.in_use);
    }

    #[test]
    fn nothing_is_lent_while_half_of_the_places_are_taken() {
        let ledger = ledger(0, 64);
        let _taken = ledger.try_acquire(Class::Connections, mib(32)).unwrap();
        assert!(!Purse::default().add(&ledger, 1));
    }

    #[test]
    fn a_large_step_leaves_room_for_others() {
        let ledger = ledger(8, 0);
        assert!(!Purse::default().add(&ledger, mib(3)));
        assert!(Purse::default().add(&ledger, mib(2)));
    }
}
