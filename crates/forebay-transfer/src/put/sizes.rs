//! How long each part of an upload is that comes in order.
//!
//! Where the length is known, all parts but the last have one length, which 10,000 of them suffice for. Where it is not, they grow as their
//! number nears 10,000, as far as the plan has room for them and the store takes parts of different lengths; what goes on beyond what 10,000
//! of them hold is refused with the numbers.

use forebay_budget::ByteSize;

use crate::parts::{PART_MIN, PARTS_MAX, Parts, PartsError, growing, growing_total};

/// A part, where nothing says how long it has to be and the plan has room for two of them.
const FIRST: ByteSize = ByteSize::mib(8);

/// The lengths of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    first: ByteSize,
    most: ByteSize,
    /// Of the whole, if it is known.
    len: Option<u64>,
}

impl Sizes {
    /// For what nobody knows the length of. `half` is what one part may have at most, so that one is filled while another is sent.
    pub(crate) fn unknown(asked: Option<ByteSize>, half: ByteSize, equal: bool) -> Self {
        let first = asked.unwrap_or(FIRST.min(half)).max(PART_MIN);
        let most = if equal { first } else { half.max(first) };
        Self { first, most, len: None }
    }

    /// For `len` bytes.
    pub(crate) fn known(len: u64, asked: Option<ByteSize>, half: ByteSize) -> Result<Self, PartsError> {
        let least = ByteSize::b(Parts::for_put(len, None)?.size().get());
        // What 10,000 parts need goes before what is convenient.
        let wanted = asked.unwrap_or(FIRST.min(half)).max(PART_MIN);
        let size = match Parts::for_put(len, Some(wanted)) {
            Ok(parts) => ByteSize::b(parts.size().get()),
            Err(_) => least,
        };
        Ok(Self { first: size, most: size, len: Some(len) })
    }

    /// For what arrives in several goes: parts of one length where that suffices, growing where their number nears 10,000, because earlier
    /// ones may have been smaller.
    pub(crate) fn of_goes(
        len: Option<u64>,
        first: ByteSize,
        half: ByteSize,
        equal: bool,
    ) -> Result<Self, PartsError> {
        match len {
            None => Ok(Self::unknown(Some(first), half, equal)),
            Some(len) => {
                let known = Self::known(len, Some(first), half)?;
                Ok(if equal { known } else { Self { most: half.max(known.first), ..known } })
            }
        }
    }

    /// The size of a whole part.
    pub(crate) const fn first(&self) -> ByteSize {
        self.first
    }

    /// The largest buffer that the first part needs.
    pub(crate) fn needed(&self) -> ByteSize {
        self.first.min(self.len.map_or(ByteSize::b(u64::MAX), ByteSize::b))
    }

    /// The length of part `number`, with `before` bytes before it; `None` if there can be no such part.
    pub(crate) fn of(&self, number: u32, before: u64) -> Option<ByteSize> {
        let size = growing(self.first, number, self.most);
        let left = self.len.map_or(u64::MAX, |len| len.saturating_sub(before));
        (u64::from(number) <= PARTS_MAX && left > 0).then(|| size.min(ByteSize::b(left)))
    }

    /// Why there can be no other part behind so many bytes.
    pub(crate) fn too_long(&self, before: u64) -> String {
        match self.len {
            Some(len) if before >= len => format!("more came than the {len} bytes that were announced"),
            _ => format!(
                "what is to be uploaded goes on beyond {}, which is all that 10000 parts of at most {} hold: set \
                 --part-size or --memory higher",
                growing_total(self.first, self.most),
                self.most
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::OBJECT_MAX;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_known_length_ends_with_what_is_left_and_nothing_follows() {
        let sizes = Sizes::known(12 * MIB, Some(ByteSize::mib(5)), ByteSize::mib(16)).unwrap();
        assert_eq!(sizes.of(1, 0), Some(ByteSize::mib(5)));
        assert_eq!(sizes.of(3, 10 * MIB), Some(ByteSize::mib(2)));
        assert_eq!(sizes.of(4, 12 * MIB), None);
        assert_eq!(Sizes::known(100, None, ByteSize::mib(16)).unwrap().needed(), ByteSize::b(100));
    }

    #[test]
    fn the_largest_object_has_parts_that_10000_of_them_hold_whatever_was_asked_for() {
        for asked in [None, Some(ByteSize::mib(5))] {
            let sizes = Sizes::known(OBJECT_MAX.as_u64(), asked, ByteSize::mib(16)).unwrap();
            assert_eq!(sizes.first, ByteSize::mib(525));
        }
        assert!(Sizes::known(OBJECT_MAX.as_u64() + 1, None, ByteSize::mib(16)).is_err());
    }

    #[test]
    fn parts_are_smaller_where_the_plan_is_and_of_one_length_where_the_store_wants_that() {
        assert_eq!(Sizes::known(1 << 30, None, ByteSize::mib(6)).unwrap().first, ByteSize::mib(6));
        assert_eq!(Sizes::unknown(None, ByteSize::mib(1), false).first, PART_MIN);
        let equal = Sizes::unknown(None, ByteSize::mib(64), true);
        assert_eq!(equal.of(9_000, 0), equal.of(1, 0));
        let growing = Sizes::unknown(None, ByteSize::mib(64), false);
        assert_eq!((growing.of(10_000, 0), growing.of(10_001, 0)), (Some(ByteSize::mib(64)), None));
    }
}
