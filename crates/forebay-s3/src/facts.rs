//! What the head of an answer says of an object.
//!
//! Read from the headers as they came, not from what the SDK made of them: it turns `Expires` into a date or loses it, and does not
//! tell the server's clock.

use std::time::SystemTime;

use forebay_store::remote::{Attributes, Checksum, ChecksumKind, Coverage, Facts};
use forebay_store::{Strength, Validator};
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_TYPE, DATE, ETAG, EXPIRES, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName};

use crate::checksum;
use crate::metadata;

/// The facts of an answer to `HEAD`, or to a read of all bytes.
pub(crate) fn of(headers: &HeaderMap) -> Facts {
    let validator = headers.get(ETAG).and_then(|tag| self::tag(tag.as_bytes()));
    let version = word(headers, "x-amz-version-id").filter(|version| &**version != "null");
    Facts {
        len: number(headers, &CONTENT_LENGTH),
        validator,
        version,
        modified: date(headers, &LAST_MODIFIED),
        date: date(headers, &DATE),
        age_s: number(headers, &AGE),
        ranges: true,
        checksum: kept(headers),
        attributes: attributes(headers),
    }
}

/// An entity tag; some servers forget its quotes.
pub(crate) fn tag(text: &[u8]) -> Option<Validator> {
    Validator::parse(text).or_else(|| Validator::new(Strength::Strong, text).filter(|_| !text.is_empty()))
}

/// A date in the form of HTTP.
pub(crate) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn word(headers: &HeaderMap, name: &str) -> Option<Box<str>> {
    Some(headers.get(name)?.to_str().ok()?.into())
}

/// Text as it is stored; what is not UTF-8 is shown as well as it can be.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<Box<str>> {
    Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into())
}

fn attributes(headers: &HeaderMap) -> Attributes {
    let mut user: Vec<(Box<str>, Box<str>)> = headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(metadata::PREFIX)?;
            Some((name.into(), metadata::decode(value.as_bytes()).into()))
        })
        .collect();
    user.sort();
    Attributes {
        content_type: text(headers, &CONTENT_TYPE),
        cache_control: text(headers, &CACHE_CONTROL),
        content_disposition: text(headers, &CONTENT_DISPOSITION),
        content_encoding: text(headers, &CONTENT_ENCODING),
        content_language: text(headers, &CONTENT_LANGUAGE),
        expires: text(headers, &EXPIRES),
        storage_class: word(headers, "x-amz-storage-class").filter(|class| &**class != "STANDARD"),
        user,
        tags: Vec::new(),
    }
}

/// The digest that the store keeps: the first that it tells, those first that can be combined.
fn kept(headers: &HeaderMap) -> Option<Checksum> {
    checksum::KINDS.into_iter().find_map(|kind| {
        let text = headers.get(checksum::header(kind)?)?.to_str().ok()?;
        let whole = headers.get("x-amz-checksum-type").is_some_and(|kind| kind == "FULL_OBJECT");
        let stated = if whole { Some(Coverage::FullObject) } else { None };
        checksum::parse(kind, text, stated)
    })
}

/// The MD5 that an entity tag is, where the object was uploaded in one piece and its server keeps it so.
pub(crate) fn md5_of_tag(headers: &HeaderMap) -> Option<Checksum> {
    let encrypted = headers.get("x-amz-server-side-encryption").is_some_and(|how| how != "AES256")
        || headers.contains_key("x-amz-server-side-encryption-customer-algorithm");
    let tag =
        tag(headers.get(ETAG)?.as_bytes()).filter(|tag| !encrypted && tag.strength() == Strength::Strong)?;
    let value = checksum::from_hex(tag.opaque()).filter(|value| value.len() == 16)?;
    Some(Checksum { kind: ChecksumKind::Md5, coverage: Coverage::FullObject, value: value.into() })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use forebay_store::remote::{ChecksumKind, Coverage};
    use http::HeaderMap;

    use super::{md5_of_tag, of};

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_head_is_read_as_it_came() {
        let facts = of(&headers(&[
            ("content-length", "5497558138880"),
            ("etag", "\"d41d8cd98f00b204e9800998ecf8427e\""),
            ("last-modified", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("date", "Thu, 01 Jan 1970 01:00:00 GMT"),
            ("expires", "0"),
            ("x-amz-version-id", "null"),
            ("x-amz-meta-b", "=?utf-8?q?=C3=A9?="),
            ("x-amz-meta-a", "1"),
            ("x-amz-storage-class", "GLACIER_IR"),
        ]));
        assert_eq!(facts.len, Some(5 << 40));
        assert_eq!(facts.modified, Some(UNIX_EPOCH + Duration::from_secs(60)));
        assert_eq!(facts.date, Some(UNIX_EPOCH + Duration::from_secs(3600)));
        assert_eq!((facts.version, facts.age_s), (None, None));
        assert_eq!(facts.attributes.expires.as_deref(), Some("0"));
        assert_eq!(facts.attributes.storage_class.as_deref(), Some("GLACIER_IR"));
        assert_eq!(facts.attributes.user, [("a".into(), "1".into()), ("b".into(), "\u{e9}".into())]);
    }

    #[test]
    fn numbers_that_are_none_are_not_believed() {
        for odd in ["-1", "+1", "1,1", "", "99999999999999999999", "0x10"] {
            assert_eq!(of(&headers(&[("content-length", odd)])).len, None, "{odd}");
        }
    }

    #[test]
    fn a_tag_is_a_digest_only_where_one_piece_was_stored_plainly() {
        let tag = ("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
        assert_eq!(md5_of_tag(&headers(&[tag])).unwrap().value[..2], [0xd4, 0x1d]);
        assert!(md5_of_tag(&headers(&[tag, ("x-amz-server-side-encryption", "AES256")])).is_some());
        assert!(md5_of_tag(&headers(&[tag, ("x-amz-server-side-encryption", "aws:kms")])).is_none());
        assert!(md5_of_tag(&headers(&[("etag", "\"d41d8cd98f00b204e9800998ecf8427e-2\"")])).is_none());
        assert!(md5_of_tag(&headers(&[("etag", "W/\"d41d8cd98f00b204e9800998ecf8427e\"")])).is_none());
    }

    #[test]
    fn the_digest_that_can_be_combined_is_preferred() {
        let facts = of(&headers(&[
            ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ("x-amz-checksum-crc32c", "AAAAAA=="),
        ]));
        let checksum = facts.checksum.unwrap();
        assert_eq!((checksum.kind, checksum.coverage), (ChecksumKind::Crc32c, Coverage::FullObject));
        let facts = of(&headers(&[("x-amz-checksum-crc32", "AAAAAA==-3")]));
        assert_eq!(facts.checksum.unwrap().coverage, Coverage::Composite);
        let facts = of(&headers(&[("x-amz-checksum-crc32", "AAAA")]));
        assert_eq!(facts.checksum, None, "three bytes are no CRC-32");
    }
}
