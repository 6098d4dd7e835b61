//! From the path of a request target to the bytes of an object name.
//!
//! Percent-decoding happens exactly once, to bytes: file names need not be UTF-8. What could mean
//! two things to two programs is refused here, before any store sees it: an escape that is not one,
//! a NUL, and an escaped slash (`%2F`), which a proxy in front may have taken for part of a name.
//! Dot segments and empty segments are the store's to refuse, which checks every key.

use std::borrow::Cow;

/// Why a path names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not absolute, or a `%` without two hexadecimal digits behind it.
    #[error("the path is not a valid percent-encoded absolute path")]
    Malformed,
    /// `%00` or `%2F`: no name contains them.
    #[error("the path contains an escaped NUL or slash")]
    Forbidden,
}

/// Decodes the path of a request target into the name it stands for, without the leading slash.
///
/// # Errors
/// [`PathError`] when the path is malformed or contains what no name may contain.
pub fn decode(path: &str) -> Result<Cow<'_, [u8]>, PathError> {
    let path = path.strip_prefix('/').ok_or(PathError::Malformed)?.as_bytes();
    if !path.contains(&b'%') {
        return Ok(Cow::Borrowed(path));
    }
    let mut name = Vec::with_capacity(path.len());
    let mut rest = path.iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            name.push(byte);
            continue;
        }
        let high = rest.next().and_then(|&b| hex(b)).ok_or(PathError::Malformed)?;
        let low = rest.next().and_then(|&b| hex(b)).ok_or(PathError::Malformed)?;
        match high << 4 | low {
            0 | b'/' => return Err(PathError::Forbidden),
            decoded => name.push(decoded),
        }
    }
    Ok(Cow::Owned(name))
}

/// Encodes one segment of a name so that it stands in a path or a relative reference as itself.
///
/// Only unreserved characters stay as they are: nothing is left that a browser, a shell or an HTML
/// attribute would read differently.
#[must_use]
pub fn encode_segment(name: &[u8]) -> String {
    percent_encoding::percent_encode(name, SEGMENT).to_string()
}

const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
