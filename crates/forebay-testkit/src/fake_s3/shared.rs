//! What the server's threads and the test have in common.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::intake::Effort;
use super::state::State;
use crate::fake::Script;
use crate::fake::seen::Log;

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    pub(crate) script: Script,
    pub(crate) log: Log,
    /// Seconds that its clock is ahead.
    pub(crate) clock_shift_s: AtomicI64,
    /// The only access key that is let in; anybody without one.
    pub(crate) access_key: Mutex<Option<String>>,
    /// Parts may be shorter than 5 MiB.
    pub(crate) small_parts: AtomicBool,
    /// MD5 and SHA-256 are believed.
    pub(crate) believes: AtomicBool,
    /// Keys that are not deleted with others.
    pub(crate) refused_deletes: Mutex<Vec<String>>,
}

/// Bytes of uploads that are kept in memory at most; patterns are not counted.
pub(crate) const KEPT_MAX: u64 = 1 << 30;

impl Shared {
    /// What to compute where this is usual.
    pub(crate) fn effort(&self, usual: Effort) -> Effort {
        if self.believes.load(Relaxed) { Effort::Believe } else { usual }
    }

    /// Bytes that an upload of this length may still keep. Small ones are not held up by counting.
    pub(crate) fn room(&self, declared: Option<u64>) -> u64 {
        match declared {
            Some(len) if len <= 64 << 10 => len,
            _ => KEPT_MAX.saturating_sub(self.state.lock().kept()),
        }
    }
}
