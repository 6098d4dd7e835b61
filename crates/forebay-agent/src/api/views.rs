//! What is shown of jobs, rows and edges. The description of the interface is made from these types, so that it cannot say anything else.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::EdgeKind;
use crate::failure::FailureClass;
use crate::outcome::Held;
use crate::queue::{Job, JobState, Moment, PlaceTally, Row, RowState, Tally, Telling, Webhook};
use crate::task::Action;

/// A page, and where the next one begins.
#[derive(Serialize, ToSchema)]
pub(super) struct PageView<T> {
    /// What there is. A page may be short, or empty, although another follows.
    pub(super) items: Vec<T>,
    /// Give this as `cursor` to get the next page; nothing after the last one.
    pub(super) next: Option<String>,
}

/// A job as it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct JobView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(inline)]
    action: Action,
    #[schema(inline)]
    state: JobState,
    /// Its rows by state.
    rows: Tally,
    /// URLs in its list.
    urls: u64,
    /// URLs that were submitted once more, and left out.
    duplicates: u64,
    priority: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<String>,
    /// What becomes of telling somebody that it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookView>,
    /// The first run, if this one is a repetition.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended: Option<String>,
}

/// What became of telling a webhook that a job is over.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookView {
    /// Who is told; what its query says is known to its submitter.
    url: String,
    #[schema(inline)]
    state: Telling,
    /// How often it was tried since the job ended.
    tries: u32,
    /// When it is tried, or tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next: Option<String>,
    /// When the receiver said that it had heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    delivered: Option<String>,
    /// What was wrong with the last try that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// What became of a submission.
#[derive(Serialize, ToSchema)]
pub(super) struct SubmittedView {
    /// The job's name.
    #[schema(format = "uuid")]
    pub(super) id: String,
    /// Whether it was there already, under the same idempotency key.
    pub(super) known: bool,
    /// URLs in its list.
    pub(super) urls: u64,
    /// URLs that came once more, and were left out.
    pub(super) duplicates: u64,
    /// How many lines were no URLs.
    pub(super) rejected_count: u64,
    /// The first thousand of these.
    pub(super) rejected: Vec<BadUrl>,
}

/// A line that is no URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BadUrl {
    /// Which line of the body, or which URL of the list, from 1.
    pub(super) line: u64,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// How many rows were put back.
#[derive(Serialize, ToSchema)]
pub(super) struct RetriedView {
    pub(super) retried: u64,
}

/// A job's rows on one of its edges.
#[derive(Serialize, ToSchema)]
pub(super) struct PlaceView {
    edge: String,
    /// It is done when all lower tiers are.
    tier: u8,
    rows: Tally,
}

/// One URL on one edge. Times are in milliseconds.
#[derive(Serialize, ToSchema)]
pub(super) struct RowView {
    pub(super) job: String,
    pub(super) url: String,
    pub(super) edge: String,
    #[schema(inline)]
    pub(super) state: RowState,
    /// `away`, if it waits for an edge that answers nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence: Option<&'static str>,
    pub(super) attempts: u32,
    /// When it comes next, if it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(super) due: Option<String>,
    /// What came of it: `removed`, `absent`, `purged`, `warmed`, `present`, `refreshed` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<&'static str>,
    /// The class of its last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub(super) class: Option<FailureClass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// The status of the answer that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttfb_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) took_ms: Option<f64>,
    /// What the edge held before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub(super) before: Option<Held>,
    /// What it holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub(super) after: Option<Held>,
    /// The digest of its bytes, if the job wanted them read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub(super) digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(super) ended: Option<String>,
}

/// An edge as it is tended.
#[derive(Serialize, ToSchema)]
pub(super) struct EdgeView {
    pub(super) name: String,
    /// What it is, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub(super) kind: Option<EdgeKind>,
    /// `here`, or `away` if it answers nobody; `elsewhere` if others of the fleet work on it.
    pub(super) presence: &'static str,
    /// `here`, or `away` while the NATS of the fleet cannot be reached: nothing is handed out then, and nothing is lost.
    pub(super) queue: &'static str,
    /// For how long it has been away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) away_seconds: Option<f64>,
    /// Short requests: purges and proofs.
    pub(super) control: LaneView,
    /// Objects.
    pub(super) bulk: LaneView,
    /// Bytes that have been asked for and have not come.
    pub(super) bytes_in_flight: u64,
    /// Bytes of bodies that have come since the start.
    pub(super) bytes: u64,
    /// Requests since the start.
    pub(super) requests: u64,
    /// Requests that were sent again.
    pub(super) retries: u64,
    /// Purges that have to end before anything is fetched, because it was away.
    pub(super) catching_up: u64,
}

/// One of an edge's two doors.
#[derive(Serialize, ToSchema)]
pub(super) struct LaneView {
    /// Requests that may be under way now; learnt from how soon it answers.
    pub(super) limit: u32,
    /// Requests under way.
    pub(super) in_use: u32,
    /// Rows that wait.
    pub(super) waiting: u64,
    /// Rows that are leased.
    pub(super) processing: u64,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let terms = job.terms;
        let webhook = terms.webhook.zip(job.webhook).map(|(url, webhook)| WebhookView::of(&url, webhook));
        Self {
            id: job.id.to_string(),
            action: terms.action,
            state: job.state,
            rows: job.rows,
            urls: job.urls,
            duplicates: job.duplicates,
            priority: terms.priority,
            label: terms.label,
            at: terms.at.map(text),
            window: terms.window.map(|window| window.to_string()),
            every: terms.every.map(|every| humantime::format_duration(every).to_string()),
            webhook,
            origin: job.origin.map(|id| id.to_string()),
            created: text(job.created),
            ended: job.ended.map(text),
        }
    }
}

impl WebhookView {
    /// What is secret in such a URL is often its query.
    fn of(url: &str, Webhook { state, tries, next, told, trouble }: Webhook) -> Self {
        Self {
            url: url.split_once('?').map_or_else(|| url.to_owned(), |(before, _)| format!("{before}?…")),
            state,
            tries,
            next: next.map(text),
            delivered: told.map(text),
            trouble: trouble.map(Into::into),
        }
    }
}

impl From<PlaceTally> for PlaceView {
    fn from(place: PlaceTally) -> Self {
        Self { edge: place.edge.to_string(), tier: place.tier, rows: place.rows }
    }
}

impl From<Row> for RowView {
    fn from(row: Row) -> Self {
        let outcome = row.outcome.as_ref();
        let ms = |span: Duration| span.as_secs_f64() * 1e3;
        Self {
            job: row.job.to_string(),
            url: row.url.into(),
            edge: row.edge.to_string(),
            state: row.state,
            presence: None,
            attempts: row.attempts,
            due: row.due.map(text),
            outcome: outcome.map(|outcome| outcome.verdict.name()),
            class: row.failure.as_ref().map(|failure| failure.class),
            message: row
                .failure
                .as_ref()
                .map(|failure| failure.detail.to_string())
                .filter(|it| !it.is_empty()),
            status: outcome.and_then(|outcome| outcome.status),
            bytes: outcome.map_or(0, |outcome| outcome.bytes),
            ttfb_ms: outcome.and_then(|outcome| outcome.ttfb).map(ms),
            took_ms: outcome.map(|outcome| ms(outcome.took)),
            before: outcome.map(|outcome| outcome.before),
            after: outcome.map(|outcome| outcome.after),
            digest: outcome.and_then(|outcome| outcome.digest).map(|digest| digest.to_string()),
            ended: row.ended.map(text),
        }
    }
}

fn text(moment: Moment) -> String {
    moment.to_string()
}
