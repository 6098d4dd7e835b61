//! Who sends a request.

use crate::identity::Identity;
use crate::place::Place;
use crate::signed::Narrowed;

/// Somebody who has proved who he is, or nobody; by a link, for one place only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    identity: Option<Identity>,
    narrowed: Option<Narrowed>,
}

impl Caller {
    /// One who has shown nothing.
    pub const NOBODY: Self = Self { identity: None, narrowed: None };

    pub(super) fn known(identity: Identity) -> Self {
        Self { identity: Some(identity), narrowed: None }
    }

    pub(super) fn by_link(identity: Identity, narrowed: Narrowed) -> Self {
        Self { identity: Some(identity), narrowed: Some(narrowed) }
    }

    /// Who it is, for the law and the log; `None` for nobody.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// What the link was signed for that he comes by.
    #[must_use]
    pub fn narrowed(&self) -> Option<&Narrowed> {
        self.narrowed.as_ref()
    }

    pub(super) fn reaches(&self, place: Place<'_>) -> bool {
        self.narrowed.as_ref().is_none_or(|narrowed| narrowed.is_at(place))
    }
}
