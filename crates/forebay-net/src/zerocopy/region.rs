//! The region that placeholders point into.
//!
//! hyper's HTTP/1.1 writer carries body chunks as byte slices and never looks inside them when it
//! writes vectored. So a chunk can be a *name*: a slice of this static region whose address says which
//! slot, and therefore which queued span of a file, the connection must send in its place.
//!
//! The region lives in `.bss` behind a lock that is only ever read: it is valid, zeroed memory that
//! nobody touches, so it costs address space and no pages. Slots do not overlap, so an address names
//! one slot and one offset, and a placeholder that is sliced by a layer on its way still says exactly
//! which bytes it stands for.

use std::sync::{OnceLock, RwLock};

/// The most file bytes one placeholder stands for.
pub(crate) const SLOT_BYTES: usize = 1 << 20;
/// More than hyper ever queues on one connection (16 buffers), so that two live placeholders of a
/// connection never share a slot.
pub(crate) const SLOTS: u64 = 32;

const REGION_BYTES: usize = SLOT_BYTES * SLOTS as usize;

static REGION: RwLock<[u8; REGION_BYTES]> = RwLock::new([0; REGION_BYTES]);
static VIEW: OnceLock<&'static [u8]> = OnceLock::new();

/// Where in the region a slice begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) slot: u64,
    pub(crate) offset: usize,
}

/// The slice that names `len` bytes of the span with this serial. `len` is at most [`SLOT_BYTES`].
pub(crate) fn placeholder(serial: u64, len: usize) -> &'static [u8] {
    let start = (serial % SLOTS) as usize * SLOT_BYTES;
    &view()[start..start + len]
}

/// Whether this slice is a placeholder, and of which slot. Reads the address, never the bytes.
pub(crate) fn locate(slice: &[u8]) -> Option<Mark> {
    if slice.is_empty() {
        return None;
    }
    let distance = slice.as_ptr().addr().wrapping_sub(view().as_ptr().addr());
    (distance < REGION_BYTES)
        .then_some(Mark { slot: (distance / SLOT_BYTES) as u64, offset: distance % SLOT_BYTES })
}

/// The region is borrowed for ever: a read guard that is never dropped.
fn view() -> &'static [u8] {
    VIEW.get_or_init(|| {
        let guard = REGION.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        &Box::leak(Box::new(guard))[..]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_says_its_slot_and_offset() {
        let slice = placeholder(SLOTS + 3, 5000);
        assert_eq!(locate(slice), Some(Mark { slot: 3, offset: 0 }));
        assert_eq!(locate(&slice[1234..]), Some(Mark { slot: 3, offset: 1234 }));
    }

    #[test]
    fn other_memory_and_empty_slices_are_not_placeholders() {
        assert_eq!(locate(b"HTTP/1.1 200 OK"), None);
        assert_eq!(locate(&vec![0u8; 1 << 21]), None);
        assert_eq!(locate(&placeholder(0, 10)[10..]), None);
    }

    #[test]
    fn the_region_costs_no_pages() {
        let resident_before = resident_kib();
        assert_eq!(placeholder(7, SLOT_BYTES).len(), SLOT_BYTES);
        assert!(resident_kib() - resident_before < 1024, "naming a megabyte made it resident");
    }

    fn resident_kib() -> i64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
