//! A digest that the user brings: `sha256:…`, `crc64nvme:…`, in hex.

use std::fmt;
use std::str::FromStr;

use forebay_store::remote::{Checksum, ChecksumKind, Coverage};
use sha2::{Digest as _, Sha256};

use super::{Crc, CrcKind};

/// What the bytes must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected(Checksum);

/// A text that names no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpectedError {
    /// No algorithm that is known stands before the colon.
    #[error("a digest is written ALGORITHM:HEX, with sha256, crc64nvme, crc32c or crc32")]
    Algorithm,
    /// The hex is no hex, or not of that length.
    #[error("a digest of this algorithm has {0} hexadecimal digits")]
    Digits(usize),
}

/// Any digest that we can take of bytes in order.
pub(crate) enum Running {
    Crc(Crc),
    Sha256(Sha256),
}

impl Expected {
    /// The digest of all bytes.
    pub const fn checksum(&self) -> &Checksum {
        &self.0
    }
}

impl FromStr for Expected {
    type Err = ExpectedError;

    fn from_str(text: &str) -> Result<Self, ExpectedError> {
        let (name, hex) = text.split_once(':').ok_or(ExpectedError::Algorithm)?;
        let (kind, len) = match name.to_ascii_lowercase().as_str() {
            "sha256" => (ChecksumKind::Sha256, 32),
            "crc64nvme" => (ChecksumKind::Crc64Nvme, 8),
            "crc32c" => (ChecksumKind::Crc32c, 4),
            "crc32" => (ChecksumKind::Crc32, 4),
            _ => return Err(ExpectedError::Algorithm),
        };
        let value = from_hex(hex).filter(|value| value.len() == len).ok_or(ExpectedError::Digits(len * 2))?;
        Ok(Self(Checksum { kind, coverage: Coverage::FullObject, value }))
    }
}

fn from_hex(hex: &str) -> Option<Box<[u8]>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

impl Running {
    /// `None` for the kinds that are known and not checked.
    pub(crate) fn new(kind: ChecksumKind) -> Option<Self> {
        match (CrcKind::of(kind), kind) {
            (Some(crc), _) => Some(Self::Crc(Crc::new(crc))),
            (None, ChecksumKind::Sha256) => Some(Self::Sha256(Sha256::new())),
            (None, _) => None,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(crc) => crc.update(bytes),
            Self::Sha256(sha) => sha.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Checksum {
        match self {
            Self::Crc(crc) => crc.so_far().checksum(),
            Self::Sha256(sha) => Checksum {
                kind: ChecksumKind::Sha256,
                coverage: Coverage::FullObject,
                value: sha.finalize().as_slice().into(),
            },
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0.kind {
            ChecksumKind::Crc32 => "crc32",
            ChecksumKind::Crc32c => "crc32c",
            ChecksumKind::Crc64Nvme => "crc64nvme",
            ChecksumKind::Sha256 => "sha256",
            ChecksumKind::Sha1 => "sha1",
            ChecksumKind::Md5 => "md5",
        };
        write!(f, "{name}:")?;
        self.0.value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_as_it_was_written() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected: Expected = empty.parse().unwrap();
        assert_eq!(expected.to_string(), empty);
        assert_eq!(&Running::new(ChecksumKind::Sha256).unwrap().finish(), expected.checksum());
        let crc: Expected = "CRC64NVME:AE8B14860A799888".parse().unwrap();
        let mut running = Running::new(ChecksumKind::Crc64Nvme).unwrap();
        running.update(b"123456789");
        assert_eq!(&running.finish(), crc.checksum());
    }

    #[test]
    fn what_is_no_digest_says_how_one_looks() {
        for text in ["", "sha256", "md5:00", "e3b0c4", "sha256 e3"] {
            assert_eq!(text.parse::<Expected>(), Err(ExpectedError::Algorithm), "{text}");
        }
        for (text, digits) in [("sha256:e3", 64), ("crc32:0000000", 8), ("crc32:zzzzzzzz", 8), ("crc32:é", 8)]
        {
            assert_eq!(text.parse::<Expected>(), Err(ExpectedError::Digits(digits)), "{text}");
        }
    }
}
