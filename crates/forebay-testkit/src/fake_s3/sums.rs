//! Digests of bodies as S3 knows them: `x-amz-checksum-*`, `Content-MD5`, `x-amz-content-sha256`.

use crc_fast::CrcAlgorithm;
use data_encoding::{BASE64, HEXLOWER};
use md5::Digest as _;
use sha2::Digest as _;

use super::refusal::{Outcome, Refusal};
use crate::fake::{Content, RequestHead};

/// The algorithms that are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the algorithms")]
pub enum Sum {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha256,
}

/// A digest that is kept with an object or a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSum {
    /// The algorithm.
    pub kind: Sum,
    /// Base64, with `-N` behind it if it is composed of those of N parts.
    pub value: String,
    /// Whether it is of all bytes, not of the digests of parts.
    pub full: bool,
}

/// A digest under way.
#[derive(Debug)]
pub(crate) enum Running {
    Crc(crc_fast::Digest, usize),
    Sha(sha2::Sha256),
}

impl Sum {
    pub(crate) const ALL: [Self; 4] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha256];

    /// The header.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The name in `x-amz-checksum-algorithm`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha256 => "SHA256",
        }
    }

    /// The element in XML.
    pub(crate) const fn element(self) -> &'static str {
        match self {
            Self::Crc32 => "ChecksumCRC32",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc64Nvme => "ChecksumCRC64NVME",
            Self::Sha256 => "ChecksumSHA256",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sum| sum.name().eq_ignore_ascii_case(name))
    }

    const fn crc(self) -> Option<(CrcAlgorithm, usize)> {
        match self {
            Self::Crc32 => Some((CrcAlgorithm::Crc32IsoHdlc, 4)),
            Self::Crc32c => Some((CrcAlgorithm::Crc32Iscsi, 4)),
            Self::Crc64Nvme => Some((CrcAlgorithm::Crc64Nvme, 8)),
            Self::Sha256 => None,
        }
    }

    pub(crate) fn start(self) -> Running {
        match self.crc() {
            Some((algorithm, width)) => Running::Crc(crc_fast::Digest::new(algorithm), width),
            None => Running::Sha(sha2::Sha256::new()),
        }
    }

    /// The digest of all of it, in base64.
    #[must_use]
    pub fn of(self, content: &Content) -> String {
        let mut running = self.start();
        content.for_each(|block| running.update(block));
        running.finish()
    }

    /// What the request declares, and what it declares to come behind the body.
    pub(crate) fn declared(head: &RequestHead) -> Option<(Self, Option<String>)> {
        let in_head = Self::ALL.into_iter().find_map(|s| Some((s, Some(head.field(s.field())?.to_owned()))));
        let trailer = head.field("x-amz-trailer").unwrap_or_default();
        in_head.or_else(|| Self::ALL.into_iter().find(|s| s.field() == trailer).map(|s| (s, None)))
    }

    /// The digest of the whole from those of its parts, each with its length.
    pub(crate) fn combine(self, parts: &[(String, u64)]) -> Outcome<String> {
        let (algorithm, width) = self.crc().ok_or(Refusal("InvalidRequest"))?;
        let mut whole: Option<u64> = None;
        for (value, len) in parts {
            let bytes = BASE64.decode(value.as_bytes()).map_err(|_| Refusal("InvalidRequest"))?;
            let part = bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
            whole = Some(whole.map_or(part, |w| crc_fast::checksum_combine(algorithm, w, part, *len)));
        }
        Ok(BASE64.encode(&whole.unwrap_or(0).to_be_bytes()[8 - width..]))
    }

    /// The digest over the digests of the parts.
    pub(crate) fn compose(self, parts: &[(String, u64)]) -> Outcome<String> {
        let mut running = self.start();
        for (value, _) in parts {
            running.update(&BASE64.decode(value.as_bytes()).map_err(|_| Refusal("InvalidRequest"))?);
        }
        Ok(format!("{}-{}", running.finish(), parts.len()))
    }
}

impl Running {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(digest, _) => digest.update(bytes),
            Self::Sha(digest) => digest.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> String {
        match self {
            Self::Crc(digest, width) => BASE64.encode(&digest.finalize().to_be_bytes()[8 - width..]),
            Self::Sha(digest) => BASE64.encode(&digest.finalize()),
        }
    }
}

/// The entity tag of a simple upload: its MD5, as clients expect it.
#[derive(Debug, Default)]
pub(crate) struct Md5(md5::Md5);

impl Md5 {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }

    /// The tag of bytes.
    pub(crate) fn tag(digest: &[u8]) -> String {
        format!("\"{}\"", HEXLOWER.encode(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;

    #[test]
    fn known_answers() {
        let digits = Content::from(bytes::Bytes::from_static(b"123456789"));
        let hex = |sum: Sum| HEXLOWER.encode(&BASE64.decode(sum.of(&digits).as_bytes()).unwrap());
        assert_eq!(hex(Sum::Crc32), "cbf43926");
        assert_eq!(hex(Sum::Crc32c), "e3069283");
        assert_eq!(hex(Sum::Crc64Nvme), "ae8b14860a799888");
    }

    #[test]
    fn parts_combine_to_the_whole() {
        let whole = Content::pattern(Pattern::new(1), 100_001);
        for sum in [Sum::Crc32, Sum::Crc32c, Sum::Crc64Nvme] {
            let parts: Vec<_> = [(0, 40_000), (40_000, 60_000), (100_000, 1)]
                .map(|(from, len)| (sum.of(&whole.slice(from, len)), len))
                .into();
            assert_eq!(sum.combine(&parts).unwrap(), sum.of(&whole));
        }
        assert!(Sum::Sha256.combine(&[]).is_err());
    }
}
