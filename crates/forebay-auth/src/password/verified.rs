//! What was proved lately, so that a page with forty pictures does not cost forty slow hashes.
//!
//! It keeps keyed digests of whole credentials, in a fixed number of places: two that meet in one take turns, which costs a hash and nothing else.

use std::fmt;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::secret::{self, Digest};

/// How long a proof is good for. A password that was taken from the file goes on working for at most as long, if the file is not read again before.
const LIFE: Duration = Duration::from_secs(60);
/// Proofs at once.
const PLACES: usize = 1024;

pub(super) struct Verified(Mutex<Box<[Option<Proved>]>>);

#[derive(Clone, Copy)]
struct Proved {
    digest: Digest,
    at: SystemTime,
}

impl Verified {
    pub(super) fn new() -> Self {
        Self(Mutex::new(vec![None; PLACES].into()))
    }

    pub(super) fn add(&self, digest: Digest, now: SystemTime) {
        self.0.lock()[place(&digest)] = Some(Proved { digest, at: now });
    }

    /// Whether it was proved lately; not if that lies in the future, because the clock was set back.
    pub(super) fn has(&self, digest: &Digest, now: SystemTime) -> bool {
        let proved = self.0.lock()[place(digest)];
        proved.is_some_and(|proved| {
            let is_fresh = now.duration_since(proved.at).is_ok_and(|age| age < LIFE);
            is_fresh && secret::same(&proved.digest, digest)
        })
    }
}

fn place(digest: &Digest) -> usize {
    secret::number(digest) as usize % PLACES
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_meet_in_one_place_take_turns() {
        let verified = Verified::new();
        let now = SystemTime::UNIX_EPOCH;
        let (one, mut other) = ([7; 32], [7; 32]);
        other[31] = 8;
        verified.add(one, now);
        assert!(verified.has(&one, now) && !verified.has(&other, now));
        verified.add(other, now);
        assert!(verified.has(&other, now) && !verified.has(&one, now));
    }
}
