//! A digest that the user brings: `sha256:…`, `crc64nvme:…`, in hex.

use std::fmt;
use std::str::FromStr;

use forebay_store::remote::{Checksum, ChecksumKind, Coverage};
use md5::{Digest as _, Md5};
use sha2::{Digest as _, Sha256};

use super::{Crc, CrcKind};
use crate::{TransferError, TransferErrorKind};

/// The digests that we take of bytes ourselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the algorithms")]
pub enum Algorithm {
    Crc32,
    Crc32c,
    /// Joins, is quick, and is what S3 keeps unless it is told otherwise.
    #[default]
    Crc64Nvme,
    Sha256,
}

/// A word that names no algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the algorithms are crc64nvme, crc32c, crc32 and sha256")]
pub struct UnknownAlgorithm;

/// What the bytes must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    algorithm: Algorithm,
    sum: Checksum,
}

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
    Md5(Md5),
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Crc64Nvme, Self::Crc32c, Self::Crc32, Self::Sha256];

    /// What stores call it.
    pub const fn kind(self) -> ChecksumKind {
        match self {
            Self::Crc32 => ChecksumKind::Crc32,
            Self::Crc32c => ChecksumKind::Crc32c,
            Self::Crc64Nvme => ChecksumKind::Crc64Nvme,
            Self::Sha256 => ChecksumKind::Sha256,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha256 => 32,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|known| known.kind().name().eq_ignore_ascii_case(text))
            .ok_or(UnknownAlgorithm)
    }
}

impl Expected {
    /// The digest of all bytes.
    pub const fn checksum(&self) -> &Checksum {
        &self.sum
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Compares; `name` is what the bytes are of.
    pub(crate) fn check(&self, found: &Checksum, name: &str) -> Result<(), TransferError> {
        if *found == self.sum {
            return Ok(());
        }
        let what = format!("{name} is {found}, and should be {}: nothing is stored", self.sum);
        Err(TransferError::new(TransferErrorKind::Integrity, what))
    }
}

impl FromStr for Expected {
    type Err = ExpectedError;

    fn from_str(text: &str) -> Result<Self, ExpectedError> {
        let (name, hex) = text.split_once(':').ok_or(ExpectedError::Algorithm)?;
        let algorithm: Algorithm = name.parse().map_err(|UnknownAlgorithm| ExpectedError::Algorithm)?;
        let len = algorithm.bytes();
        let value = from_hex(hex).filter(|value| value.len() == len).ok_or(ExpectedError::Digits(len * 2))?;
        let sum = Checksum { kind: algorithm.kind(), coverage: Coverage::FullObject, value };
        Ok(Self { algorithm, sum })
    }
}

/// Bytes from their hexadecimal digits.
pub(crate) fn from_hex(hex: &str) -> Option<Box<[u8]>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

impl From<Algorithm> for Running {
    fn from(algorithm: Algorithm) -> Self {
        match CrcKind::of(algorithm.kind()) {
            Some(crc) => Self::Crc(Crc::new(crc)),
            None => Self::Sha256(Sha256::new()),
        }
    }
}

impl Running {
    /// `None` for the kinds that are known and not checked.
    pub(crate) fn new(kind: ChecksumKind) -> Option<Self> {
        match (CrcKind::of(kind), kind) {
            (Some(crc), _) => Some(Self::Crc(Crc::new(crc))),
            (None, ChecksumKind::Sha256) => Some(Self::Sha256(Sha256::new())),
            (None, ChecksumKind::Md5) => Some(Self::Md5(Md5::new())),
            (None, _) => None,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(crc) => crc.update(bytes),
            Self::Sha256(sha) => sha.update(bytes),
            Self::Md5(md5) => md5.update(bytes),
        }
    }

    /// Of the bytes up to here.
    pub(crate) fn so_far(&self) -> Checksum {
        let (kind, value) = match self {
            Self::Crc(crc) => return crc.so_far().checksum(),
            Self::Sha256(sha) => (ChecksumKind::Sha256, sha.clone().finalize().as_slice().into()),
            Self::Md5(md5) => (ChecksumKind::Md5, md5.clone().finalize().as_slice().into()),
        };
        Checksum { kind, coverage: Coverage::FullObject, value }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sum.fmt(f)
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
        assert_eq!(&Running::new(ChecksumKind::Sha256).unwrap().so_far(), expected.checksum());
        let crc: Expected = "CRC64NVME:AE8B14860A799888".parse().unwrap();
        let mut running = Running::new(ChecksumKind::Crc64Nvme).unwrap();
        running.update(b"123456789");
        assert_eq!(&running.so_far(), crc.checksum());
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
