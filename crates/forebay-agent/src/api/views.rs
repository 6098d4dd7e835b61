//! What is shown of jobs, rows and edges. The description of the interface is made from these types, so that it cannot say anything else.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::queue::{Job, Moment, PlaceTally, Row, Tally, Webhook};

/// What is done with a URL.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is the description of a word that the crate's own type writes")]
pub(super) enum ActionWord {
    Purge,
    Warm,
    Refresh,
}

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
    id: String,
    #[schema(value_type = ActionWord)]
    action: &'static str,
    /// `waiting`, `running`, `succeeded`, `failed` or `cancelled`.
    state: &'static str,
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
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

/// What became of telling a webhook that a job is over.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookView {
    /// Who is told; what its query says is known to its submitter.
    url: String,
    /// `pending`, `delivered` or `undelivered`.
    state: &'static str,
    /// How often it was tried since the job ended.
    tries: u32,
    /// When it is tried, or tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// When the receiver said that it had heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<String>,
    /// What was wrong with the last try that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// What became of a submission.
#[derive(Serialize, ToSchema)]
pub(super) struct SubmittedView {
    /// The job's name.
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
    /// `waiting`, `processing`, `succeeded`, `failed` or `cancelled`.
    pub(super) state: &'static str,
    pub(super) attempts: u32,
    /// When it comes next, if it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<String>,
    /// What came of it: `removed`, `absent`, `purged`, `warmed`, `present`, `refreshed` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<&'static str>,
    /// The class of its last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<&'static str>,
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
    /// What the edge held before: `hit`, `stale`, `miss` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<&'static str>,
    /// What it holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
}

/// An edge as it is tended.
#[derive(Serialize, ToSchema)]
pub(super) struct EdgeView {
    pub(super) name: String,
    /// What it is, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    /// `here`, or `away` if it answers nobody.
    pub(super) presence: &'static str,
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
            action: terms.action.name(),
            state: job.state.name(),
            rows: job.rows,
            urls: job.urls,
            duplicates: job.duplicates,
            priority: terms.priority,
            label: terms.label,
            at: terms.at.map(text),
            window: terms.window.map(|window| {
                let (from, until) = window.minutes();
                format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
            }),
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
            state: state.name(),
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
            state: row.state.name(),
            attempts: row.attempts,
            due: row.due.map(text),
            outcome: outcome.map(|outcome| outcome.verdict.name()),
            class: row.failure.as_ref().map(|failure| failure.class.name()),
            message: row
                .failure
                .as_ref()
                .map(|failure| failure.detail.to_string())
                .filter(|it| !it.is_empty()),
            status: outcome.and_then(|outcome| outcome.status),
            bytes: outcome.map_or(0, |outcome| outcome.bytes),
            ttfb_ms: outcome.and_then(|outcome| outcome.ttfb).map(ms),
            took_ms: outcome.map(|outcome| ms(outcome.took)),
            before: outcome.map(|outcome| outcome.before.name()),
            after: outcome.map(|outcome| outcome.after.name()),
            ended: row.ended.map(text),
        }
    }
}

fn text(moment: Moment) -> String {
    moment.to_string()
}
