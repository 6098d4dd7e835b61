//! Which names are served at all.
//!
//! Asked of every segment of a key and of every name in a listing, so that both agree. Unfinished files of our own
//! are refused by [`Key`] itself; the names of a listing are asked here.
//!
//! Dotfiles are hidden unless somebody asks for them: `.git`, `.env` and `.ssh` are what is found on servers that
//! did not think of it. `.well-known` (RFC 8615) in the root is for the public and always served.

use crate::Key;
use crate::key::is_reserved;

/// What becomes of names that begin with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dotfiles {
    /// As if they did not exist, at any depth; but for `/.well-known`.
    #[default]
    Hide,
    /// Like all others. Names of unfinished uploads stay hidden.
    Serve,
}

/// Which names are served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admit {
    dotfiles: Dotfiles,
}

impl Admit {
    pub(super) fn new(dotfiles: Dotfiles) -> Self {
        Self { dotfiles }
    }

    /// Whether every segment of `key` is served.
    pub(super) fn key(self, key: &Key) -> bool {
        match self.dotfiles {
            Dotfiles::Serve => true,
            Dotfiles::Hide => key.segments().enumerate().all(|(depth, segment)| {
                !segment.starts_with(b".") || (depth == 0 && segment == b".well-known")
            }),
        }
    }

    /// Whether the entry `name` of the directory `dir` is served.
    pub(super) fn name(self, dir: &Key, name: &[u8]) -> bool {
        let dot = name.starts_with(b".");
        let public = match self.dotfiles {
            Dotfiles::Serve => name != b"." && name != b"..",
            Dotfiles::Hide => !dot || (dir.is_root() && name == b".well-known"),
        };
        public && !is_reserved(name)
    }
}
