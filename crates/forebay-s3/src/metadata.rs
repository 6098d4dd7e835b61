//! User metadata and tags, as headers carry them.
//!
//! A header is ASCII. S3 gives metadata beyond that back as the encoded words of RFC 2047, whatever was sent; so that is what is sent, and
//! what is read back is decoded. A value that only looks like an encoded word, and is none, stays as it is.

use std::fmt::Write as _;

use aws_smithy_types::base64;

/// What the name of user metadata begins with.
pub(crate) const PREFIX: &str = "x-amz-meta-";

/// A value for a header: itself, or an encoded word if it is not visible ASCII.
pub(crate) fn encode(value: &str) -> String {
    let plain = value.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
        && value.trim() == value
        && !value.starts_with("=?");
    if plain { value.to_owned() } else { format!("=?UTF-8?B?{}?=", base64::encode(value)) }
}

/// The value that a header stands for.
pub(crate) fn decode(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    words(&text).unwrap_or_else(|| text.into_owned())
}

/// Encoded words, one after another; `None` if it is something else.
fn words(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let (charset, rest) = word.strip_prefix("=?")?.strip_suffix("?=")?.split_once('?')?;
        let (encoding, data) = rest.split_once('?')?;
        if !charset.eq_ignore_ascii_case("utf-8") {
            return None;
        }
        match encoding {
            "B" | "b" => bytes.extend(base64::decode(data).ok()?),
            "Q" | "q" => bytes.extend(quoted(data)?),
            _ => return None,
        }
    }
    if bytes.is_empty() { None } else { String::from_utf8(bytes).ok() }
}

/// The Q encoding of RFC 2047.
fn quoted(data: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(data.len());
    let mut rest = data.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match first {
            b'_' => b' ',
            b'=' => {
                let (hex, tail) = rest.split_at_checked(2)?;
                rest = tail;
                u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?
            }
            &byte => byte,
        });
    }
    Some(bytes)
}

/// Tags as a query: `a=1&b=two%20words`.
pub(crate) fn tagging(tags: &[(Box<str>, Box<str>)]) -> String {
    let mut text = String::new();
    for (name, value) in tags {
        let and = if text.is_empty() { "" } else { "&" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{and}{}={}", crate::escape::component(name), crate::escape::component(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, tagging};
    use proptest::prelude::*;

    #[test]
    fn plain_values_stay_plain_and_words_of_others_are_read() {
        assert_eq!(encode("plain value"), "plain value");
        assert_eq!(decode(b"=?utf-8?q?caf=C3=A9_au_lait?="), "caf\u{e9} au lait");
        assert_eq!(decode(b"=?UTF-8?B?w4Q=?= =?UTF-8?B?w5Y=?="), "\u{c4}\u{d6}");
        for odd in ["=?", "=??=", "=?utf-8?x?a?=", "=?latin1?q?a?=", "=?utf-8?q?=G?=", "=?utf-8?b?/w==?=", ""]
        {
            assert_eq!(decode(odd.as_bytes()), odd);
        }
    }

    #[test]
    fn tags_are_a_query() {
        assert_eq!(tagging(&[("a".into(), "1".into()), ("b c".into(), "d&e".into())]), "a=1&b%20c=d%26e");
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in ".*") {
            let sent = encode(&value);
            prop_assert!(http::HeaderValue::try_from(&sent).is_ok());
            prop_assert_eq!(decode(sent.as_bytes()), value);
        }

        #[test]
        fn no_bytes_are_too_strange_to_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
