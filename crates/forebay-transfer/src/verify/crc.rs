//! CRCs of pieces that arrive in any order, joined to the CRC of the whole.

use forebay_store::remote::{Checksum, ChecksumKind, Coverage};

/// The CRCs that S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CrcKind {
    /// CRC-32 (ISO-HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// A CRC that is being taken.
#[derive(Debug, Clone)]
pub struct Crc {
    kind: CrcKind,
    digest: crc_fast::Digest,
    len: u64,
}

/// The CRC of a run of bytes, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceCrc {
    /// The algorithm.
    pub kind: CrcKind,
    /// The value, in the low bits.
    pub value: u64,
    /// Of so many bytes.
    pub len: u64,
}

impl CrcKind {
    /// The CRC that a store's digest is, if it is one.
    pub const fn of(kind: ChecksumKind) -> Option<Self> {
        match kind {
            ChecksumKind::Crc32 => Some(Self::Crc32),
            ChecksumKind::Crc32c => Some(Self::Crc32c),
            ChecksumKind::Crc64Nvme => Some(Self::Crc64Nvme),
            ChecksumKind::Sha256 | ChecksumKind::Sha1 | ChecksumKind::Md5 => None,
        }
    }

    /// What stores call it.
    pub const fn kind(self) -> ChecksumKind {
        match self {
            Self::Crc32 => ChecksumKind::Crc32,
            Self::Crc32c => ChecksumKind::Crc32c,
            Self::Crc64Nvme => ChecksumKind::Crc64Nvme,
        }
    }

    const fn algorithm(self) -> crc_fast::CrcAlgorithm {
        match self {
            Self::Crc32 => crc_fast::CrcAlgorithm::Crc32IsoHdlc,
            Self::Crc32c => crc_fast::CrcAlgorithm::Crc32Iscsi,
            Self::Crc64Nvme => crc_fast::CrcAlgorithm::Crc64Nvme,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
        }
    }
}

impl Crc {
    /// The CRC of nothing yet.
    pub fn new(kind: CrcKind) -> Self {
        Self { kind, digest: crc_fast::Digest::new(kind.algorithm()), len: 0 }
    }

    /// Takes the bytes that follow.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.len += bytes.len() as u64;
    }

    /// What it is up to here.
    pub fn so_far(&self) -> PieceCrc {
        PieceCrc { kind: self.kind, value: self.digest.finalize(), len: self.len }
    }
}

impl PieceCrc {
    /// The CRC of no bytes.
    pub fn empty(kind: CrcKind) -> Self {
        Crc::new(kind).so_far()
    }

    /// The CRC of these bytes followed by those of `next`; `None` if they are of different kinds.
    #[must_use]
    pub fn then(self, next: Self) -> Option<Self> {
        if self.kind != next.kind {
            return None;
        }
        let value = crc_fast::checksum_combine(self.kind.algorithm(), self.value, next.value, next.len);
        Some(Self { kind: self.kind, value, len: self.len + next.len })
    }

    /// Of a digest of all of `len` bytes, if it is a CRC.
    pub fn of(told: &Checksum, len: u64) -> Option<Self> {
        let kind = CrcKind::of(told.kind).filter(|_| told.coverage == Coverage::FullObject)?;
        let value = told.value.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Some(Self { kind, value, len })
    }

    /// As a store writes it.
    pub fn checksum(self) -> Checksum {
        let bytes = self.value.to_be_bytes();
        Checksum {
            kind: self.kind.kind(),
            coverage: Coverage::FullObject,
            value: bytes[bytes.len() - self.kind.bytes()..].into(),
        }
    }

    /// Whether this is what `told` says of all bytes.
    pub fn is(self, told: &Checksum) -> bool {
        self.checksum() == *told
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [CrcKind; 3] = [CrcKind::Crc32, CrcKind::Crc32c, CrcKind::Crc64Nvme];

    fn crc(kind: CrcKind, bytes: &[u8]) -> PieceCrc {
        let mut crc = Crc::new(kind);
        crc.update(bytes);
        crc.so_far()
    }

    #[test]
    fn the_check_values_of_the_catalogue() {
        let found = KINDS.map(|kind| crc(kind, b"123456789").value);
        assert_eq!(found, [0xcbf4_3926, 0xe306_9283, 0xae8b_1486_0a79_9888]);
        assert_eq!(crc(CrcKind::Crc32, b"123456789").checksum().value[..], [0xcb, 0xf4, 0x39, 0x26]);
    }

    proptest! {
        #[test]
        fn pieces_in_any_cut_join_to_the_crc_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            mut cuts in proptest::collection::vec(0usize..5000, 0..8),
        ) {
            cuts.retain(|cut| *cut <= bytes.len());
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            for kind in KINDS {
                let pieces = cuts.windows(2).map(|cut| crc(kind, &bytes[cut[0]..cut[1]]));
                let joined = pieces.fold(PieceCrc::empty(kind), |sum, piece| sum.then(piece).unwrap());
                prop_assert_eq!(joined, crc(kind, &bytes));
            }
        }
    }

    #[test]
    fn different_kinds_do_not_join() {
        assert_eq!(crc(CrcKind::Crc32, b"a").then(crc(CrcKind::Crc32c, b"b")), None);
    }
}
