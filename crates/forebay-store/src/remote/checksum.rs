//! Digests that a store keeps of an object.

use std::fmt;

/// A digest and what it is of.
#[derive(Clone, PartialEq, Eq)]
pub struct Checksum {
    /// The algorithm.
    pub kind: ChecksumKind,
    /// What it covers.
    pub coverage: Coverage,
    /// The digest, most significant byte first.
    pub value: Box<[u8]>,
}

/// The algorithms that S3 knows and we can check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumKind {
    /// CRC-32 (ISO-HDLC), 4 bytes.
    Crc32,
    /// CRC-32C (Castagnoli), 4 bytes.
    Crc32c,
    /// CRC-64/NVME, 8 bytes.
    Crc64Nvme,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-1, 20 bytes. Known, and not checked.
    Sha1,
    /// MD5, 16 bytes: an entity tag of a simple upload.
    Md5,
}

/// What a digest was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// All bytes of the object.
    FullObject,
    /// The digests of the parts that it was uploaded in.
    Composite,
}

impl ChecksumKind {
    /// The word in output and in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Crc64Nvme => "crc64nvme",
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
            Self::Md5 => "md5",
        }
    }
}

/// `sha256:…`, in hex.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind.name())?;
        self.value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        match self.coverage {
            Coverage::FullObject => Ok(()),
            Coverage::Composite => f.write_str(" (of the digests of its parts)"),
        }
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}
