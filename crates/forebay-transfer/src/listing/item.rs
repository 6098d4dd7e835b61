//! One object or file of many, and what the name of an object may become on a disk.

use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use forebay_store::remote::KeyEntry;
use forebay_store::{TEMP_PREFIX, Validator};

/// An object or a file, named relative to where its listing began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name, with slashes.
    pub name: Box<str>,
    /// Its length in bytes.
    pub len: u64,
    /// When it was last written.
    pub modified: Option<SystemTime>,
    /// The entity tag of an object.
    pub validator: Option<Validator>,
}

/// Why a name cannot be that of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It would leave the directory, or names it.
    #[error("`..`, `.` and empty parts of a key cannot be a path: fetch it by itself, to a name of your own")]
    Part,
    /// It ends with a slash, as keys do that stand for directories.
    #[error("a key that ends with a slash cannot be a file: fetch it by itself, to a name of your own")]
    Directory,
    /// It holds a NUL.
    #[error("a key with a NUL in it cannot be a path: fetch it by itself, to a name of your own")]
    Nul,
    /// A part of it is longer than file systems take.
    #[error("a part of the key is longer than 255 bytes: fetch it by itself, to a name of your own")]
    TooLong,
    /// It is one that unfinished files and journals of ours have.
    #[error(
        "names that begin with .forebay- are those of unfinished files: fetch it by itself, to a name of your own"
    )]
    Ours,
}

impl Item {
    /// An object of a listing, without the first `prefix_len` bytes of its key; `None` for a group of keys.
    pub fn of_entry(entry: KeyEntry, prefix_len: usize) -> Option<Self> {
        match entry {
            KeyEntry::Object { key, len, modified, validator, .. } => {
                let name = key.as_str().get(prefix_len..)?.into();
                Some(Self { name, len, modified, validator })
            }
            KeyEntry::Prefix(_) => None,
        }
    }
}

/// The path that a key, relative to where the listing began, has below a directory. It never leads out of it.
///
/// # Errors
///
/// [`NameError`] for a key that is no path.
pub fn local_path(name: &str) -> Result<PathBuf, NameError> {
    const PART_MAX: usize = 255;
    if name.contains('\0') {
        return Err(NameError::Nul);
    }
    if name.ends_with('/') {
        return Err(NameError::Directory);
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(NameError::Part);
    }
    if name.split('/').any(|part| part.len() > PART_MAX) {
        return Err(NameError::TooLong);
    }
    if name.split('/').any(|part| is_ours(part.as_bytes())) {
        return Err(NameError::Ours);
    }
    let path = Path::new(name);
    debug_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
    Ok(path.to_owned())
}

/// Whether a name is that of an unfinished file of ours, in any case, as some file systems fold it.
pub(super) fn is_ours(name: &[u8]) -> bool {
    name.get(..TEMP_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(TEMP_PREFIX.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_becomes_a_path_or_says_why_not() {
        for good in ["a", "a/b", "日本/🗻", "a b", "a\nb", "-", "..a/b..", "c:\\x", "a.forebay-x"] {
            assert_eq!(local_path(good), Ok(good.into()));
        }
        for (bad, why) in [
            ("../a", NameError::Part),
            ("a/../b", NameError::Part),
            ("a//b", NameError::Part),
            ("/a", NameError::Part),
            ("./a", NameError::Part),
            ("", NameError::Part),
            ("a/", NameError::Directory),
            ("a\0b", NameError::Nul),
            (".forebay-get-0123456789abcdef.part", NameError::Ours),
            ("a/.Forebay-x/b", NameError::Ours),
        ] {
            assert_eq!(local_path(bad), Err(why), "{bad:?}");
        }
        assert_eq!(local_path(&"x".repeat(256)), Err(NameError::TooLong));
        assert!(local_path(&["x"; 300].join("/")).is_ok());
    }

    proptest! {
        #[test]
        fn no_key_leads_out_of_its_directory(key in "[./a\\\\\u{0}\u{301}]{0,12}") {
            if let Ok(path) = local_path(&key) {
                let below = Path::new("/root-of-it").join(&path);
                prop_assert!(below.starts_with("/root-of-it") && path.is_relative());
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
            }
        }
    }
}
