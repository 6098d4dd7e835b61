//! The bytes of an object, kept as what they are made of: a pattern of any size costs no memory.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::pattern::{Mismatch, Pattern};

/// A sequence of bytes of known length. Cheap to clone and to slice.
#[derive(Clone, Debug, Default)]
pub struct Content {
    pieces: VecDeque<Piece>,
    len: u64,
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Bytes),
    Pattern { of: Pattern, offset: u64, len: u64 },
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Pattern { len, .. } => *len,
        }
    }

    fn slice(&self, from: u64, len: u64) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(at(from)..at(from + len))),
            Self::Pattern { of, offset, .. } => Self::Pattern { of: *of, offset: offset + from, len },
        }
    }
}

impl Content {
    /// The first `len` bytes of a pattern.
    #[must_use]
    pub fn pattern(of: Pattern, len: u64) -> Self {
        Self::of(Piece::Pattern { of, offset: 0, len })
    }

    /// `len` bytes of a pattern from `offset`.
    #[must_use]
    pub fn pattern_at(of: Pattern, offset: u64, len: u64) -> Self {
        Self::of(Piece::Pattern { of, offset, len })
    }

    fn of(piece: Piece) -> Self {
        Self { len: piece.len(), pieces: [piece].into() }
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many of them are kept in memory.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.pieces
            .iter()
            .map(|piece| if let Piece::Bytes(bytes) = piece { bytes.len() as u64 } else { 0 })
            .sum()
    }

    /// Puts `other` behind.
    pub fn append(&mut self, other: Self) {
        self.len += other.len;
        self.pieces.extend(other.pieces);
    }

    /// The bytes from `from`, at most `len` of them.
    #[must_use]
    pub fn slice(&self, from: u64, len: u64) -> Self {
        let end = from.saturating_add(len).min(self.len);
        let mut out = Self::default();
        let mut start = 0;
        for piece in &self.pieces {
            let (low, high) = (from.max(start), end.min(start + piece.len()));
            if low < high {
                out.append(Self::of(piece.slice(low - start, high - low)));
            }
            start += piece.len();
        }
        out
    }

    /// Fills `out` with what begins at `offset`, as far as there is any, and says how much that was.
    pub fn fill(&self, offset: u64, out: &mut [u8]) -> usize {
        let (mut start, mut filled) = (0, 0);
        for piece in &self.pieces {
            let from = offset + filled as u64;
            let end = start + piece.len();
            if from >= start && from < end && filled < out.len() {
                let n = at(end - from).min(out.len() - filled);
                let target = &mut out[filled..filled + n];
                match piece {
                    Piece::Bytes(bytes) => target.copy_from_slice(&bytes[at(from - start)..][..n]),
                    Piece::Pattern { of, offset, .. } => of.fill(offset + from - start, target),
                }
                filled += n;
            }
            start = end;
        }
        filled
    }

    /// All of it in one piece: for small ones.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = vec![0; at(self.len)];
        self.fill(0, &mut out);
        out
    }

    /// Gives all of it to `sink`, a block at a time.
    pub fn for_each(&self, mut sink: impl FnMut(&[u8])) {
        let mut block = vec![0; at(self.len.min(1 << 18))];
        let mut offset = 0;
        while offset < self.len {
            let n = self.fill(offset, &mut block);
            sink(&block[..n]);
            offset += n as u64;
        }
    }

    /// Compares with the begin of a pattern. What was recognised as a pattern when it came is not made again.
    ///
    /// # Errors
    /// The first byte that differs.
    pub fn check(&self, pattern: Pattern) -> Result<(), Mismatch> {
        let mut start = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => pattern.check(start, bytes)?,
                Piece::Pattern { of, offset, len } if !same(*of, *offset, pattern, start) => {
                    // The same rule with another state: the first bytes tell, or a short piece agrees by chance.
                    pattern.check(start, &of.bytes(*offset, at((*len).min(64))))?;
                }
                Piece::Pattern { .. } => {}
            }
            start += piece.len();
        }
        Ok(())
    }
}

/// Whether one sequence at `a_offset` is the other at `b_offset`, to all eternity.
fn same(a: Pattern, a_offset: u64, b: Pattern, b_offset: u64) -> bool {
    let (a_skip, b_skip) = (a_offset % 8, b_offset % 8);
    a_skip == b_skip && a.from(a_offset - a_skip) == b.from(b_offset - b_skip)
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::of(Piece::Bytes(bytes))
    }
}

/// A length of something in memory.
fn at(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_across_pieces_has_the_bytes_of_both() {
        let pattern = Pattern::new(5);
        let mut content = Content::from(Bytes::from(pattern.bytes(0, 1000)));
        content.append(Content::pattern_at(pattern, 1000, 1 << 42));
        assert_eq!((content.len(), content.kept()), ((1 << 42) + 1000, 1000));
        assert_eq!(content.slice(990, 20).to_vec(), pattern.bytes(990, 20));
        assert_eq!(content.slice(1 << 42, 100).to_vec(), pattern.bytes(1 << 42, 100));
        assert_eq!(content.check(pattern), Ok(()));
        assert!(content.check(Pattern::new(6)).is_err());
    }

    #[test]
    fn pieces_in_the_wrong_order_do_not_pass() {
        let pattern = Pattern::new(5);
        let mut content = Content::pattern_at(pattern, 1024, 1024);
        content.append(Content::pattern_at(pattern, 0, 1024));
        assert_eq!(content.check(pattern).unwrap_err().offset, 0);
    }
}
