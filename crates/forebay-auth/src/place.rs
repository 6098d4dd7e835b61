//! Where something is, as the store itself says it.
//!
//! A rule is only as good as the agreement about what it is compared with. So a place is the decoded name in the form that the store opens,
//! whole segments joined by single slashes, and anything that could be read as a second form of some name (`//`, `.`, `..`, a slash at an
//! end, a NUL) is refused here and not tidied. Nothing is folded: names that differ in case, in a dot at the end or in their form of
//! Unicode are as different as they are to the store.

use std::borrow::Cow;
use std::fmt;

/// The name of an object or folder in its only form: no slash at either end; empty for the root.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a>(&'a [u8]);

/// Why bytes are no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Two slashes follow each other, or one stands at an end.
    #[error("it has an empty segment")]
    EmptySegment,
    /// A segment is `.` or `..`.
    #[error("it has a segment `.` or `..`")]
    DotSegment,
    /// It has a NUL.
    #[error("it has a NUL")]
    Nul,
    /// What was written of it is not a path with proper escapes (`%20`).
    #[error("it is not a path that begins with a slash, with %XX for what cannot stand in a URL")]
    Escape,
}

impl<'a> Place<'a> {
    /// The root.
    pub const ROOT: Place<'static> = Place(b"");

    /// Takes a decoded name, without a slash at either end.
    ///
    /// # Errors
    ///
    /// It is not in the form in which a store has it.
    pub fn new(name: &'a [u8]) -> Result<Self, PlaceError> {
        if name.contains(&0) {
            return Err(PlaceError::Nul);
        }
        if !name.is_empty() {
            name.split(|byte| *byte == b'/').try_for_each(check)?;
        }
        Ok(Self(name))
    }

    /// The name, without a slash at either end.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The folder that it is in; `None` for the root.
    pub(crate) fn parent(self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        let slash = self.0.iter().rposition(|byte| *byte == b'/');
        Some(Self(&self.0[..slash.unwrap_or(0)]))
    }

    /// How many segments it has.
    pub(crate) fn depth(self) -> usize {
        if self.0.is_empty() { 0 } else { 1 + self.0.iter().filter(|byte| **byte == b'/').count() }
    }

    /// What its first `depth` segments name, or itself if it has no more.
    pub(crate) fn cut(self, depth: usize) -> Self {
        if depth == 0 {
            return Self(&[]);
        }
        let mut slashes = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        Self(slashes.nth(depth - 1).map_or(self.0, |end| &self.0[..end]))
    }
}

/// Reads the path of a rule or a link: as in a URL, with or without a slash at its end. What comes back is the name of a [`Place`].
///
/// # Errors
///
/// It is no path, or the path of no place.
pub fn parse_path(text: &str) -> Result<Box<[u8]>, PlaceError> {
    let path = text.strip_prefix('/').ok_or(PlaceError::Escape)?;
    let path = match path.strip_suffix('/') {
        Some("") => return Err(PlaceError::EmptySegment),
        Some(folder) => folder,
        None => path,
    };
    let name = decode(path).ok_or(PlaceError::Escape)?;
    let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
    if slashes(&name) != slashes(path.as_bytes()) {
        return Err(PlaceError::Escape);
    }
    Place::new(&name)?;
    Ok(name.into())
}

/// Undoes percent-encoding; `None` if an escape is none.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, [u8]>> {
    let is_escape = |after: &str| {
        after.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let is_fine = text.match_indices('%').all(|(at, _)| is_escape(&text[at + 1..]));
    is_fine.then(|| percent_encoding::percent_decode_str(text).into())
}

fn check(segment: &[u8]) -> Result<(), PlaceError> {
    match segment {
        [] => Err(PlaceError::EmptySegment),
        b"." | b".." => Err(PlaceError::DotSegment),
        _ => Ok(()),
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place(\"{}\")", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_in_a_second_form_is_refused_and_not_tidied() {
        for (name, error) in [
            (&b"/a"[..], PlaceError::EmptySegment),
            (b"a/", PlaceError::EmptySegment),
            (b"/", PlaceError::EmptySegment),
            (b"a//b", PlaceError::EmptySegment),
            (b"a/./b", PlaceError::DotSegment),
            (b"..", PlaceError::DotSegment),
            (b"a/../b", PlaceError::DotSegment),
            (b"a\0", PlaceError::Nul),
        ] {
            assert_eq!(Place::new(name), Err(error), "{}", name.escape_ascii());
        }
        for fine in [&b""[..], b"a", b"a/b", b"%2e%2e", b"...", b"a.", b"a\\b", b"\xff"] {
            assert_eq!(Place::new(fine).unwrap().as_bytes(), fine);
        }
    }

    #[test]
    fn the_path_of_a_rule_is_decoded_once() {
        for (text, name) in
            [("/", &b""[..]), ("/a/", b"a"), ("/a", b"a"), ("/a%20b/%ff", b"a b/\xff"), ("/%2561", b"%61")]
        {
            assert_eq!(parse_path(text).as_deref(), Ok(name), "{text}");
        }
        for wrong in
            ["", "a", "//", "/a//", "/a%2fb", "/%2e%2e/a", "/a/%2E", "/%00", "/%", "/%4", "/%zz", "/%+1"]
        {
            assert!(parse_path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_place_is_cut_at_slashes() {
        let place = Place::new(b"a/bc/d").unwrap();
        let cuts = [0, 1, 2, 3, 9].map(|depth| place.cut(depth).as_bytes());
        assert_eq!(cuts, [&b""[..], b"a", b"a/bc", b"a/bc/d", b"a/bc/d"]);
        assert_eq!((place.depth(), Place::ROOT.depth()), (3, 0));
    }

    proptest! {
        #[test]
        fn whatever_is_a_place_is_the_join_of_its_ancestors(name: Vec<u8>) {
            let Ok(place) = Place::new(&name) else { return Ok(()) };
            let mut depth = place.depth();
            let mut at = place;
            while let Some(parent) = at.parent() {
                depth -= 1;
                prop_assert_eq!(parent, place.cut(depth));
                prop_assert!(Place::new(parent.as_bytes()).is_ok());
                at = parent;
            }
            prop_assert_eq!((depth, at), (0, Place::ROOT));
        }
    }
}
