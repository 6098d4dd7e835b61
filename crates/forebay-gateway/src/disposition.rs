//! `Content-Disposition` of a download (RFC 6266, RFC 8187).
//!
//! A name comes from a file or from a query, so it is data: it must not end the header, escape its
//! quotes, name a directory or hide its extension on the client's disk. It is cleaned first
//! ([`safe_name`]) and then written twice where it has to be: an ASCII `filename` that every client
//! reads, and `filename*` in UTF-8 for those that know it, which prefer it.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Longest name kept, in bytes: what common file systems take.
const NAME_MAX: usize = 255;

/// `attr-char` of RFC 8187 §3.2.1.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// `attachment` under this name, cleaned.
#[must_use]
pub fn attachment(name: &[u8]) -> HeaderValue {
    let name = safe_name(name);
    let fallback: String = name.chars().map(plain).collect();
    let value = if fallback == name {
        format!("attachment; filename=\"{name}\"")
    } else {
        format!(
            "attachment; filename=\"{fallback}\"; filename*=UTF-8''{}",
            percent_encode(name.as_bytes(), ATTR_CHAR)
        )
    };
    // Both forms are visible ASCII and spaces by construction; a property test insists.
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A name that is safe to create on the client's side: no separators, no control characters, no
/// characters that reorder text (which make `cod.exe` out of `exe.doc`), not `.` or `..`, not empty,
/// at most 255 bytes with its extension kept. Bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn safe_name(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let cleaned: String = name.trim().chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    match cleaned.as_str() {
        "" | "." | ".." => "download".to_owned(),
        _ if cleaned.len() <= NAME_MAX => cleaned,
        _ => shorten(&cleaned),
    }
}

fn shorten(name: &str) -> String {
    let extension = name.rfind('.').map(|dot| &name[dot..]).filter(|ext| ext.len() <= 16).unwrap_or("");
    let stem = &name[..name.len() - extension.len()];
    format!("{}{extension}", &stem[..stem.floor_char_boundary(NAME_MAX - extension.len())])
}

fn is_unsafe(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders || matches!(c, '/' | '\\' | '\u{2028}' | '\u{2029}')
}

/// Quotes and percent signs are legal inside quotes but read differently by different clients
/// (RFC 6266 appendix D), so the fallback does without.
fn plain(c: char) -> char {
    match c {
        '"' | '%' => '_',
        ' '..='~' => c,
        _ => '_',
    }
}
