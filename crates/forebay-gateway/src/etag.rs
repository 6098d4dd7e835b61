//! Entity tags (RFC 9110 §8.8.3) and the lists of them in `If-Match` and `If-None-Match`.
//!
//! Tags are compared as they arrive, as bytes: nothing is allocated, and a comma inside an opaque
//! tag does not split it.

/// One entity tag as it stands in a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityTag<'a> {
    /// Prefixed with `W/`: the same in meaning, perhaps not in bytes.
    pub weak: bool,
    /// What stands between the quotes.
    pub opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Reads one tag and nothing else; `None` when malformed or followed by anything.
    #[must_use]
    pub fn parse(field: &'a [u8]) -> Option<Self> {
        let (tag, rest) = Self::take(field.trim_ascii())?;
        rest.is_empty().then_some(tag)
    }

    /// Strong comparison (§8.8.3.2): both strong, same octets.
    #[must_use]
    pub fn strong_eq(&self, other: &EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison (§8.8.3.2): same octets, whatever their strength.
    #[must_use]
    pub fn weak_eq(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }

    fn take(field: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (weak, quoted) = match field.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, field),
        };
        let body = quoted.strip_prefix(b"\"")?;
        let end = body.iter().position(|&b| b == b'"')?;
        let opaque = &body[..end];
        opaque.iter().all(|&b| is_etagc(b)).then_some((Self { weak, opaque }, &body[end + 1..]))
    }
}

/// `etagc = %x21 / %x23-7E / obs-text`.
const fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..=0xff)
}

/// Whether a list of tags, or `*`, matches. `any` tells one tag; `*` matches what exists.
///
/// Reading stops at the first malformed element, and what stood before it counts: for `If-Match`
/// that errs towards refusing (412), for `If-None-Match` towards sending the object again. Neither
/// harms.
#[must_use]
pub fn list_matches(field: &[u8], mut any: impl FnMut(EntityTag<'_>) -> bool) -> bool {
    let mut rest = field.trim_ascii();
    if rest == b"*" {
        return true;
    }
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b",") {
            rest = after;
            continue;
        }
        let Some((tag, after)) = EntityTag::take(rest) else { return false };
        let after = after.trim_ascii_start();
        if !after.is_empty() && !after.starts_with(b",") {
            return false;
        }
        if any(tag) {
            return true;
        }
        rest = after;
    }
}
