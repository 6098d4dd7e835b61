//! The first bytes of a body, copied out as they pass.
//!
//! Copied, not sliced: a 20-byte slice of a frame would keep its whole 64 KiB chunk alive. Bounded: the
//! buffer is made once, at the first byte, of the size that a lease was granted for. Optional: when the
//! budget has no room, the body passes and the capture says so.

use bytes::Buf;
use forebay_budget::{Class, Lease, Ledger};

/// Why there is no capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skipped {
    /// The content type, the content coding or the bytes themselves say that this is not text.
    Binary,
    /// The connection changes its protocol: what follows is not a body.
    Upgrade,
    /// The budget for captures is used up.
    Budget,
}

impl Skipped {
    /// The name used in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Upgrade => "upgrade",
            Self::Budget => "budget",
        }
    }
}

/// A bounded prefix of a body, paid for with a lease of [`Class::Captures`].
#[derive(Debug)]
pub struct Prefix {
    limit: usize,
    /// The body's length where it is known, so that short bodies take short buffers.
    expected: Option<u64>,
    ledger: Ledger,
    kept: Vec<u8>,
    seen: u64,
    lease: Option<Lease>,
    skipped: Option<Skipped>,
}

impl Prefix {
    /// Keeps at most `limit` bytes, once there are any.
    #[must_use]
    pub const fn new(limit: usize, expected: Option<u64>, ledger: Ledger) -> Self {
        Self { limit, expected, ledger, kept: Vec::new(), seen: 0, lease: None, skipped: None }
    }

    /// Looks at a frame. Copies what there is room for.
    pub fn take(&mut self, data: &impl Buf) {
        let chunk = data.chunk();
        let contiguous = self.seen == self.kept.len() as u64;
        self.seen = self.seen.saturating_add(data.remaining() as u64);
        if chunk.is_empty() || self.skipped.is_some() || !contiguous || !self.is_paid() {
            return;
        }
        let room = self.limit.min(self.kept.capacity()) - self.kept.len();
        let piece = &chunk[..chunk.len().min(room)];
        if piece.iter().copied().any(is_binary) {
            self.skip(Skipped::Binary);
        } else {
            self.kept.extend_from_slice(piece);
        }
    }

    /// Gives up the capture, for this reason.
    pub fn skip(&mut self, why: Skipped) {
        self.skipped.get_or_insert(why);
        self.kept = Vec::new();
        self.lease = None;
    }

    /// What was kept.
    #[must_use]
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Why nothing was kept, if something kept us from it.
    #[must_use]
    pub const fn skipped(&self) -> Option<Skipped> {
        self.skipped
    }

    /// Whether every byte that passed was kept.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.skipped.is_none() && self.seen == self.kept.len() as u64
    }

    /// Takes the lease and makes the buffer at the first byte.
    fn is_paid(&mut self) -> bool {
        if self.lease.is_some() {
            return true;
        }
        let expected = self.expected.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
        let size = self.limit.min(expected.max(1));
        match self.ledger.try_acquire(Class::Captures, size as u64) {
            Ok(lease) => {
                self.lease = Some(lease);
                self.kept = Vec::with_capacity(size);
                true
            }
            Err(_refused) => {
                self.skip(Skipped::Budget);
                false
            }
        }
    }
}

/// Control characters that no text has. (Escape stays: terminals' logs have it.)
const fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}
