//! What somebody wants done, before there is a list of URLs to it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::{Moment, QueueError};
use crate::edge::EdgeName;
use crate::task::Action;
use crate::window::Window;

/// Edges of one job at most.
pub const EDGES_MAX: usize = 10_000;
/// Bytes of options, and letters of a label, of an idempotency key and of a webhook's URL, at most.
const OPTIONS_LEN_MAX: usize = 16 << 10;
const LABEL_LEN_MAX: usize = 200;
const KEY_LEN_MAX: usize = 200;
const WEBHOOK_LEN_MAX: usize = 2 << 10;
/// A job comes back no more often than this.
const EVERY_MIN: Duration = Duration::from_secs(60);

/// What is to be done, where and when. Its URLs come after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// What and when.
    pub terms: Terms,
    /// Where, and who goes before whom.
    pub edges: Vec<Place>,
    /// The submitter's own name for this request: sent twice, it is done once.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// What a job is to do with each of its URLs on each of its edges, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// What to do.
    pub action: Action,
    /// 9 goes first, 0 last.
    pub priority: u8,
    /// What the worker has to know besides; JSON that the queue does not read.
    #[serde(serialize_with = "text")]
    pub options: Arc<str>,
    /// What a person calls it.
    pub label: Option<String>,
    /// Not before.
    pub at: Option<Moment>,
    /// Only in this part of the day.
    pub window: Option<Window>,
    /// When it is over it is done again, with the same URLs, so long after it was due.
    pub every: Option<Duration>,
    /// Who wants to hear when it is over.
    pub webhook: Option<String>,
}

/// An edge of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which.
    pub edge: EdgeName,
    /// A URL is done here when it has succeeded on all edges of lower tiers.
    pub tier: u8,
}

impl Terms {
    /// Now, and with nothing special about it.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            priority: 5,
            options: "{}".into(),
            label: None,
            at: None,
            window: None,
            every: None,
            webhook: None,
        }
    }

    /// When something of it may be done at the earliest.
    pub(crate) fn due(&self, now: Moment) -> Moment {
        let at = self.at.unwrap_or(now).max(now);
        self.window.map_or(at, |window| window.opens(at))
    }

    /// Whether others wait for it. What is to be done some day, or at some hour, is in nobody's way until then.
    pub(crate) fn is_pressing(&self, now: Moment) -> bool {
        self.window.is_none() && self.at.is_none_or(|at| at <= now)
    }
}

impl Order {
    /// This for these edges.
    pub fn new(terms: Terms, edges: impl IntoIterator<Item = EdgeName>) -> Self {
        let edges = edges.into_iter().map(|edge| Place { edge, tier: 0 }).collect();
        Self { terms, edges, idempotency_key: None }
    }

    /// Whether it can be taken.
    pub(crate) fn check(&self) -> Result<(), QueueError> {
        let long = |text: &Option<String>, most: usize| {
            text.as_ref().is_some_and(|text| text.chars().count() > most)
        };
        let mut names: Vec<_> = self.edges.iter().map(|place| &place.edge).collect();
        names.sort_unstable();
        let Terms { priority, options, label, every, webhook, .. } = &self.terms;
        let wrong = if *priority > 9 {
            "a priority is 0 to 9"
        } else if self.edges.is_empty() {
            "a job needs an edge"
        } else if self.edges.len() > EDGES_MAX {
            "a job has 10000 edges at most"
        } else if names.windows(2).any(|pair| pair[0] == pair[1]) {
            "an edge is named twice"
        } else if options.len() > OPTIONS_LEN_MAX {
            "the options have more than 16 KiB"
        } else if long(label, LABEL_LEN_MAX) {
            "the label has more than 200 letters"
        } else if long(webhook, WEBHOOK_LEN_MAX) {
            "the webhook's URL has more than 2 KiB"
        } else if long(&self.idempotency_key, KEY_LEN_MAX) {
            "the idempotency key has more than 200 letters"
        } else if every.is_some_and(|every| every < EVERY_MIN) {
            "a job comes back every minute at most"
        } else {
            return Ok(());
        };
        Err(QueueError::Invalid(wrong))
    }

    /// Whether some edges go before others.
    pub(crate) fn is_tiered(&self) -> bool {
        self.edges.iter().any(|place| place.tier != self.edges[0].tier)
    }

    /// The beginning of the request's fingerprint; its URLs follow.
    pub(crate) fn fingerprint(&self) -> Sha256 {
        let mut hash = Sha256::new();
        // Every field but the key itself. Text that JSON cannot say does not occur in it.
        hash.update(serde_json::to_vec(self).unwrap_or_default());
        hash
    }
}

fn text<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}
