//! Bytes that tell where they belong.
//!
//! A zero-copy server fails by sending *other* bytes, not fewer: a span of the wrong file, or the
//! right file at the wrong offset. Random bytes would show that only after the whole body; these are
//! a function of seed and offset, so that every received slice is checked where it stands, without
//! keeping the original in memory.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// An endless sequence of bytes named by its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    seed: u64,
}

/// The first byte that is not the one that belongs at its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Offset in the sequence, in bytes.
    pub offset: u64,
    /// What belongs there.
    pub expected: u8,
    /// What was found.
    pub found: u8,
}

impl Pattern {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Fills `out` with the bytes that belong at `offset` and after.
    pub fn fill(self, offset: u64, out: &mut [u8]) {
        let skip = (offset % 8) as usize;
        let (first, rest) = out.split_at_mut(out.len().min((8 - skip) % 8));
        first.copy_from_slice(&self.word(offset / 8)[skip..skip + first.len()]);
        let mut index = offset.div_ceil(8);
        let mut words = rest.chunks_exact_mut(8);
        for word in &mut words {
            word.copy_from_slice(&self.word(index));
            index += 1;
        }
        let last = words.into_remainder();
        last.copy_from_slice(&self.word(index)[..last.len()]);
    }

    /// The sequence that these bytes are the begin of, if they are of any: with the offset that they have in it. The answer is as
    /// good as the one that made them, though its seed may be another.
    ///
    /// Two words next to each other tell: the finaliser can be run backwards, and what comes out differs by the constant step.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<(Self, u64)> {
        (0..8).find_map(|lead| {
            let words = bytes.get(lead..lead + 24)?;
            let state = |i: usize| unmix(u64::from_le_bytes(words[i..i + 8].try_into().unwrap_or_default()));
            let first = state(0);
            let follows = state(8).wrapping_sub(first) == STEP && state(16).wrapping_sub(first) == STEP << 1;
            // The word before the first whole one has index 0.
            let found = (Self { seed: first.wrapping_sub(STEP << 1) }, 8 - lead as u64);
            (follows && found.0.check(found.1, &bytes[..lead]).is_ok()).then_some(found)
        })
    }

    /// The same sequence with its begin moved: what is at `offset` in this one is at 0 in that one. `None` between words.
    #[must_use]
    pub fn from(self, offset: u64) -> Option<Self> {
        offset
            .is_multiple_of(8)
            .then(|| Self { seed: self.seed.wrapping_add((offset / 8).wrapping_mul(STEP)) })
    }

    /// The `len` bytes that belong at `offset`.
    #[must_use]
    pub fn bytes(self, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        self.fill(offset, &mut out);
        out
    }

    /// Compares received bytes with those that belong at `offset`.
    ///
    /// # Errors
    /// The first byte that differs.
    pub fn check(self, offset: u64, found: &[u8]) -> Result<(), Mismatch> {
        let mut block = [0u8; 4096];
        for (i, piece) in found.chunks(block.len()).enumerate() {
            let at = offset + (i * block.len()) as u64;
            let expected = &mut block[..piece.len()];
            self.fill(at, expected);
            if let Some(j) = (0..piece.len()).find(|&j| expected[j] != piece[j]) {
                return Err(Mismatch { offset: at + j as u64, expected: expected[j], found: piece[j] });
            }
        }
        Ok(())
    }

    /// Writes the first `len` bytes of the sequence to a new file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_file(self, path: &Path, len: u64) -> io::Result<()> {
        let mut file = File::create(path)?;
        let mut block = vec![0; 1 << 20];
        let mut at = 0;
        while at < len {
            let n = block.len().min(usize::try_from(len - at).unwrap_or(usize::MAX));
            self.fill(at, &mut block[..n]);
            file.write_all(&block[..n])?;
            at += n as u64;
        }
        Ok(())
    }

    /// Eight bytes of the sequence: the finaliser of `SplitMix64` over a counter.
    fn word(self, index: u64) -> [u8; 8] {
        let mut z = self.seed.wrapping_add(index.wrapping_add(1).wrapping_mul(STEP));
        z = (z ^ (z >> 30)).wrapping_mul(FIRST);
        z = (z ^ (z >> 27)).wrapping_mul(SECOND);
        (z ^ (z >> 31)).to_le_bytes()
    }
}

/// The constants of `SplitMix64`.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
const FIRST: u64 = 0xbf58_476d_1ce4_e5b9;
const SECOND: u64 = 0x94d0_49bb_1331_11eb;

/// What the finaliser made this word of.
const fn unmix(word: u64) -> u64 {
    let z = word ^ (word >> 31) ^ (word >> 62);
    let z = z.wrapping_mul(inverse(SECOND));
    let z = z ^ (z >> 27) ^ (z >> 54);
    let z = z.wrapping_mul(inverse(FIRST));
    z ^ (z >> 30) ^ (z >> 60)
}

/// The number that undoes a multiplication by this odd one (Newton's steps: each doubles the bits that are right).
const fn inverse(odd: u64) -> u64 {
    let mut found = odd;
    let mut step = 0;
    while step < 6 {
        found = found.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(found)));
        step += 1;
    }
    found
}

/// A file of `len` zeros that occupies no disk: a large object at no cost.
///
/// # Errors
/// Those of the file system.
pub fn sparse_file(path: &Path, len: u64) -> io::Result<()> {
    File::create(path)?.set_len(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_from_the_middle_is_what_the_whole_has_there() {
        let pattern = Pattern::new(7);
        let whole = pattern.bytes(0, 10_000);
        for (offset, len) in [(0, 1), (3, 5), (7, 9), (4093, 4099), (9999, 1)] {
            assert_eq!(pattern.bytes(offset as u64, len), whole[offset..offset + len]);
        }
    }

    #[test]
    fn a_shifted_slice_is_found_out() {
        let pattern = Pattern::new(7);
        let bytes = pattern.bytes(64, 5000);
        assert_eq!(pattern.check(64, &bytes), Ok(()));
        assert!(pattern.check(72, &bytes).is_err());
        assert!(Pattern::new(8).check(64, &bytes).is_err());
    }

    #[test]
    fn a_piece_is_recognised_at_any_offset_and_continues_as_the_original() {
        let pattern = Pattern::new(0xabc);
        for offset in [0, 1, 7, 8, 4093, 1 << 42] {
            let (found, at) = Pattern::recognise(&pattern.bytes(offset, 100)).unwrap();
            assert_eq!(found.bytes(at, 5000), pattern.bytes(offset, 5000), "offset {offset}");
        }
        assert_eq!(Pattern::recognise(&[0; 100]), None);
        assert_eq!(pattern.from(80).unwrap().bytes(3, 50), pattern.bytes(83, 50));
    }

    #[test]
    fn one_wrong_byte_is_named_by_its_offset() {
        let pattern = Pattern::new(1);
        let mut bytes = pattern.bytes(100, 9000);
        bytes[8191] ^= 1;
        assert_eq!(pattern.check(100, &bytes).unwrap_err().offset, 100 + 8191);
    }
}
