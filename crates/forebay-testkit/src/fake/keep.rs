//! Keeping what is uploaded without keeping its bytes.
//!
//! A memory test uploads gigabytes to a server in the same machine. What the tests upload is [`Pattern`]s, and those are recognised as they
//! come, checked byte by byte, and kept as the few numbers they are. Other bytes are kept as they are, up to the server's limit.

use bytes::BytesMut;

use super::content::Content;
use crate::pattern::Pattern;

/// A body under way.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    /// Bytes of the pattern that the body began with.
    done: Content,
    stage: Stage,
    plain: BytesMut,
}

#[derive(Debug, Default)]
enum Stage {
    /// The first bytes are waited for.
    #[default]
    Sample,
    /// All bytes so far are of this pattern, `len` of them from `offset`.
    Follow { pattern: Pattern, offset: u64, len: u64 },
    /// Bytes as they come.
    Plain,
}

/// Bytes that are looked at for a pattern.
const SAMPLE: usize = 64;

impl Keeper {
    /// Takes the next bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Plain => self.plain.extend_from_slice(bytes),
            Stage::Sample => {
                self.plain.extend_from_slice(bytes);
                if self.plain.len() >= SAMPLE {
                    self.recognise();
                }
            }
            Stage::Follow { pattern, offset, len } => {
                let next = *offset + *len;
                let good = pattern
                    .check(next, bytes)
                    .map_or_else(|e| usize::try_from(e.offset - next).unwrap_or(0), |()| bytes.len());
                *len += good as u64;
                if good < bytes.len() {
                    self.settle();
                    self.plain.extend_from_slice(&bytes[good..]);
                }
            }
        }
    }

    /// What came.
    pub(crate) fn finish(mut self) -> Content {
        self.settle();
        if !self.plain.is_empty() {
            self.done.append(Content::from(self.plain.freeze()));
        }
        self.done
    }

    /// Bytes kept until now.
    pub(crate) fn kept(&self) -> u64 {
        self.plain.len() as u64
    }

    fn recognise(&mut self) {
        self.stage = match Pattern::recognise(&self.plain) {
            None => Stage::Plain,
            Some((pattern, offset)) => Stage::Follow { pattern, offset, len: 0 },
        };
        if matches!(self.stage, Stage::Follow { .. }) {
            let sample = std::mem::take(&mut self.plain);
            self.take(&sample);
        }
    }

    fn settle(&mut self) {
        if let Stage::Follow { pattern, offset, len } = std::mem::replace(&mut self.stage, Stage::Plain) {
            self.done.append(Content::pattern_at(pattern, offset, len));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(bytes: &[u8], piece: usize) -> Content {
        let mut keeper = Keeper::default();
        bytes.chunks(piece).for_each(|piece| keeper.take(piece));
        keeper.finish()
    }

    #[test]
    fn a_pattern_is_kept_as_numbers_and_anything_else_as_it_is() {
        let pattern = Pattern::new(3);
        let bytes = pattern.bytes(5003, 100_000);
        for piece in [1, 7, 4096, 100_000] {
            let kept = keep(&bytes, piece);
            assert_eq!((kept.len(), kept.kept()), (100_000, 0), "in pieces of {piece}");
            assert_eq!(kept.to_vec(), bytes);
        }
        let zeros = keep(&[0; 5000], 100);
        assert_eq!((zeros.to_vec(), zeros.kept()), (vec![0; 5000], 5000));
    }

    #[test]
    fn a_wrong_byte_within_a_pattern_stays_wrong() {
        let mut bytes = Pattern::new(3).bytes(0, 100_000);
        bytes[70_000] ^= 1;
        let kept = keep(&bytes, 4096);
        assert_eq!(kept.check(Pattern::new(3)).unwrap_err().offset, 70_000);
        assert_eq!(kept.to_vec(), bytes);
    }
}
