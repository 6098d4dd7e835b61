//! What can be seen of jobs and rows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{JobId, Moment, RowId, Terms};
use crate::edge::EdgeName;
use crate::failure::{Failure, FailureClass};
use crate::outcome::Outcome;

/// A job as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What was ordered.
    pub terms: Terms,
    /// How far it is.
    pub state: JobState,
    /// Its rows, by state.
    pub rows: Tally,
    /// URLs in its list.
    pub urls: u64,
    /// URLs that were submitted once more, and left out.
    pub duplicates: u64,
    /// The first run, if this one is a repetition.
    pub origin: Option<JobId>,
    /// When it was submitted.
    pub created: Moment,
    /// When the last row ended.
    pub ended: Option<Moment>,
    /// What became of telling its webhook so, if it has one.
    pub webhook: Option<Webhook>,
}

/// What became of telling a webhook that a job is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// How far that is.
    pub state: Telling,
    /// How often it was tried since the job ended.
    pub tries: u32,
    /// When it is to be tried, or tried again.
    pub next: Option<Moment>,
    /// When the receiver said that it had heard.
    pub told: Option<Moment>,
    /// Why the last try failed.
    pub trouble: Option<Box<str>>,
}

/// How far it is to have told somebody that a job is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Telling {
    /// The job is not over, or the receiver has not heard of it yet.
    Pending,
    /// The receiver has said that it heard.
    Delivered,
    /// It was given up.
    Undelivered,
}

/// What came of a try to tell a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The receiver has heard.
    Heard,
    /// It has not, and is to be told again then.
    Again {
        /// When.
        at: Moment,
        /// What was wrong.
        why: Box<str>,
    },
    /// It was not tried, and is to be tried then.
    Later {
        /// When.
        at: Moment,
    },
    /// It has not heard and will not be told again.
    GivenUp {
        /// What was wrong.
        why: Box<str>,
    },
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Nothing of it has been begun.
    Waiting,
    /// Something of it has been begun, or is done.
    Running,
    /// Every row succeeded.
    Succeeded,
    /// It is over, and some rows failed.
    Failed,
    /// It was cancelled; some rows may still end.
    Cancelled,
}

/// Rows by their state. A row is one URL on one edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// Not begun, or to be tried again.
    pub waiting: u64,
    /// In somebody's hands.
    pub processing: u64,
    /// Done.
    pub succeeded: u64,
    /// Given up.
    pub failed: u64,
    /// Not done, because the job was cancelled.
    pub cancelled: u64,
}

/// The rows of a job on one of its edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceTally {
    /// Which edge.
    pub edge: EdgeName,
    /// Its tier.
    pub tier: u8,
    /// Its rows, by state.
    pub rows: Tally,
}

/// What waits for an edge, over all jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeLoad {
    /// Which edge.
    pub edge: EdgeName,
    /// Rows that wait, by [`Lane::ALL`](crate::Lane::ALL).
    pub waiting: [u64; 2],
    /// Rows in somebody's hands, by lane.
    pub processing: [u64; 2],
    /// Purges that have to end before anything is fetched.
    pub catching_up: u64,
}

/// How one URL on one edge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowState {
    /// Not begun, or to be tried again.
    Waiting,
    /// In somebody's hands.
    Processing,
    /// Done.
    Succeeded,
    /// Given up.
    Failed,
    /// Not done, because the job was cancelled.
    Cancelled,
}

/// One URL on one edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Of which job.
    pub job: JobId,
    /// The URL.
    pub url: Box<str>,
    /// The edge.
    pub edge: EdgeName,
    /// How it stands.
    pub state: RowState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it comes next, if it waits.
    pub due: Option<Moment>,
    /// What the last try failed of, or why it was not tried.
    pub failure: Option<Failure>,
    /// What came of it, if it was tried to its end.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub ended: Option<Moment>,
}

/// Which jobs one wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In this state only.
    pub state: Option<JobState>,
    /// With exactly this label only.
    pub label: Option<Box<str>>,
    /// Whose webhook is so far only.
    pub telling: Option<Telling>,
}

/// Which rows one wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// In this state only.
    pub state: Option<RowState>,
    /// On this edge only.
    pub edge: Option<EdgeName>,
    /// That failed of this only.
    pub class: Option<FailureClass>,
}

/// A page of something, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Give this to get the next page. A page may be short, or empty, although another follows.
    pub next: Option<Cursor>,
}

/// Where a page begins. What is added or ends meanwhile moves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) RowId);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RowId { job, n, edge } = self.0;
        write!(f, "{job}-{n}-{edge}")
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of ours: begin at the first page")]
pub struct CursorError;

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        // No number of ours is longer.
        let number = |part: &str| if part.len() <= 10 { part.parse::<u64>().ok() } else { None };
        let mut parts =
            text.split('-').map(|part| number(part).and_then(|it| i64::try_from(it).ok()).ok_or(CursorError));
        match [parts.next(), parts.next(), parts.next(), parts.next()] {
            [Some(Ok(job)), Some(Ok(n)), Some(Ok(edge)), None] => Ok(Self(RowId { job, n, edge })),
            _ => Err(CursorError),
        }
    }
}

impl Tally {
    /// Rows that have not ended.
    pub const fn live(&self) -> u64 {
        self.waiting + self.processing
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.live() + self.succeeded + self.failed + self.cancelled
    }
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The word in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Telling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Undelivered];

    /// The word in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
        }
    }
}

impl RowState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Processing, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The word in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
