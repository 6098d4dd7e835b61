//! Other people's pages.
//!
//! The kernel keeps what a transfer writes or reads in memory, in place of what others had there; for an object that is larger than the
//! memory, nobody gains by that. What is on the disk can be let go of as soon as it has passed.

use std::fs::File;

use forebay_budget::ByteSize;
use forebay_store::ByteRange;
use rustix::fs::{Advice, fadvise};

/// What becomes of the page cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PageCache {
    /// The kernel decides: who reads the file next finds it in memory, and others' pages may have gone for it.
    #[default]
    Kept,
    /// What was written is synced and let go every few MiB, and what was read is let go: others' pages stay, and the disk sets the pace.
    LetGo,
    /// Let go of objects longer than this, and keep others.
    LetGoBeyond(ByteSize),
}

impl PageCache {
    /// Whether an object of this length is let go of.
    pub(crate) fn lets_go(self, len: u64) -> bool {
        match self {
            Self::Kept => false,
            Self::LetGo => true,
            Self::LetGoBeyond(most) => len > most.as_u64(),
        }
    }
}

/// Tells the kernel that nobody here needs these bytes of a file any more. What is not on the disk yet stays. Blocks for a moment.
pub(crate) fn let_go(file: &File, range: ByteRange) {
    // Of no length would be up to the end.
    if let Some(len) = std::num::NonZeroU64::new(range.len()) {
        // Advice: what the kernel makes of it changes no byte.
        let _ = fadvise(file, range.start(), Some(len), Advice::DontNeed);
    }
}
