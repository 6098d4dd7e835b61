//! Where a signal handler writes stacks, and a task collects them.
//!
//! A handler may interrupt anything, the allocator included, so it can use nothing but memory that is there already
//! and atomics. Each slot goes round: free, being written (the handler that won it), ready, free again (the
//! collector). A handler that finds its slot taken drops its sample and counts it. The table is zero until it is
//! first used and so costs no memory before.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// Addresses of one stack; outer ones beyond it are cut off.
pub(super) const DEPTH_MAX: usize = 126;
/// A hundred samples a second on eight processors, collected ten times a second, with room to spare.
const SLOTS: usize = 256;

const FREE: u8 = 0;
const WRITING: u8 = 1;
const READY: u8 = 2;

struct Slot {
    state: AtomicU8,
    depth: AtomicUsize,
    stack: [AtomicUsize; DEPTH_MAX],
}

static TABLE: [Slot; SLOTS] = [const { Slot::free() }; SLOTS];
static NEXT: AtomicUsize = AtomicUsize::new(0);
static MISSED: AtomicU64 = AtomicU64::new(0);
static OPEN: AtomicBool = AtomicBool::new(false);

/// A slot that a handler has won.
pub(super) struct Writing {
    slot: &'static Slot,
    depth: usize,
}

impl Slot {
    const fn free() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            depth: AtomicUsize::new(0),
            stack: [const { AtomicUsize::new(0) }; DEPTH_MAX],
        }
    }
}

/// Says whether samples are wanted.
pub(super) fn open(wanted: bool) {
    if wanted {
        MISSED.store(0, Ordering::Relaxed);
    }
    OPEN.store(wanted, Ordering::SeqCst);
}

/// Samples lost since the table was last opened.
pub(super) fn missed() -> u64 {
    MISSED.load(Ordering::Relaxed)
}

/// A slot for one stack, if samples are wanted and one is free. Async-signal-safe.
pub(super) fn claim() -> Option<Writing> {
    if !OPEN.load(Ordering::SeqCst) {
        return None;
    }
    let slot = TABLE.get(NEXT.fetch_add(1, Ordering::Relaxed) % SLOTS)?;
    // Acquire: what the collector read from this slot was read before it is overwritten.
    match slot.state.compare_exchange(FREE, WRITING, Ordering::Acquire, Ordering::Relaxed) {
        Ok(_) => Some(Writing { slot, depth: 0 }),
        Err(_) => {
            MISSED.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

impl Writing {
    /// Adds the next outer address. False when no more will be taken. Async-signal-safe.
    pub(super) fn push(&mut self, address: usize) -> bool {
        let Some(place) = self.slot.stack.get(self.depth) else { return false };
        place.store(address, Ordering::Relaxed);
        self.depth += 1;
        true
    }

    /// Hands the stack to the collector. Async-signal-safe.
    pub(super) fn finish(self) {
        self.slot.depth.store(self.depth, Ordering::Relaxed);
        // Release: the collector that sees READY sees the stack.
        self.slot.state.store(READY, Ordering::Release);
    }
}

/// Calls `take` with every stack that is ready, and frees their slots.
pub(super) fn drain(mut take: impl FnMut(&[usize])) {
    let mut stack = [0; DEPTH_MAX];
    for slot in &TABLE {
        if slot.state.load(Ordering::Acquire) != READY {
            continue;
        }
        let depth = slot.depth.load(Ordering::Relaxed).min(DEPTH_MAX);
        for (address, place) in stack[..depth].iter_mut().zip(&slot.stack) {
            *address = place.load(Ordering::Relaxed);
        }
        slot.state.store(FREE, Ordering::Release);
        take(&stack[..depth]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The table is one for the process, so one test walks through all of its states.
    #[test]
    fn a_stack_goes_round_and_a_full_table_loses_the_newest() {
        open(true);
        for number in 0..SLOTS + 3 {
            if let Some(mut writing) = claim() {
                assert!(writing.push(number));
                writing.finish();
            }
        }
        assert_eq!(missed(), 3);
        let mut seen = Vec::new();
        drain(|stack| seen.push(stack.to_vec()));
        seen.sort();
        assert_eq!(seen, (0..SLOTS).map(|number| vec![number]).collect::<Vec<_>>());

        let mut deep = claim().unwrap();
        assert!((0..DEPTH_MAX).all(|address| deep.push(address)));
        assert!(!deep.push(0));
        drain(|_| panic!("a stack that is being written was taken"));
        deep.finish();
        let mut depth = 0;
        drain(|stack| depth = stack.len());
        assert_eq!(depth, DEPTH_MAX);

        open(false);
        assert!(claim().is_none());
    }
}
