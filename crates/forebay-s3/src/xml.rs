//! A glance into XML that the SDK does not show, or does not understand.

/// The text of the first element of this name, with its references as they are.
pub(crate) fn element<'a>(document: &'a [u8], name: &str) -> Option<&'a str> {
    let document = std::str::from_utf8(document).ok()?;
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0.trim()).filter(|text| !text.is_empty())
}

/// An entity tag in such an element.
pub(crate) fn tag(document: &[u8]) -> Option<String> {
    let text = element(document, "ETag")?;
    Some(text.replace("&quot;", "\"").replace("&#34;", "\""))
}

#[cfg(test)]
mod tests {
    use super::{element, tag};
    use proptest::prelude::*;

    #[test]
    fn only_text_within_an_element_is_seen() {
        let document = b"<Error><Code>X</Code><Region> eu-west-1 </Region><Empty></Empty><Open>";
        assert_eq!(element(document, "Region"), Some("eu-west-1"));
        for name in ["Empty", "Open", "Missing", "Code>X"] {
            assert_eq!(element(document, name), None, "{name}");
        }
        assert_eq!(tag(b"<R><ETag>&quot;a-2&quot;</ETag></R>").unwrap(), "\"a-2\"");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = tag(&bytes);
        }
    }
}
