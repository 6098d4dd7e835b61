//! What a job is to be, as clients write it: as JSON, or in a query.

use std::time::Duration;

use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::query::Query;
use super::routes::Api;
use crate::edge::EdgeName;
use crate::queue::{Moment, Order, Terms};
use crate::task::Action;
use crate::work::{Proof, WishError, Wishes};

/// The parameters of a job in a query.
pub(super) const NAMES: [&str; 11] =
    ["action", "edge", "priority", "label", "at", "window", "every", "webhook", "variant", "proof", "digest"];

/// A job to be done. In a stream of lines it is the first one, without its URLs.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JobRequest {
    /// What to do with each URL.
    #[schema(inline)]
    pub(super) action: Action,
    /// Absolute http or https URLs with their public host. Those that are none are listed in the answer, and the rest is done.
    #[serde(default)]
    #[schema(max_items = 100_000, example = json!(["http://www.example.com/a", "http://www.example.com/b"]))]
    pub(super) urls: Vec<String>,
    /// Names of edges; all that the agent tends, if there are none. Parents go before their children.
    #[serde(default)]
    #[schema(max_items = 10_000)]
    edges: Vec<String>,
    /// 9 goes first, 0 last; 5 if nothing is said.
    #[serde(default)]
    #[schema(maximum = 9)]
    priority: Option<u8>,
    /// What a person calls it.
    #[serde(default)]
    #[schema(max_length = 200)]
    label: Option<String>,
    /// Not before this time (RFC 3339).
    #[serde(default)]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Only in this part of each day, in UTC.
    #[serde(default)]
    #[schema(
        example = "02:00-06:00",
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    window: Option<String>,
    /// Done again so long after it was due, when it is over; a minute at least.
    #[serde(default)]
    #[schema(example = "6h", pattern = "^([0-9]{1,5}[dhms]){1,4}$")]
    every: Option<String>,
    /// Whom to tell when it is over: a URL that begins as the agent's operator allows.
    #[serde(default)]
    #[schema(max_length = 2048, example = "https://ci.example.com/hooks/release")]
    webhook: Option<String>,
    /// What to warm: header fields, `Name: value`, of one request each. The agent's settings say, if nothing is said here.
    #[serde(default)]
    #[schema(max_items = 32, example = json!(["Accept-Encoding: gzip", "Accept-Encoding: identity"]))]
    variants: Option<Vec<String>>,
    /// How far outcomes are proved; else as the agent's settings say.
    #[serde(default)]
    #[schema(inline)]
    proof: Option<Proof>,
    /// Read every byte of what is warmed, and keep its SHA-256.
    #[serde(default)]
    digest: Option<bool>,
}

impl JobRequest {
    pub(super) fn of_json(text: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(text).map_err(|error| Problem::invalid(format!("the job: {error}")))
    }

    pub(super) fn of_query(query: &Query) -> Result<Self, Problem> {
        let text = |name| query.text(name).map(|text| text.map(str::to_owned));
        let action = query.value("action", "purge, warm or refresh")?;
        Ok(Self {
            action: action
                .ok_or_else(|| Problem::impossible("a list needs ?action=purge, warm or refresh"))?,
            urls: Vec::new(),
            edges: query.all("edge").map(str::to_owned).collect(),
            priority: query.value("priority", "0 to 9")?,
            label: text("label")?,
            at: text("at")?,
            window: text("window")?,
            every: text("every")?,
            webhook: text("webhook")?,
            variants: Some(query.each("variant").map(str::to_owned).collect())
                .filter(|all: &Vec<_>| !all.is_empty()),
            proof: query.word("proof", &Proof::ALL, Proof::name)?,
            digest: query.value("digest", "true or false")?,
        })
    }

    /// The order that follows.
    pub(super) fn order(&self, api: &Api, idempotency_key: Option<String>) -> Result<Order, Problem> {
        let odd = |field: &str, text: &str, what: &str| {
            Problem::invalid(format!("{field}: {text:?} is not {what}"))
        };
        let mut terms = Terms::new(self.action);
        terms.priority = self.priority.unwrap_or(terms.priority);
        if terms.priority > 9 {
            return Err(Problem::invalid("priority: it has to be 0 to 9"));
        }
        terms.label.clone_from(&self.label);
        if let Some(text) = &self.at {
            let at: Result<Moment, _> = text.parse();
            terms.at = Some(at.map_err(|_| odd("at", text, "a time such as 2030-01-31T02:00:00Z"))?);
        }
        if let Some(text) = &self.window {
            let is_empty = text.split_once('-').is_some_and(|(from, until)| from == until);
            let window = text.parse();
            terms.window = Some(window.map_err(|_| match is_empty {
                true => Problem::impossible(format!("window: {text:?} has no length")),
                false => odd("window", text, "a time of day such as 02:00-06:00, in UTC"),
            })?);
        }
        if let Some(text) = &self.every {
            let every: Result<Duration, _> = humantime::parse_duration(text);
            terms.every = Some(every.map_err(|_| odd("every", text, "a time such as 6h"))?);
        }
        terms.options = self.wishes()?.to_json().into();
        if let Some(url) = &self.webhook {
            api.options().receivers.check(url).map_err(|refused| Problem::webhook(&refused))?;
            terms.webhook = Some(url.clone());
        }
        Ok(Order { terms, edges: api.places(&self.names()?)?, idempotency_key })
    }

    /// What it has otherwise than the settings say.
    fn wishes(&self) -> Result<Wishes, Problem> {
        let wishes = Wishes { variants: self.variants.clone(), proof: self.proof, digest: self.digest };
        wishes.check().map_err(|error| match error {
            WishError::TooMany => Problem::invalid(error.to_string()),
            WishError::Variant(_) | WishError::Ours(_) => Problem::impossible(error.to_string()),
        })?;
        if self.digest == Some(true) && !self.action.warms() {
            return Err(Problem::impossible("digest: a purge reads nothing, so leave it out"));
        }
        Ok(wishes)
    }

    fn names(&self) -> Result<Vec<EdgeName>, Problem> {
        let parse =
            |name: &String| name.parse().map_err(|_| Problem::unknown_edges(std::slice::from_ref(name)));
        self.edges.iter().map(parse).collect()
    }
}
