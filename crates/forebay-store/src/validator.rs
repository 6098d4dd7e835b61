//! Entity tags (RFC 9110 §8.8.3).
//!
//! A *strong* tag promises that equal tags mean equal bytes: a client may join a range of yesterday's download
//! to one of today's. A *weak* one only says that the two mean the same. A store that cannot keep the strong
//! promise must say weak, and each store says how it decides.
//!
//! The text is kept ready as it goes out in a header, so that a response copies a pointer.

use std::fmt;

use bytes::Bytes;

/// An entity tag. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Validator {
    /// `"opaque"` or `W/"opaque"`.
    text: Bytes,
    strength: Strength,
}

/// What equal tags promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strength {
    /// Equal bytes.
    Strong,
    /// Equal meaning.
    Weak,
}

impl Validator {
    /// A tag with this text between its quotes; `None` if it holds a byte that RFC 9110's `etagc` excludes (a
    /// quote, a control character, a space, DEL).
    pub fn new(strength: Strength, opaque: &[u8]) -> Option<Self> {
        if !opaque.iter().copied().all(is_etagc) {
            return None;
        }
        let prefix: &[u8] = match strength {
            Strength::Strong => b"\"",
            Strength::Weak => b"W/\"",
        };
        Some(Self { text: [prefix, opaque, b"\""].concat().into(), strength })
    }

    /// Reads a whole entity tag, with its quotes and, if weak, its `W/`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (strength, quoted) = match text.strip_prefix(b"W/") {
            Some(rest) => (Strength::Weak, rest),
            None => (Strength::Strong, text),
        };
        Self::new(strength, quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?)
    }

    /// What equal tags promise.
    pub const fn strength(&self) -> Strength {
        self.strength
    }

    /// The value of an `ETag` field: visible ASCII or `obs-text`, valid in a header as it is.
    pub const fn text(&self) -> &Bytes {
        &self.text
    }

    /// The text between the quotes.
    pub fn opaque(&self) -> &[u8] {
        let start = match self.strength {
            Strength::Strong => 1,
            Strength::Weak => 3,
        };
        &self.text[start..self.text.len() - 1]
    }

    /// Strong comparison (RFC 9110 §8.8.3.2): for `If-Match`, `If-Range` and joining ranges.
    pub fn strong_eq(&self, other: &Self) -> bool {
        self.strength == Strength::Strong && self == other
    }

    /// Weak comparison: for `If-None-Match`.
    pub fn weak_eq(&self, other: &Self) -> bool {
        self.opaque() == other.opaque()
    }
}

fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text.escape_ascii())
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Validator({})", String::from_utf8_lossy(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::{Strength, Validator};

    #[test]
    fn a_tag_reads_back_as_it_was_written() {
        for text in [&b"\"abc\""[..], b"W/\"abc\"", b"\"\"", b"\"a\xffb\""] {
            assert_eq!(Validator::parse(text).unwrap().text(), text);
        }
        for text in [&b"abc"[..], b"\"abc", b"\"", b"w/\"abc\"", b"\"a\"b\"", b"\"a b\"", b"\"a\x7f\"", b""] {
            assert_eq!(Validator::parse(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn comparison_follows_the_table_of_rfc_9110() {
        let tag = |text: &str| Validator::parse(text.as_bytes()).unwrap();
        let rows = [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ];
        for (a, b, strong, weak) in rows {
            assert_eq!((tag(a).strong_eq(&tag(b)), tag(a).weak_eq(&tag(b))), (strong, weak), "{a} {b}");
        }
        assert_eq!(tag("W/\"1\"").strength(), Strength::Weak);
    }
}
