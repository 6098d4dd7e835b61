//! What an operator has switched on.

use std::fmt;
use std::str::FromStr;

/// One way to change a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Objects under names that nobody has.
    Create,
    /// Objects in the place of others.
    Overwrite,
    /// Objects, and directories that are empty.
    Delete,
    /// Directories.
    Folders,
    /// Other names for what is there.
    Move,
}

/// Ways to change a store.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Verbs(u8);

/// A text that names no way to change a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of create, overwrite, delete, folders, move, all")]
pub struct VerbsError(String);

impl Verb {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Create, Self::Overwrite, Self::Delete, Self::Folders, Self::Move];

    /// The word in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Overwrite => "overwrite",
            Self::Delete => "delete",
            Self::Folders => "folders",
            Self::Move => "move",
        }
    }
}

impl Verbs {
    /// The same and one more.
    #[must_use]
    pub const fn with(self, verb: Verb) -> Self {
        Self(self.0 | 1 << verb as u8)
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, verb: Verb) -> bool {
        self.0 & 1 << verb as u8 != 0
    }

    /// Whether nothing may be changed.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        Verb::ALL.into_iter().filter(move |verb| self.has(*verb)).map(Verb::name)
    }
}

impl FromStr for Verbs {
    type Err = VerbsError;

    /// Words with commas between them, or `all`.
    fn from_str(text: &str) -> Result<Self, VerbsError> {
        text.split(',').map(str::trim).try_fold(Self::default(), |verbs, word| match word {
            "all" => Ok(Verb::ALL.into_iter().fold(verbs, Self::with)),
            _ => Verb::ALL
                .into_iter()
                .find(|verb| verb.name() == word)
                .map(|verb| verbs.with(verb))
                .ok_or_else(|| VerbsError(word.to_owned())),
        })
    }
}

impl fmt::Display for Verbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.names().collect::<Vec<_>>().join(","))
    }
}

impl fmt::Debug for Verbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verbs({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{Verb, Verbs};

    #[test]
    fn words_read_back_and_others_are_named() {
        for text in ["create", "create,delete", "create,overwrite,delete,folders,move"] {
            assert_eq!(text.parse::<Verbs>().unwrap().to_string(), text);
        }
        assert_eq!(
            "all".parse::<Verbs>().unwrap(),
            Verb::ALL.into_iter().fold(Verbs::default(), Verbs::with)
        );
        assert!("".parse::<Verbs>().is_err() && "create;delete".parse::<Verbs>().is_err());
        assert!("creat".parse::<Verbs>().unwrap_err().to_string().starts_with("`creat` is none of create,"));
    }
}
