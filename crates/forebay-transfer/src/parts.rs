//! Into how many pieces an object is cut, and where.
//!
//! Two limits pull at the size of a piece. A *small* one is little to fetch again after a kill, keeps many connections busy to the
//! end, and needs little memory where a piece has to be held. A *large* one is fewer requests, each of which costs a round
//! trip during which its connection carries nothing: a connection that carries 25 MB/s, 20 ms away, stands still for a twentieth of its
//! time with pieces of 10 MiB. So a piece has 10 MiB until an object would be cut into more than 512 of them, then grows with the
//! object to 64 MiB, and beyond that only where more than 10,000 would be needed.
//!
//! S3 adds its own: at most 10,000 parts of 5 MiB to 5 GiB each (the last may be shorter). An object of 5 TiB
//! is uploaded in parts of 525 MiB, and every sum here stays within 64 bits far beyond that.

use std::num::NonZeroU64;

use forebay_budget::ByteSize;
use forebay_store::ByteRange;

/// Up to here an object comes over one connection, in one request.
pub const ONE_STREAM: ByteSize = ByteSize::mib(10);
/// The most parts of an upload (S3).
pub const PARTS_MAX: u64 = 10_000;
/// The smallest part of an upload but the last (S3).
pub const PART_MIN: ByteSize = ByteSize::mib(5);
/// The largest part of an upload, and the most that one request may put or copy (S3).
pub const PART_MAX: ByteSize = ByteSize::gib(5);
/// The largest object of an upload (S3).
pub const OBJECT_MAX: ByteSize = ByteSize::gib(5 << 10);

/// As many pieces as a download has before its pieces grow.
const PIECES_USUAL: u64 = 512;
/// Where growth for that reason ends.
const PIECE_USUAL_MAX: u64 = 64 << 20;
/// More pieces than this make a journal longer and nothing better.
const PIECES_MAX: u64 = 10_000;
/// What an upload's part has unless it must have more.
const PART_USUAL: ByteSize = ByteSize::mib(8);

/// An object cut into pieces of one size; the last may be shorter. Piece `i` is the bytes from `i * size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    len: u64,
    size: NonZeroU64,
}

/// Why an object cannot be uploaded in parts as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartsError {
    /// The whole is more than a bucket takes.
    #[error("{len} is more than an object may have ({max})")]
    TooLong {
        /// What it has.
        len: ByteSize,
        /// What it may have.
        max: ByteSize,
    },
    /// The parts that were asked for are too small or too large.
    #[error("parts of {asked} are not possible: for {len}, --part-size must be from {least} to {most}")]
    PartSize {
        /// What was asked for.
        asked: ByteSize,
        /// What the object has.
        len: ByteSize,
        /// The smallest part that would do.
        least: ByteSize,
        /// The largest part that would do.
        most: ByteSize,
    },
}

impl Parts {
    /// All of it in one piece.
    pub fn one(len: u64) -> Self {
        Self { len, size: NonZeroU64::new(len).unwrap_or(NonZeroU64::MIN) }
    }

    /// Pieces of `size`.
    pub const fn of(len: u64, size: NonZeroU64) -> Self {
        Self { len, size }
    }

    /// For reading `len` bytes in ranges: the size that was asked for, as long as it makes at most 10,000 pieces.
    pub fn for_get(len: u64, asked: Option<ByteSize>) -> Self {
        if len <= ONE_STREAM.as_u64() && asked.is_none() {
            return Self::one(len);
        }
        let grown = len.div_ceil(PIECES_USUAL).clamp(ONE_STREAM.as_u64(), PIECE_USUAL_MAX);
        let least = len.div_ceil(PIECES_MAX).max(1);
        let size = asked.map_or(whole_mib(grown.max(least)), |asked| asked.as_u64().max(least));
        Self { len, size: NonZeroU64::new(size).unwrap_or(NonZeroU64::MIN) }
    }

    /// For uploading `len` bytes in parts.
    ///
    /// # Errors
    ///
    /// [`PartsError`] if S3 does not take so much, or not in parts of the size that was asked for.
    pub fn for_put(len: u64, asked: Option<ByteSize>) -> Result<Self, PartsError> {
        if len > OBJECT_MAX.as_u64() {
            return Err(PartsError::TooLong { len: ByteSize::b(len), max: OBJECT_MAX });
        }
        let least = whole_mib(len.div_ceil(PARTS_MAX)).max(PART_MIN.as_u64());
        let size = match asked {
            None => least.max(PART_USUAL.as_u64()),
            Some(asked) if (least..=PART_MAX.as_u64()).contains(&asked.as_u64()) => asked.as_u64(),
            Some(asked) => {
                let (len, least) = (ByteSize::b(len), ByteSize::b(least));
                return Err(PartsError::PartSize { asked, len, least, most: PART_MAX });
            }
        };
        Ok(Self { len, size: NonZeroU64::new(size).unwrap_or(NonZeroU64::MIN) })
    }

    /// The whole.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing to move.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The size of every piece but the last.
    pub const fn size(&self) -> NonZeroU64 {
        self.size
    }

    /// How many pieces: none for an empty object.
    pub const fn count(&self) -> u64 {
        self.len.div_ceil(self.size.get())
    }

    /// The bytes of piece `index`; empty beyond the end.
    pub fn range(&self, index: u64) -> ByteRange {
        let start = index.saturating_mul(self.size.get()).min(self.len);
        let end = start.saturating_add(self.size.get()).min(self.len);
        ByteRange::new(start, end).unwrap_or(ByteRange::whole(0))
    }
}

/// The size of the next part where nobody knows how many will follow: it doubles every 1,000 parts, so that 10,000 of them hold
/// 5 TiB from a first size of 8 MiB, as long as it is allowed to.
pub fn growing(first: ByteSize, number: u32, most: ByteSize) -> ByteSize {
    let doublings = number.saturating_sub(1) / 1_000;
    let grown = first.as_u64().saturating_mul(1u64.checked_shl(doublings).unwrap_or(u64::MAX));
    ByteSize::b(grown.min(most.as_u64()).min(PART_MAX.as_u64()))
}

/// What 10,000 parts hold at most that grow like this.
pub fn growing_total(first: ByteSize, most: ByteSize) -> ByteSize {
    let thousands = (0..10).map(|thousand| growing(first, thousand * 1_000 + 1, most).as_u64());
    ByteSize::b(thousands.fold(0u64, |sum, size| sum.saturating_add(size.saturating_mul(1_000))))
}

fn whole_mib(bytes: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    bytes.div_ceil(MIB).saturating_mul(MIB)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_cover_an_object_of_any_length_once_and_in_order(
            len in prop_oneof![0..100u64 << 20, 0..10u64 << 40, Just(u64::MAX / 2)],
            asked in prop_oneof![Just(None), (1..1u64 << 33).prop_map(Some)],
        ) {
            let parts = Parts::for_get(len, asked.map(ByteSize::b));
            prop_assert!(parts.count() <= PIECES_MAX);
            let mut at = 0;
            for index in 0..parts.count() {
                let range = parts.range(index);
                prop_assert_eq!(range.start(), at);
                prop_assert!(!range.is_empty() && range.len() <= parts.size().get());
                prop_assert!(range.start().is_multiple_of(parts.size().get()));
                at = range.end();
            }
            prop_assert_eq!(at, len);
            prop_assert!(parts.range(parts.count()).is_empty());
        }

        #[test]
        fn an_upload_keeps_the_limits_of_s3(len in 0..=OBJECT_MAX.as_u64(), asked in prop_oneof![Just(None), (0..6u64 << 30).prop_map(Some)]) {
            match Parts::for_put(len, asked.map(ByteSize::b)) {
                Ok(parts) => {
                    prop_assert!(parts.count() <= PARTS_MAX);
                    prop_assert!(parts.size().get() >= PART_MIN.as_u64() && parts.size().get() <= PART_MAX.as_u64());
                    prop_assert!(asked.is_none_or(|asked| asked == parts.size().get()));
                }
                Err(PartsError::PartSize { least, most, .. }) => {
                    prop_assert!(asked.is_some_and(|asked| asked < least.as_u64() || asked > most.as_u64()));
                    prop_assert!(Parts::for_put(len, Some(least)).is_ok() && Parts::for_put(len, Some(most)).is_ok());
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }

    #[test]
    fn small_objects_are_one_piece_and_large_ones_few_hundred() {
        let (mib, gib) = (ByteSize::mib, ByteSize::gib);
        for (len, size, count) in [
            (ByteSize::ZERO, ByteSize::b(1), 0),
            (ByteSize::b(1), ByteSize::b(1), 1),
            (mib(10), mib(10), 1),
            (mib(11), mib(10), 2),
            (gib(1), mib(10), 103),
            (gib(5), mib(10), 512),
            (gib(10), mib(20), 512),
            (gib(64), mib(64), 1024),
            (OBJECT_MAX, mib(525), 9987),
        ] {
            let parts = Parts::for_get(len.as_u64(), None);
            assert_eq!((parts.size().get(), parts.count()), (size.as_u64(), count), "{len}");
        }
    }

    #[test]
    fn the_largest_object_goes_up_in_parts_of_525_mib() {
        let parts = Parts::for_put(OBJECT_MAX.as_u64(), None).unwrap();
        assert_eq!((parts.size().get(), parts.count()), (525 << 20, 9987));
        assert!(matches!(Parts::for_put(OBJECT_MAX.as_u64() + 1, None), Err(PartsError::TooLong { .. })));
    }

    #[test]
    fn growing_parts_hold_the_largest_object_and_never_more_than_they_may() {
        let first = ByteSize::mib(8);
        assert!(growing_total(first, PART_MAX) >= OBJECT_MAX);
        assert_eq!(growing(first, 1, PART_MAX), first);
        assert_eq!(growing(first, 1_000, PART_MAX), first);
        assert_eq!(growing(first, 1_001, PART_MAX), ByteSize::mib(16));
        assert_eq!(growing(first, 10_000, ByteSize::mib(64)), ByteSize::mib(64));
        assert_eq!(growing(first, u32::MAX, PART_MAX), PART_MAX);
    }
}
