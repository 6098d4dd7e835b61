//! What came of a piece of work.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::failure::Failure;

/// What came of one URL on one edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub verdict: Verdict,
    /// The status of the last answer that bore on it.
    pub status: Option<u16>,
    /// Bytes of bodies that arrived, all tries together.
    pub bytes: u64,
    /// From the request to the head of the body that was fetched.
    pub ttfb: Option<Duration>,
    /// From the first request to the last byte, waits between tries included.
    pub took: Duration,
    /// What the edge held before.
    pub before: Held,
    /// What the edge holds now.
    pub after: Held,
    /// Requests that were needed until the deciding one succeeded or was given up.
    pub attempts: u32,
    /// The SHA-256 of the bytes, if they were read.
    pub digest: Option<Sha256Digest>,
}

impl Outcome {
    /// Nothing was asked, and nothing came of it.
    pub fn failed(failure: Failure) -> Self {
        Self { verdict: Verdict::Failed(failure), ..Self::begun() }
    }

    /// Before anything was asked.
    pub(crate) fn begun() -> Self {
        Self {
            verdict: Verdict::Purged,
            status: None,
            bytes: 0,
            ttfb: None,
            took: Duration::ZERO,
            before: Held::Unknown,
            after: Held::Unknown,
            attempts: 0,
            digest: None,
        }
    }
}

/// A SHA-256, shown in hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sha256Digest(pub [u8; 32]);

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The object was there, and the edge removed it.
    Removed,
    /// There was nothing to remove.
    Absent,
    /// The edge took the purge and does not say whether there was anything.
    Purged,
    /// The object was fetched by the edge.
    Warmed,
    /// The object was at the edge already.
    Present,
    /// The object was removed and fetched anew.
    Refreshed,
    /// It did not succeed.
    Failed(Failure),
}

/// What an edge holds of an object, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// Nobody asked, or the edge does not say.
    #[default]
    Unknown,
    /// It was answered from the cache.
    Hit,
    /// It was there, and too old.
    Stale,
    /// It was not there.
    Miss,
}

impl Verdict {
    /// Whether the work is done.
    pub const fn is_success(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }

    /// Why not.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The word in tables, answers and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Absent => "absent",
            Self::Purged => "purged",
            Self::Warmed => "warmed",
            Self::Present => "present",
            Self::Refreshed => "refreshed",
            Self::Failed(_) => "failed",
        }
    }

    /// The success of a word.
    pub fn of_name(name: &str) -> Option<Self> {
        let successes =
            [Self::Removed, Self::Absent, Self::Purged, Self::Warmed, Self::Present, Self::Refreshed];
        successes.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl Held {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Hit, Self::Stale, Self::Miss];

    /// What a word says.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|held| held.name() == name)
    }

    /// The word in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
        }
    }
}
