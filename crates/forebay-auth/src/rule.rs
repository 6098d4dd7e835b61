//! One line of the law: `PATH WHO RIGHTS`.
//!
//! Rules only allow. With rules that also deny, what a line means depends on those around it, and a line that is deleted or misspelt may
//! open a door; here it can only close one. To keep some of a folder from those who have the rest, it gets a rule of its own, which then
//! decides alone ([`Policy`](crate::Policy)).

use std::str::FromStr;

use crate::identity::Identity;
use crate::name::{Group, Name, NameError};
use crate::place::{self, PlaceError};
use crate::right::{Rights, UnknownRight};

/// Who has which rights at a place and below it, until a longer path has rules.
///
/// The path is written as in a URL. Who: `anyone`, `*` (whoever has proved who he is), names and `@groups`, with commas between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    place: Box<[u8]>,
    who: Vec<Whom>,
    rights: Rights,
}

/// Whom a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Anyone,
    Known,
    Name(Name),
    Group(Group),
}

/// Why a line is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It has not three fields.
    #[error("a rule is PATH WHO RIGHTS, for example `/in/ alice,@ci read,write`")]
    Form,
    /// The first field.
    #[error("the path of the rule: {0}")]
    Path(#[from] PlaceError),
    /// The second field.
    #[error("whom the rule allows: {0}")]
    Who(#[from] NameError),
    /// The third field.
    #[error("what the rule allows: {0}")]
    Rights(#[from] UnknownRight),
}

impl Rule {
    /// The name of the place that the rule is for, decoded.
    pub(crate) fn place(&self) -> &[u8] {
        &self.place
    }

    /// What it allows to `who`, and nothing if it does not speak of him.
    pub(crate) fn rights(&self, who: Option<&Identity>) -> Rights {
        if self.who.iter().any(|whom| whom.is(who)) { self.rights } else { Rights::NONE }
    }
}

impl Whom {
    fn is(&self, who: Option<&Identity>) -> bool {
        match (self, who) {
            (Self::Anyone, _) | (Self::Known, Some(_)) => true,
            (Self::Name(name), Some(who)) => who.name() == name,
            (Self::Group(group), Some(who)) => who.is_in(group),
            (Self::Known | Self::Name(_) | Self::Group(_), None) => false,
        }
    }
}

impl FromStr for Whom {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text {
            "anyone" => Ok(Self::Anyone),
            "*" => Ok(Self::Known),
            _ if text.starts_with('@') => Group::parse(text).map(Self::Group),
            _ => Name::new(text).map(Self::Name),
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut fields = text.split_whitespace();
        let (Some(path), Some(who), Some(rights), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(RuleError::Form);
        };
        let who = who.split(',').map(str::parse).collect::<Result<_, NameError>>()?;
        Ok(Self { place: place::parse_path(path)?, who, rights: rights.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_rule_is_refused_by_its_field() {
        let error = |text: &str| text.parse::<Rule>().unwrap_err();
        for text in ["", "/", "/ anyone", "/ anyone read list", "/ anyone read # for all"] {
            assert_eq!(error(text), RuleError::Form, "{text}");
        }
        for text in ["a/ * read", "/a//b * read", "/../a * read", "/a%2Fb * read", "/a%0 * read"] {
            assert!(matches!(error(text), RuleError::Path(_)), "{text}");
        }
        for text in ["/ alice,,bob read", "/ @ read", "/ , read"] {
            assert!(matches!(error(text), RuleError::Who(_)), "{text}");
        }
        for text in ["/ * reed", "/ * read,", "/ * READ"] {
            assert!(matches!(error(text), RuleError::Rights(_)), "{text}");
        }
        assert_eq!(
            error("/ * reed").to_string(),
            "what the rule allows: \"reed\" is no right: rights are read, list, create, overwrite, write (create and overwrite), delete, move, purge and administer"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall_over(text: String) {
            let read = text.parse::<Rule>();
            prop_assert!(read.is_err() || text.split_whitespace().count() == 3);
        }
    }
}
