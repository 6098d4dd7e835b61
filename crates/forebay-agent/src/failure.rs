//! Why a piece of work did not succeed, as kinds that a caller acts on.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong: decides whether it is tried again, and what a person has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureClass {
    /// The edge's name has no address.
    Resolve,
    /// The edge takes no connection.
    Connect,
    /// TLS with the edge failed.
    Tls,
    /// The head of an answer did not come in time.
    Timeout,
    /// A body stood still.
    Stalled,
    /// The connection broke.
    Reset,
    /// The body ended before its declared length.
    Short,
    /// More came than was declared, or than may come.
    TooLong,
    /// The edge does not speak HTTP.
    Malformed,
    /// The edge asked to be left alone (429, 503 with `Retry-After`).
    Throttled,
    /// The edge, or the origin behind it, failed (5xx).
    Server,
    /// The edge has not answered anybody for a while and is left alone.
    Down,
    /// The object does not exist, or must not be had (4xx to a GET).
    Status,
    /// The edge sent us elsewhere; the other URL has to be named itself.
    Redirect,
    /// The edge may not be purged by us (403, 405).
    Refused,
    /// The edge does not serve this host.
    WrongHost,
    /// This kind of edge cannot do it, or would pass it on to the origin.
    Unsupported,
    /// After the purge the object was still there.
    StillThere,
    /// After the warm the object was not there.
    NotStored,
    /// The bytes are not those that were expected.
    Digest,
    /// A parent of the edge has failed, so the edge was not asked.
    Parent,
    /// Nothing of ours was free in time: connections, memory, descriptors.
    Busy,
    /// The request cannot be made.
    Invalid,
    /// We were told to stop before it was asked for.
    Stopped,
}

/// A failure: its class, and one line for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it is.
    pub class: FailureClass,
    /// What exactly, without secrets and without the URL.
    pub detail: Box<str>,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::Resolve,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Stalled,
        Self::Reset,
        Self::Short,
        Self::TooLong,
        Self::Malformed,
        Self::Throttled,
        Self::Server,
        Self::Down,
        Self::Status,
        Self::Redirect,
        Self::Refused,
        Self::WrongHost,
        Self::Unsupported,
        Self::StillThere,
        Self::NotStored,
        Self::Digest,
        Self::Parent,
        Self::Busy,
        Self::Invalid,
        Self::Stopped,
    ];

    /// Whether another try may succeed without anybody changing anything.
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Resolve
                | Self::Connect
                | Self::Timeout
                | Self::Stalled
                | Self::Reset
                | Self::Short
                | Self::Throttled
                | Self::Server
                | Self::Down
                | Self::StillThere
                | Self::NotStored
                | Self::Busy
        )
    }

    /// The word in tables, answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::Reset => "reset",
            Self::Short => "short",
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::Throttled => "throttled",
            Self::Server => "server",
            Self::Down => "down",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Refused => "refused",
            Self::WrongHost => "wrong-host",
            Self::Unsupported => "unsupported",
            Self::StillThere => "still-there",
            Self::NotStored => "not-stored",
            Self::Digest => "digest",
            Self::Parent => "parent",
            Self::Busy => "busy",
            Self::Invalid => "invalid",
            Self::Stopped => "stopped",
        }
    }

    /// The class of a word.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl Failure {
    /// A failure and one line about it.
    pub fn new(class: FailureClass, detail: impl Into<Box<str>>) -> Self {
        Self { class, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.name(), self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_same_everywhere() {
        for class in FailureClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
            assert_eq!(FailureClass::of_name(class.name()), Some(class));
        }
    }
}
