//! Secrets that must not reach the log: by name, in headers, queries, forms and JSON.
//!
//! A name is secret if it *ends* with one of the listed words, ignoring case and the separators `-`, `_`
//! and `.`: `token` covers `access_token`, `X-Amz-Security-Token` and `csrfToken`. Redacting a harmless
//! `next_token` is the price. The JSON reader is lenient, since what it reads is a prefix that may end
//! anywhere: a secret that is cut is redacted up to the cut. It knows nothing of JSON inside JSON strings.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// The words that make a name secret unless told otherwise.
const WORDS: [&str; 18] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accesskeyid",
    "secretkey",
    "privatekey",
    "authorization",
    "credential",
    "credentials",
    "signature",
    "cookie",
    "session",
    "sessionid",
];

/// The names whose values are replaced by `[redacted]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    words: Arc<[Cow<'static, str>]>,
}

impl Default for Redaction {
    fn default() -> Self {
        Self { words: WORDS.into_iter().map(Cow::Borrowed).collect() }
    }
}

impl Redaction {
    /// Nothing is secret.
    #[must_use]
    pub fn none() -> Self {
        Self { words: Arc::default() }
    }

    /// These names too.
    #[must_use]
    pub fn also(self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        // Only ASCII bytes are left out or changed, so what stays is UTF-8 still.
        let word = |name: &str| {
            let letters: Vec<u8> = folded(name).rev().collect();
            String::from_utf8_lossy(&letters).into_owned()
        };
        let more = names.into_iter().map(|name| Cow::Owned(word(name.as_ref())));
        Self { words: self.words.iter().cloned().chain(more).collect() }
    }

    /// Whether the value of `name` is a secret.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        self.words.iter().any(|word| {
            let mut name = folded(name);
            !word.is_empty() && word.bytes().rev().all(|letter| name.next() == Some(letter))
        })
    }

    /// Emits a query or a form with the values of secret names replaced.
    pub(super) fn form<'a>(&self, text: &'a str, mut emit: impl FnMut(&'a str)) {
        for pair in text.split_inclusive('&') {
            let end = pair.strip_suffix('&').unwrap_or(pair).len();
            let name_end = pair[..end].find('=').unwrap_or(end);
            let name = percent_decode_str(&pair[..name_end]).decode_utf8_lossy();
            if name_end < end && self.is_secret(&name) {
                emit(&pair[..=name_end]);
                emit(REDACTED);
                emit(&pair[end..]);
            } else {
                emit(pair);
            }
        }
    }

    /// Emits a JSON text, or any prefix of one, with the values of secret keys replaced.
    pub(super) fn json<'a>(&self, text: &'a str, mut emit: impl FnMut(&'a str)) {
        let bytes = text.as_bytes();
        let (mut written, mut at) = (0, 0);
        while let Some(quote) = find(bytes, at, b"\"") {
            let end = string_end(bytes, quote);
            at = end;
            let colon = skip_space(bytes, end);
            if bytes.get(colon) != Some(&b':') || !self.is_secret(&unescaped(&text[quote..end])) {
                continue;
            }
            let value = skip_space(bytes, colon + 1);
            emit(&text[written..value]);
            if value < bytes.len() {
                emit("\"");
                emit(REDACTED);
                emit("\"");
            }
            at = value_end(bytes, value);
            written = at;
        }
        emit(&text[written..]);
    }
}

/// The letters of a name that count, from the last to the first.
fn folded(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    let name = name.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b'.' | b'[' | b']'));
    name.map(|byte| byte.to_ascii_lowercase()).rev()
}

fn find(bytes: &[u8], from: usize, any: &[u8]) -> Option<usize> {
    Some(from + bytes.get(from..)?.iter().position(|byte| any.contains(byte))?)
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// One behind the closing quote of the string that opens at `quote`, or the end of the text.
fn string_end(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(found) = find(bytes, at, b"\"\\") {
        if bytes[found] == b'"' {
            return found + 1;
        }
        at = found + 2;
    }
    bytes.len()
}

/// One behind the value that begins at `start`: a string, an object or array with all that is in it, or a
/// word. Where the text ends, the value ends.
fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start),
        Some(b'{' | b'[') => {
            let (mut depth, mut at) = (0u32, start);
            while let Some(found) = find(bytes, at, b"\"{}[]") {
                at = found + 1;
                match bytes[found] {
                    b'"' => at = string_end(bytes, found),
                    b'{' | b'[' => depth += 1,
                    _ if depth == 1 => return at,
                    _ => depth -= 1,
                }
            }
            bytes.len()
        }
        Some(_) | None => find(bytes, start, b",}] \t\r\n").unwrap_or(bytes.len()),
    }
}

/// The inside of a JSON string, for comparison: `\u0070` must not hide a `p`.
fn unescaped(quoted: &str) -> Cow<'_, str> {
    if quoted.contains('\\') {
        serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(quoted.trim_matches('"')), Cow::Owned)
    } else {
        Cow::Borrowed(quoted.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests;
