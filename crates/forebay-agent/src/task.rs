//! What is to be done with a URL on an edge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an edge is asked to do with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Forget it.
    Purge,
    /// Fetch it from the origin and keep it.
    Warm,
    /// Forget it, then fetch it anew.
    Refresh,
}

/// Which of an edge's two queues a piece of work waits in: short requests must not stand behind long bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// Requests whose answer is a head: purges, proofs.
    Control,
    /// Requests whose answer is an object.
    Bulk,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Purge, Self::Warm, Self::Refresh];

    /// Where such work waits.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Purge => Lane::Control,
            Self::Warm | Self::Refresh => Lane::Bulk,
        }
    }

    /// Whether the object is to be gone at first.
    pub const fn purges(self) -> bool {
        matches!(self, Self::Purge | Self::Refresh)
    }

    /// Whether the object is to be there in the end.
    pub const fn warms(self) -> bool {
        matches!(self, Self::Warm | Self::Refresh)
    }

    /// The word in commands, answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purge => "purge",
            Self::Warm => "warm",
            Self::Refresh => "refresh",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is none of the actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an action: say purge, warm or refresh")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(word: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.name() == word).ok_or(UnknownAction)
    }
}

impl Lane {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Control, Self::Bulk];

    /// The word in metrics and subjects.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Bulk => "bulk",
        }
    }
}
