//! Digests as S3 writes them: base64, with `-N` behind those that are made of the digests of N parts.

use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_smithy_types::base64;
use forebay_store::remote::{Checksum, ChecksumKind, Coverage};

use crate::headers::Headers;

/// Those that S3 keeps, the ones first that can be combined from those of parts.
pub(crate) const KINDS: [ChecksumKind; 5] = [
    ChecksumKind::Crc64Nvme,
    ChecksumKind::Crc32c,
    ChecksumKind::Crc32,
    ChecksumKind::Sha256,
    ChecksumKind::Sha1,
];

/// The header that carries it; `None` for MD5, which has a header of another kind.
pub(crate) const fn header(kind: ChecksumKind) -> Option<&'static str> {
    match kind {
        ChecksumKind::Crc32 => Some("x-amz-checksum-crc32"),
        ChecksumKind::Crc32c => Some("x-amz-checksum-crc32c"),
        ChecksumKind::Crc64Nvme => Some("x-amz-checksum-crc64nvme"),
        ChecksumKind::Sha256 => Some("x-amz-checksum-sha256"),
        ChecksumKind::Sha1 => Some("x-amz-checksum-sha1"),
        ChecksumKind::Md5 => None,
    }
}

/// The SDK's name of it.
pub(crate) const fn algorithm(kind: ChecksumKind) -> Option<ChecksumAlgorithm> {
    match kind {
        ChecksumKind::Crc32 => Some(ChecksumAlgorithm::Crc32),
        ChecksumKind::Crc32c => Some(ChecksumAlgorithm::Crc32C),
        ChecksumKind::Crc64Nvme => Some(ChecksumAlgorithm::Crc64Nvme),
        ChecksumKind::Sha256 => Some(ChecksumAlgorithm::Sha256),
        ChecksumKind::Sha1 => Some(ChecksumAlgorithm::Sha1),
        ChecksumKind::Md5 => None,
    }
}

/// What a digest of an upload in parts covers, if S3 may choose: CRCs can be combined, hashes cannot.
pub(crate) const fn coverage_of_parts(kind: ChecksumKind) -> &'static str {
    match kind {
        ChecksumKind::Crc32 | ChecksumKind::Crc32c | ChecksumKind::Crc64Nvme => "FULL_OBJECT",
        ChecksumKind::Sha256 | ChecksumKind::Sha1 | ChecksumKind::Md5 => "COMPOSITE",
    }
}

const fn len(kind: ChecksumKind) -> usize {
    match kind {
        ChecksumKind::Crc32 | ChecksumKind::Crc32c => 4,
        ChecksumKind::Crc64Nvme => 8,
        ChecksumKind::Sha256 => 32,
        ChecksumKind::Sha1 => 20,
        ChecksumKind::Md5 => 16,
    }
}

/// Reads one. What it covers is as `stated`, else as its form says.
pub(crate) fn parse(kind: ChecksumKind, text: &str, stated: Option<Coverage>) -> Option<Checksum> {
    let (digest, coverage) = match text.rsplit_once('-') {
        Some((digest, _parts)) => (digest, Coverage::Composite),
        None => (text, Coverage::FullObject),
    };
    let value = base64::decode(digest).ok().filter(|value| value.len() == len(kind))?;
    Some(Checksum { kind, coverage: stated.unwrap_or(coverage), value: value.into() })
}

/// The first that an answer of the SDK holds.
pub(crate) fn first<'a>(
    texts: impl IntoIterator<Item = (ChecksumKind, Option<&'a str>)>,
) -> Option<Checksum> {
    texts.into_iter().find_map(|(kind, text)| parse(kind, text?, None))
}

/// As S3 writes it.
pub(crate) fn text(checksum: &Checksum) -> String {
    base64::encode(&checksum.value)
}

/// Sends one along, for the server to check.
pub(crate) fn put(checksum: &Checksum, headers: &mut Headers) {
    match header(checksum.kind) {
        Some(name) => headers.put(name, text(checksum)),
        None => headers.put("content-md5", text(checksum)),
    }
}

/// Bytes from their hexadecimal digits.
pub(crate) fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8)).collect()
}

/// The digests in an answer of the SDK: five of its types have the same five fields, and no trait that says so.
macro_rules! checksums_of {
    ($answer:expr) => {{
        use forebay_store::remote::ChecksumKind;
        [
            (ChecksumKind::Crc64Nvme, $answer.checksum_crc64_nvme()),
            (ChecksumKind::Crc32c, $answer.checksum_crc32_c()),
            (ChecksumKind::Crc32, $answer.checksum_crc32()),
            (ChecksumKind::Sha256, $answer.checksum_sha256()),
            (ChecksumKind::Sha1, $answer.checksum_sha1()),
        ]
    }};
}
pub(crate) use checksums_of;
