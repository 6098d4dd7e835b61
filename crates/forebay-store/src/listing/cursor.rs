//! The opaque cursor between two pages.
//!
//! It travels through a client and comes back, so its text is safe in a URL and in JSON (lower-case hex) and
//! nothing in it is trusted: it says where a store's scan goes on and names no path. Each store puts in it what it
//! needs: a position of ours, a bucket's continuation token.

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::{StoreError, StoreErrorKind};

/// The most bytes of a cursor. Longer text is refused unread.
const CURSOR_BYTES_MAX: usize = 4096;

/// Where a listing goes on. Opaque: only the store that made it reads it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Box<[u8]>);

impl Cursor {
    /// A cursor with a store's own bytes in it.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The store's own bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0 {
            for digit in [byte >> 4, byte & 15] {
                f.write_char(char::from(b"0123456789abcdef"[usize::from(digit)]))?;
            }
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let bad = || StoreError::with_cause(StoreErrorKind::Invalid, "not a cursor of ours");
        if text.is_empty() || text.len() > 2 * CURSOR_BYTES_MAX || !text.len().is_multiple_of(2) {
            return Err(bad());
        }
        let pairs = text.as_bytes().chunks_exact(2);
        let bytes: Option<Vec<u8>> = pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
        bytes.map(Self::new).ok_or_else(bad)
    }
}

/// Lower case only, so that a position has one text.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cursor;

    proptest! {
        #[test]
        fn every_cursor_reads_back_as_it_was_written(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
            let cursor = Cursor::new(bytes);
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }

        #[test]
        fn no_text_makes_it_panic_and_what_is_accepted_has_one_text(text in ".{0,64}|[0-9a-f]{0,64}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }
}
