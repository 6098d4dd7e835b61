//! What is a key and what is not, by example and at random.

use proptest::prelude::*;

use super::{Key, KeyError};
use crate::{StoreError, StoreErrorKind};

#[test]
fn a_path_that_a_file_system_would_interpret_is_refused() {
    let rows: [(&[u8], KeyError); 14] = [
        (b"..", KeyError::DotSegment),
        (b"a/../b", KeyError::DotSegment),
        (b"a/..", KeyError::DotSegment),
        (b"./a", KeyError::DotSegment),
        (b"a/./b", KeyError::DotSegment),
        (b"a//b", KeyError::EmptySegment),
        (b"//a", KeyError::EmptySegment),
        (b"a//", KeyError::EmptySegment),
        (b"a\0b", KeyError::Nul),
        (b"\0", KeyError::Nul),
        (b".forebay-upload", KeyError::Reserved),
        (b"a/.Forebay-x/b", KeyError::Reserved),
        (&[b'a'; 256], KeyError::TooLong),
        (&[b"a/".as_slice(); 2100].concat(), KeyError::TooLong),
    ];
    for (path, error) in rows {
        assert_eq!(Key::parse(path), Err(error), "{}", path[..path.len().min(40)].escape_ascii());
    }
}

#[test]
fn names_are_bytes_and_are_kept_as_they_are() {
    for path in
        [&b"a"[..], b"a b/c", b"\xff\xfe/\x01", b"a\\..\\b", b"...", b"..a/b..", b".forebay", b"%2e%2e"]
    {
        assert_eq!(Key::parse(path).unwrap().as_bytes(), path);
    }
}

#[test]
fn one_slash_at_either_end_is_dropped_and_nothing_is_the_root() {
    for path in [&b"a/b"[..], b"/a/b", b"a/b/", b"/a/b/"] {
        assert_eq!(Key::parse(path).unwrap().as_bytes(), b"a/b");
    }
    for path in [&b""[..], b"/"] {
        assert!(Key::parse(path).unwrap().is_root());
    }
    assert_eq!(Key::root().parent(), None);
    assert_eq!(Key::root().name(), None);
}

#[test]
fn to_a_client_a_temporary_name_is_absent_and_a_broken_one_is_an_error() {
    let kind = |path: &[u8]| StoreError::from(Key::parse(path).unwrap_err()).kind();
    assert_eq!(kind(b".forebay-1"), StoreErrorKind::NotFound);
    assert_eq!(kind(b"a/../b"), StoreErrorKind::Invalid);
}

#[test]
fn a_key_is_shown_without_control_characters() {
    assert_eq!(Key::parse(b"a\n\x1b[1m\xff\xe4\xb8\xad").unwrap().to_string(), "a\\n\\u{1b}[1m\u{fffd}中");
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_canonical_and_safe(path in prop::collection::vec(
        prop_oneof![4 => any::<u8>(), 3 => Just(b'/'), 3 => Just(b'.'), 1 => Just(0)], 0..40,
    )) {
        let Ok(key) = Key::parse(&path) else { return Ok(()) };
        prop_assert_eq!(&Key::parse(key.as_bytes()).unwrap(), &key);
        prop_assert!(!key.as_bytes().contains(&0));
        for segment in key.as_bytes().split(|&byte| byte == b'/').filter(|_| !key.is_root()) {
            prop_assert!(!segment.is_empty() && segment != b"." && segment != b"..");
        }
        let joined = key.segments().try_fold(Key::root(), |dir, name| dir.join(name)).unwrap();
        prop_assert_eq!(&joined, &key);
        if let (Some(parent), Some(name)) = (key.parent(), key.name()) {
            prop_assert_eq!(parent.join(name).unwrap(), key);
        }
    }

    #[test]
    fn join_takes_one_segment_only(name in prop::collection::vec(any::<u8>(), 0..12)) {
        let dir = Key::parse(b"d").unwrap();
        match dir.join(&name) {
            Ok(key) => prop_assert_eq!(key.parent().unwrap(), dir),
            Err(_) => prop_assert!(name.contains(&b'/') || Key::parse(&name).is_err() || name.is_empty()),
        }
    }
}
