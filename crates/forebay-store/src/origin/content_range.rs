//! `Content-Range` (RFC 9110 §14.4), read strictly.
//!
//! From this field follows where in a file bytes are written, so nothing about it is forgiven but the case of its unit.

use crate::ByteRange;

/// What a `Content-Range` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// These bytes, of an object of this length, if it is told.
    Bytes {
        /// At least one byte, within the length.
        range: ByteRange,
        /// The length of the whole object.
        len: Option<u64>,
    },
    /// None, of an object of this length (with 416).
    Unsatisfied {
        /// The length of the whole object.
        len: u64,
    },
}

/// Why a text is no `Content-Range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a content range")]
pub struct ContentRangeError;

impl ContentRange {
    /// Reads the field's value.
    ///
    /// # Errors
    ///
    /// [`ContentRangeError`] for anything but `bytes first-last/len`, `bytes first-last/*` and `bytes */len` with
    /// numbers that fit each other and 64 bits.
    pub fn parse(text: &[u8]) -> Result<Self, ContentRangeError> {
        Self::read(text).ok_or(ContentRangeError)
    }

    fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (unit, rest) = text.split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (bytes, len) = rest.split_once('/')?;
        let len = match len {
            "*" => None,
            digits => Some(number(digits)?),
        };
        if bytes == "*" {
            return Some(Self::Unsatisfied { len: len? });
        }
        let (first, last) = bytes.split_once('-')?;
        let range = ByteRange::new(number(first)?, number(last)?.checked_add(1)?)?;
        let fits = !range.is_empty() && len.is_none_or(|len| range.end() <= len);
        fits.then_some(Self::Bytes { range, len })
    }
}

/// Digits alone: `+1` and the empty text are numbers to some parsers.
fn number(digits: &str) -> Option<u64> {
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ContentRange;
    use crate::ByteRange;

    #[test]
    fn what_is_not_exactly_right_is_refused() {
        for text in [
            "",
            "bytes",
            "bytes 0-9",
            "bytes=0-9/10",
            "bytes 0-9/",
            "bytes -9/10",
            "bytes 0-/10",
            "bytes 9-0/10",
            "bytes 0-10/10",
            "bytes */*",
            "bytes +0-9/10",
            "bytes 0-9/10 ",
            "bytes  0-9/10",
            "octets 0-9/10",
            "bytes 0-18446744073709551615/*",
            "bytes 0-9/99999999999999999999",
            "bytes 0-9,20-29/30",
        ] {
            assert!(ContentRange::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(ContentRange::parse(b"bytes 0-9/\xff").is_err());
        assert!(ContentRange::parse(b"BYTES 0-9/10").is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(start: u64, len in 1..=u64::MAX, beyond: u64, told: bool) {
            let Some(end) = start.checked_add(len) else { return Ok(()) };
            let whole = told.then(|| end.saturating_add(beyond));
            let total = whole.map_or("*".to_owned(), |len| len.to_string());
            let text = format!("bytes {start}-{}/{total}", end - 1);
            let range = ByteRange::new(start, end).unwrap();
            prop_assert_eq!(ContentRange::parse(text.as_bytes()), Ok(ContentRange::Bytes { range, len: whole }));
            let text = format!("bytes */{len}");
            prop_assert_eq!(ContentRange::parse(text.as_bytes()), Ok(ContentRange::Unsatisfied { len }));
        }

        #[test]
        fn whatever_is_accepted_lies_within_the_object(text in "(bytes|Bytes) [0-9*]{0,3}-?[0-9]{0,3}/?[0-9*]{0,3}") {
            if let Ok(ContentRange::Bytes { range, len }) = ContentRange::parse(text.as_bytes()) {
                prop_assert!(!range.is_empty() && len.is_none_or(|len| range.end() <= len), "{}", text);
            }
        }
    }
}
