//! Names in URLs and in listings.
//!
//! A key is any text; a URL and an XML document are not. On the way out everything but the unreserved characters of RFC 3986 is
//! escaped. On the way in a listing comes URL-encoded, because that is the only form in which control characters survive XML.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &COMPONENT.remove(b'/');

/// A value in a query.
pub(crate) fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A key in a path: its slashes stay.
pub(crate) fn path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// A name in a listing that says that it is URL-encoded: as in a form, where a space may be a plus.
pub(crate) fn from_listing(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

/// Whether XML 1.0 has a way to write every character of it.
pub(crate) fn is_xml(text: &str) -> bool {
    !text.chars().any(|character| {
        matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
    })
}

#[cfg(test)]
mod tests {
    use super::{component, from_listing, is_xml, path};
    use proptest::prelude::*;

    #[test]
    fn listings_are_read_as_forms() {
        assert_eq!(from_listing("a+b%2Bc%00%F0%9F%8C%8A").unwrap(), "a b+c\0\u{1f30a}");
        assert_eq!(from_listing("%FF"), None);
        assert_eq!((path("a/b c"), component("a/b c")), ("a/b%20c".into(), "a%2Fb%20c".into()));
    }

    #[test]
    fn xml_has_no_way_to_write_most_control_characters() {
        assert!(is_xml("tab\tline\nreturn\r\u{7f}\u{1f30a}"));
        for odd in ["\0", "\u{1}", "\u{b}", "\u{1f}", "\u{ffff}"] {
            assert!(!is_xml(odd), "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn every_key_survives(key in ".*") {
            prop_assert_eq!(from_listing(&path(&key)).unwrap(), key.clone());
            prop_assert_eq!(from_listing(&component(&key)).unwrap(), key);
        }

        #[test]
        fn nothing_in_a_listing_is_too_strange_to_read(text in ".*") {
            let _ = from_listing(&text);
        }
    }
}
