//! Up to where an upload's parts count, and what they were.
//!
//! Two digests of all of them, each of constant size: of their bytes, where the bucket's list of parts tells digests, and of their entity tags,
//! where it does not.

use forebay_store::remote::{Checksum, Coverage, Part};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::journal::hex;
use crate::verify::{Algorithm, CrcKind, PieceCrc};

/// The digest of parts that arrive in several goes: it joins.
pub(super) const DIGEST: Algorithm = Algorithm::Crc64Nvme;

/// A place between two parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Parts before it, from number 1 on.
    pub(super) parts: u32,
    /// Bytes before it.
    pub(super) offset: u64,
    /// The CRC of those bytes.
    crc: u64,
    /// The digest of the parts' entity tags, one behind the other.
    tags: Box<str>,
}

/// A list of parts, compared with marks as it goes along.
#[derive(Debug, Default)]
pub(super) struct Listed {
    mark: Mark,
    /// A part was listed without a digest.
    lacks_crc: bool,
}

impl Mark {
    /// The place behind this part, which was sent with this digest.
    pub(super) fn then(&self, part: &Part, digest: Option<&Checksum>) -> Self {
        let crc = digest.and_then(|digest| self.crc().then(PieceCrc::of(digest, part.len)?));
        let mut tags = Sha256::new();
        tags.update(self.tags.as_bytes());
        tags.update(part.validator.text());
        Self {
            parts: self.parts + 1,
            offset: self.offset + part.len,
            crc: crc.map_or(0, |crc| crc.value),
            tags: hex(&tags.finalize()),
        }
    }

    fn crc(&self) -> PieceCrc {
        match self.parts {
            0 => PieceCrc::empty(CrcKind::Crc64Nvme),
            _ => PieceCrc { kind: CrcKind::Crc64Nvme, value: self.crc, len: self.offset },
        }
    }

    /// The digest of all bytes before it.
    pub(super) fn whole(&self) -> Checksum {
        self.crc().checksum()
    }
}

impl Listed {
    /// The next part.
    pub(super) fn then(&mut self, part: &Part) {
        let digest = part
            .checksum
            .as_ref()
            .filter(|digest| digest.kind == DIGEST.kind() && digest.coverage == Coverage::FullObject);
        self.lacks_crc |= digest.is_none();
        self.mark = self.mark.then(part, digest);
    }

    /// How many there were.
    pub(super) const fn parts(&self) -> u32 {
        self.mark.parts
    }

    /// Whether the parts up to here are those that the mark speaks of.
    pub(super) fn is(&self, mark: &Mark) -> bool {
        let same = match self.lacks_crc {
            true => self.mark.tags == mark.tags,
            false => self.mark.crc == mark.crc,
        };
        same && (self.mark.parts, self.mark.offset) == (mark.parts, mark.offset)
    }
}

#[cfg(test)]
mod tests {
    use forebay_store::Validator;

    use super::*;
    use crate::verify::Running;

    fn part(number: u32, bytes: &[u8], tag: &[u8], told: bool) -> (Part, Checksum) {
        let mut running = Running::from(DIGEST);
        running.update(bytes);
        let digest = running.so_far();
        let checksum = told.then(|| digest.clone());
        let validator = Validator::parse(tag).unwrap();
        (Part { number, len: bytes.len() as u64, validator, checksum }, digest)
    }

    #[test]
    fn a_list_is_what_was_sent_by_its_digests_or_else_by_its_tags() {
        let sent = [part(1, b"abc", b"\"1\"", false), part(2, b"de", b"\"2\"", false)];
        let mark = sent.iter().fold(Mark::default(), |mark, (part, digest)| mark.then(part, Some(digest)));
        assert_eq!((mark.parts, mark.offset), (2, 5));
        let (whole, _) = part(1, b"abcde", b"\"\"", true);
        assert_eq!(Some(mark.whole()), whole.checksum);
        for (second, tag, told, same) in [
            ("de", "\"other\"", true, true),
            ("dx", "\"2\"", true, false),
            ("de", "\"2\"", false, true),
            ("de", "\"3\"", false, false),
        ] {
            let mut listed = Listed::default();
            listed.then(&part(1, b"abc", b"\"1\"", told).0);
            assert!(!listed.is(&mark));
            listed.then(&part(2, second.as_bytes(), tag.as_bytes(), told).0);
            assert_eq!(listed.is(&mark), same, "{second} {tag} {told}");
        }
        assert!(Listed::default().is(&Mark::default()));
    }
}
