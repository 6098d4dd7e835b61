//! What the law says to a caller, and what he is told.

use super::refusal::Shows;
use super::{Caller, Doors, Refusal};
use crate::place::Place;
use crate::right::Right;

/// What a move does to an object that is where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the move fails.
    Kept,
    /// It is replaced.
    Replaced,
}

impl Doors {
    /// Whether the caller may do this there.
    ///
    /// # Errors
    ///
    /// The law does not allow it; nobody is told how to become somebody.
    pub fn may(&self, caller: &Caller, right: Right, place: Place<'_>) -> Result<(), Refusal> {
        let may = caller.reaches(place) && self.policy.may(caller.identity(), right, place);
        self.answer(caller, may)
    }

    /// Whether the caller may do this there and everywhere below: for what changes or reads a folder as a whole. A link is for one name,
    /// and never for what is below.
    ///
    /// Whether it is a folder only the store knows, and it is asked when [`Doors::may`] has said yes: then whoever is refused here had the
    /// right to know.
    ///
    /// # Errors
    ///
    /// As [`Doors::may`].
    pub fn may_below(&self, caller: &Caller, right: Right, place: Place<'_>) -> Result<(), Refusal> {
        self.answer(caller, self.all_below(caller, right, place))
    }

    /// Whether the caller may move what is at one place to another: he has to have the rights to move and to read at the first, since what
    /// he could not read he may be able to where it then is, and to create, or to overwrite, at the second; everywhere below, too.
    ///
    /// # Errors
    ///
    /// As [`Doors::may`].
    pub fn may_move(
        &self,
        caller: &Caller,
        from: Place<'_>,
        to: Place<'_>,
        existing: Existing,
    ) -> Result<(), Refusal> {
        let there: &[Right] = match existing {
            Existing::Kept => &[Right::Create],
            Existing::Replaced => &[Right::Create, Right::Overwrite],
        };
        let may = [Right::Move, Right::Read].iter().all(|right| self.all_below(caller, *right, from))
            && there.iter().all(|right| self.all_below(caller, *right, to));
        self.answer(caller, may)
    }

    /// Whether a listing shows the caller this entry: he may read or list it. By a link to a folder he sees the names in it, and opens none.
    #[must_use]
    pub fn shows(&self, caller: &Caller, entry: Place<'_>) -> bool {
        let rights = self.policy.rights(caller.identity(), entry);
        let reaches = caller.reaches(entry) || entry.parent().is_some_and(|folder| caller.reaches(folder));
        reaches && (rights.contains(Right::Read) || rights.contains(Right::List))
    }

    fn all_below(&self, caller: &Caller, right: Right, place: Place<'_>) -> bool {
        caller.narrowed().is_none() && self.policy.may_below(caller.identity(), right, place)
    }

    fn answer(&self, caller: &Caller, may: bool) -> Result<(), Refusal> {
        match (may, caller.identity()) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(Refusal::Forbidden("You may not do this here.")),
            (false, None) => Err(self.challenge(Shows::Nothing)),
        }
    }
}
