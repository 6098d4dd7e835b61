//! The text that is signed.
//!
//! Two different asks must never have the same text. So every term has a line that begins with its name, in a fixed order; none that is
//! absent has one; and what people choose freely (the path, the name of a file) is percent-encoded, so that no line ends before its end.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_encode};

use super::{Terms, seconds};
use crate::name::Name;
use crate::place::Place;

/// What stays as it is: nothing that a URL, a shell or a line gives a meaning to.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The form of the text: another form has another first line.
const FORM: &str = "forebay-url-1";

/// What a key signs.
pub(super) fn text(key: &Name, place: Place<'_>, terms: &Terms) -> String {
    let optional = |name: &str, value: Option<String>| {
        value.map(|value| format!("{name}={value}\n")).unwrap_or_default()
    };
    [
        format!("{FORM}\nkey={key}\nmethods={}\nexpires={}\n", terms.methods, seconds(terms.expires)),
        optional("net", terms.network.map(|network| network.to_string())),
        optional("max-bytes", terms.bytes_max.map(|bytes| bytes.to_string())),
        optional("name", terms.file_name.as_ref().map(|name| escape(name.as_bytes()).to_string())),
        format!("path={}", escape(place.as_bytes())),
    ]
    .concat()
}

/// Percent-encodes whatever could mean something.
pub(super) fn escape(bytes: &[u8]) -> PercentEncode<'_> {
    percent_encode(bytes, ESCAPED)
}
