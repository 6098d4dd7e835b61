//! The little XML that S3 speaks.

use std::fmt::Write as _;

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn new() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        let _ = write!(self.0, "<{name}>{}</{name}>", escaped(value.as_ref()));
        self
    }

    /// An element with elements.
    pub(crate) fn nest(&mut self, name: &str, inner: impl FnOnce(&mut Self)) -> &mut Self {
        let _ = write!(self.0, "<{name}>");
        inner(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {
                let _ = write!(out, "&#x{:x};", c as u32);
            }
            c => out.push(c),
        }
        out
    })
}

/// What is inside each element of this name.
pub(crate) fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&open) {
        rest = &rest[at + open.len()..];
        // `<Key` is not `<KeyCount`.
        if !rest.starts_with(['>', ' ']) {
            continue;
        }
        let Some(start) = rest.find('>') else { break };
        let Some(end) = rest.find(&close) else { break };
        if start < end {
            found.push(&rest[start + 1..end]);
        }
        rest = &rest[end..];
    }
    found
}

/// The text of the first element of this name.
pub(crate) fn text_of(text: &str, name: &str) -> Option<String> {
    let raw = elements(text, name).into_iter().next()?;
    Some(quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), std::borrow::Cow::into_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut xml = Xml::new();
        xml.nest("Delete", |x| {
            x.nest("Object", |x| _ = x.text("Key", "a<b>&\"\u{1}é"));
            x.nest("Object", |x| _ = x.text("KeyCount", "7"));
        });
        let text = xml.finish();
        let objects = elements(&text, "Object");
        assert_eq!(objects.len(), 2);
        assert_eq!(text_of(objects[0], "Key").unwrap(), "a<b>&\"\u{1}é");
        assert_eq!(text_of(objects[1], "Key"), None);
    }
}
