//! What is said of a job that is over.

use serde::Serialize;
use utoipa::ToSchema;

use crate::queue::{Job, JobState, Tally};
use crate::task::Action;

/// The body of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// What happened.
    #[serde(rename = "type")]
    #[schema(pattern = "^job\\.ended$")]
    kind: &'static str,
    /// When (RFC 3339); not when it is told.
    #[schema(format = DateTime)]
    timestamp: String,
    /// The job.
    data: Ended,
}

/// A job that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ended {
    /// Its name: more of it is to be had from the agent under this name.
    #[schema(format = "uuid")]
    id: String,
    #[schema(inline)]
    action: Action,
    /// `succeeded`, `failed` or `cancelled`.
    #[schema(inline)]
    state: JobState,
    /// What its submitter called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// URLs in its list.
    urls: u64,
    /// Its rows by state. A row is one URL on one edge.
    rows: Tally,
    /// The first run, if this one is a repetition.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// When it was submitted.
    #[schema(format = DateTime)]
    created: String,
    /// When its last row ended.
    #[schema(format = DateTime)]
    ended: String,
}

impl Message {
    pub(super) fn of(job: &Job) -> Self {
        let ended = job.ended.unwrap_or(job.created).to_string();
        Self {
            kind: "job.ended",
            timestamp: ended.clone(),
            data: Ended {
                id: job.id.to_string(),
                action: job.terms.action,
                state: job.state,
                label: job.terms.label.clone(),
                urls: job.urls,
                rows: job.rows,
                origin: job.origin.map(|id| id.to_string()),
                created: job.created.to_string(),
                ended,
            },
        }
    }
}
