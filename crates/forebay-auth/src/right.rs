//! What may be done to an object, and sets of it.
//!
//! A right is what somebody wants to come about and not the request that brings it about: `PUT`, a form and a resumable upload all create. So a rule
//! holds whichever door the bytes come through.

use std::fmt;
use std::str::FromStr;

/// One thing that may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// To have the bytes and the metadata of an object.
    Read,
    /// To see which names a folder has.
    List,
    /// To make an object or a folder where there is none.
    Create,
    /// To put another object in the place of one.
    Overwrite,
    /// To remove.
    Delete,
    /// To take away from here, by renaming. What it takes at the other end is the other end's to grant.
    Move,
    /// To make caches forget.
    Purge,
    /// To see and change how the server works.
    Administer,
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(u8);

/// A word that is no right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no right: rights are read, list, create, overwrite, write (create and overwrite), delete, move, purge and administer"
)]
pub struct UnknownRight(String);

impl Right {
    /// Every right.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::List,
        Self::Create,
        Self::Overwrite,
        Self::Delete,
        Self::Move,
        Self::Purge,
        Self::Administer,
    ];

    /// The word in a rule.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Create => "create",
            Self::Overwrite => "overwrite",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Purge => "purge",
            Self::Administer => "administer",
        }
    }
}

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Every right.
    pub const ALL: Self = Self(u8::MAX);

    /// Whether `right` is among them.
    #[must_use]
    pub const fn contains(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | 1 << right as u8))
    }
}

/// Words with commas between them.
impl FromStr for Rights {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, UnknownRight> {
        let rights = |word: &str| match Right::ALL.into_iter().find(|right| right.name() == word) {
            Some(right) => Ok(Self::from_iter([right])),
            None if word == "write" => Ok(Self::from_iter([Right::Create, Right::Overwrite])),
            None => Err(UnknownRight(word.to_owned())),
        };
        text.split(',').try_fold(Self::NONE, |all, word| Ok(all.and(rights(word)?)))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Right::ALL.into_iter().filter(|right| self.contains(*right)).map(Right::name);
        names.enumerate().try_for_each(|(at, name)| write!(f, "{}{name}", if at == 0 { "" } else { "," }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_as_they_are_written() {
        let rights: Rights = "read,list,write".parse().unwrap();
        assert_eq!(rights.to_string(), "read,list,create,overwrite");
        assert!(rights.contains(Right::Overwrite) && !rights.contains(Right::Delete));
        assert_eq!(rights.to_string().parse(), Ok(rights));
        assert_eq!(Rights::from_iter(Right::ALL), Rights::ALL);
        for wrong in ["", "read,", "Read", "read list", "all", "wipe"] {
            assert!(wrong.parse::<Rights>().is_err(), "{wrong:?}");
        }
    }
}
