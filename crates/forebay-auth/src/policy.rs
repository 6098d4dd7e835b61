//! All of the law: which rules decide about a place.
//!
//! The longest path that has rules decides alone; within it, whatever any rule allows is allowed; what nothing allows is not. So whoever
//! reads the rules of one path has read everything about it, and a folder is closed by giving it a rule for those who may.
//!
//! Where a stricter rule lies below a folder, an answer about the folder must not tell what is there. A listing or an archive *leaves out*
//! what its reader may not have, entry by entry ([`Policy::may`]), because the rest is still his; what changes a folder as a whole (delete,
//! move) is *refused* unless it is allowed everywhere below ([`Policy::may_below`]), because half of it is worse than nothing. None of this
//! asks whether anything is there.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::identity::Identity;
use crate::lines::{self, AtLine};
use crate::place::Place;
use crate::right::{Right, Rights};
use crate::rule::{Rule, RuleError};

/// Who may do what where.
#[derive(Clone, Debug)]
pub struct Policy(Law);

#[derive(Clone, Debug)]
enum Law {
    Open,
    Rules {
        /// By place, in the order of their bytes: what lies below a place stands together.
        rules: BTreeMap<Box<[u8]>, Vec<Rule>>,
        /// Segments of the longest place: no longer one has to be looked up.
        depth_max: usize,
    },
}

impl Policy {
    /// Everything is allowed to everybody.
    #[must_use]
    pub const fn open() -> Self {
        Self(Law::Open)
    }

    /// What these rules allow; without any, nothing.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut by_place = BTreeMap::<_, Vec<Rule>>::new();
        let mut depth_max = 0;
        for rule in rules {
            // A rule's own place was checked when it was read.
            depth_max = depth_max.max(Place::new(rule.place()).map_or(0, Place::depth));
            by_place.entry(rule.place().into()).or_default().push(rule);
        }
        Self(Law::Rules { rules: by_place, depth_max })
    }

    /// Reads rules, one a line.
    ///
    /// # Errors
    ///
    /// The first line that is no rule.
    pub fn parse(text: &str) -> Result<Self, AtLine<RuleError>> {
        lines::read(text, str::parse::<Rule>).map(Self::new)
    }

    /// Whether everything is allowed to everybody because there is no law at all.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.0, Law::Open)
    }

    /// All that `who` (or somebody unknown) may do at a place.
    #[must_use]
    pub fn rights(&self, who: Option<&Identity>, place: Place<'_>) -> Rights {
        let Law::Rules { rules, depth_max } = &self.0 else { return Rights::ALL };
        let places = std::iter::successors(Some(place.cut(*depth_max)), |place| place.parent());
        places
            .map(Place::as_bytes)
            .find_map(|place| rules.get(place))
            .map_or(Rights::NONE, |rules| allowed(rules, who))
    }

    /// Whether `who` may do this there.
    #[must_use]
    pub fn may(&self, who: Option<&Identity>, right: Right, place: Place<'_>) -> bool {
        self.rights(who, place).contains(right)
    }

    /// Whether `who` may do this there and everywhere below.
    #[must_use]
    pub fn may_below(&self, who: Option<&Identity>, right: Right, place: Place<'_>) -> bool {
        self.may(who, right, place) && self.below(place).all(|rules| allowed(rules, who).contains(right))
    }

    /// Whether rules of their own decide about anything below: if not, an answer about one entry is the answer about all.
    #[must_use]
    pub fn has_rules_below(&self, place: Place<'_>) -> bool {
        self.below(place).next().is_some()
    }

    /// The rules of every place below this one.
    fn below(&self, place: Place<'_>) -> impl Iterator<Item = &[Rule]> {
        let start = match place.as_bytes() {
            [] => Vec::new(),
            name => [name, b"/"].concat(),
        };
        let rules = match &self.0 {
            Law::Open => None,
            Law::Rules { rules, .. } => Some(rules),
        };
        let from = (Bound::Excluded(start.clone().into_boxed_slice()), Bound::Unbounded);
        let after = rules.into_iter().flat_map(move |rules| rules.range::<Box<[u8]>, _>(from.clone()));
        after.take_while(move |(place, _)| place.starts_with(&start)).map(|(_, rules)| rules.as_slice())
    }
}

fn allowed(rules: &[Rule], who: Option<&Identity>) -> Rights {
    rules.iter().fold(Rights::NONE, |rights, rule| rights.and(rule.rights(who)))
}
