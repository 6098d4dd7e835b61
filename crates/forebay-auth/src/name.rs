//! The names of people and programs, and of the groups that they are in.
//!
//! All ways of proving who one is share one set of names: `alice` of the password file and `alice` of an issuer are the same to a rule. A
//! name stands in rules, in logs and in lists with commas, so it may not have what would end it there.

use std::fmt;
use std::sync::Arc;

/// The longest name in bytes.
const LEN_MAX: usize = 255;

/// Who somebody is. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// What somebody belongs to, without the `@`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(Name);

/// A text that cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or too long.
    #[error("a name has 1 to {LEN_MAX} bytes")]
    Length,
    /// It has a character that would end it where it is written.
    #[error("a name has no spaces, commas or control characters")]
    Character,
    /// It would mean something else in a rule.
    #[error("a name is not \"*\" or \"anyone\", which stand for many, and does not begin with \"@\"")]
    Reserved,
    /// Something that should be a group and does not begin with `@`.
    #[error("a group begins with \"@\"")]
    NoGroup,
}

impl Name {
    /// Takes a name.
    ///
    /// # Errors
    ///
    /// [`NameError`] says what it must not be.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > LEN_MAX {
            return Err(NameError::Length);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',') {
            return Err(NameError::Character);
        }
        if text == "*" || text == "anyone" || text.starts_with('@') {
            return Err(NameError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Group {
    /// Takes a group without its `@`.
    ///
    /// # Errors
    ///
    /// As [`Name::new`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        Name::new(text).map(Self)
    }

    /// Reads a group as a rule has it: `@ci`.
    ///
    /// # Errors
    ///
    /// As [`Name::new`], or there is no `@`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::new(text.strip_prefix('@').ok_or(NameError::NoGroup)?)
    }

    /// Groups that stand in a line, one after the other.
    pub(crate) fn parse_all<'a>(fields: impl IntoIterator<Item = &'a str>) -> Result<Arc<[Self]>, NameError> {
        fields.into_iter().map(Self::parse).collect()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_read_as_two_or_as_everybody() {
        for fine in ["alice", "alice@example.org", "auth0|5f7c", "https://issuer.example/7", "Zoë"] {
            assert_eq!(Name::new(fine).unwrap().as_str(), fine);
        }
        let long = "a".repeat(256);
        for wrong in
            ["", "*", "anyone", "@ci", "a b", "a,b", "a\nb", "a\0", "a\u{a0}b", "a\u{2028}b", long.as_str()]
        {
            assert!(Name::new(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(Group::parse("@ci").unwrap().to_string(), "@ci");
        assert_eq!(Group::parse("ci"), Err(NameError::NoGroup));
        assert!(Group::parse("@@ci").is_err() && Group::parse("@").is_err());
    }
}
