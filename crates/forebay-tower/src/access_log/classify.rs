//! How serious a request was, and whether it is worth a record.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::body::End;

/// The level of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For those who look closely.
    Debug,
    /// As it should be.
    Info,
    /// The client's fault, or nearly a failure.
    Warn,
    /// A failure of ours.
    Error,
}

impl Level {
    /// The name used in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// What is written about an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// The record with both captures.
    Everything,
    /// The record, but the response's capture is left out.
    WithoutResponse,
    /// The record without captures.
    WithoutBodies,
    /// No record.
    Nothing,
}

/// What a classifier decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// How serious it was.
    pub level: Level,
    /// What is written.
    pub keep: Keep,
}

/// An exchange that has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's target as it will be logged: escaped, redacted and cut.
    pub target: &'a str,
    /// The status; `None` if there was no response head.
    pub status: Option<StatusCode>,
    /// How the response body ended.
    pub outcome: End,
    /// What failed, if something did.
    pub error: Option<&'a str>,
    /// The captured prefix of the request body, as it came. Not redacted: do not log it.
    pub request: &'a [u8],
    /// The captured prefix of the response body, as it went. Not redacted: do not log it.
    pub response: &'a [u8],
    /// From the request's head to the end of the response.
    pub latency: Duration,
}

/// Decides how serious an exchange was. A service's own knows more than the status: its JSON bodies may
/// carry a code of their own.
pub trait Classifier: Send + Sync + 'static {
    /// Called once, when the exchange has ended. Must not block.
    fn classify(&self, exchange: &Exchange<'_>) -> Verdict;
}

impl<F> Classifier for F
where
    F: Fn(&Exchange<'_>) -> Verdict + Send + Sync + 'static,
{
    fn classify(&self, exchange: &Exchange<'_>) -> Verdict {
        self(exchange)
    }
}

/// The default: ERROR for 5xx and for what failed, WARN for 4xx, INFO for the rest; everything is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByStatus;

impl Classifier for ByStatus {
    fn classify(&self, exchange: &Exchange<'_>) -> Verdict {
        let failed = exchange.outcome == End::Failed;
        let level = match exchange.status {
            _ if failed => Level::Error,
            Some(status) if status.is_server_error() => Level::Error,
            Some(status) if status.is_client_error() => Level::Warn,
            Some(_) | None => Level::Info,
        };
        Verdict { level, keep: Keep::Everything }
    }
}
