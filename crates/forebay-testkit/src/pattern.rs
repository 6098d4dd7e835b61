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
        let mut at = offset;
        let mut rest = out;
        while !rest.is_empty() {
            let skip = (at % 8) as usize;
            let n = rest.len().min(8 - skip);
            let (now, later) = rest.split_at_mut(n);
            now.copy_from_slice(&self.word(at / 8)[skip..skip + n]);
            at += n as u64;
            rest = later;
        }
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
        let mut z = self.seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    }
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
    fn one_wrong_byte_is_named_by_its_offset() {
        let pattern = Pattern::new(1);
        let mut bytes = pattern.bytes(100, 9000);
        bytes[8191] ^= 1;
        assert_eq!(pattern.check(100, &bytes).unwrap_err().offset, 100 + 8191);
    }
}
