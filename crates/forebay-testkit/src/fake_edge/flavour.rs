//! What a cache says of itself: with the words of Traffic Server as they were heard from one, or with those that many others have.

use crate::edges::ats::Via;
use crate::fake::reply::Reply;
use crate::fake::{RequestHead, Verb};

use super::shelf::{Found, Keeping};

/// Whose words an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Traffic Server's.
    Ats(Via),
    /// `X-Cache: HIT` or `MISS`, and nothing else.
    XCache,
    /// `Cache-Status` (RFC 9211).
    CacheStatus,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Hit,
    Miss {
        stored: bool,
    },
    /// It was asked for what it has, and has it not.
    NotCached,
    Purged,
    /// There was nothing to purge.
    Absent,
    /// It knows no such host.
    NoSuchHost,
}

impl Told {
    pub(super) fn of(verb: Verb, found: Found) -> Self {
        match (verb, found.kept.is_some()) {
            (Verb::Purge, true) => Self::Purged,
            (Verb::Purge, false) => Self::Absent,
            (Verb::Look, false) => Self::NotCached,
            (_, true) => Self::Hit,
            (_, false) => Self::Miss { stored: found.stores },
        }
    }
}

impl Flavour {
    /// Whether it keeps what it fetches for this request: Traffic Server for whole GETs only, the others for anything.
    pub(super) fn keeping(self, verb: Verb, head: &RequestHead) -> Keeping {
        let whole = verb != Verb::Head && head.field("range").is_none();
        if whole || !matches!(self, Self::Ats(_)) { Keeping::Yes } else { Keeping::No }
    }

    /// An answer that is not the object.
    pub(super) fn refusal(self, told: Told) -> Reply {
        let (status, reason, body) = match told {
            Told::Purged => (200, None, ""),
            Told::Absent => (404, None, ""),
            Told::NotCached => (504, Some("Not Cached"), "<h1>not in the cache</h1>\n"),
            _ => (404, Some("Not Found on Accelerator"), "<h1>no such host on this accelerator</h1>\n"),
        };
        let reply = Reply { reason, ..Reply::new(status) };
        if body.is_empty() { reply } else { reply.text("text/html", body.to_owned()) }
    }

    /// What stands in `Server`, whatever the answer is.
    pub(super) const fn server(self) -> &'static str {
        match self {
            Self::Ats(_) => "ATS/9.2.9",
            Self::XCache | Self::CacheStatus => "edge",
        }
    }

    /// Says of an answer what became of its request.
    pub(super) fn sign(self, reply: &mut Reply, told: Told) {
        match self {
            Self::Ats(Via::Off) => {}
            Self::Ats(Via::Codes) => {
                reply.set("via", format!("http/1.1 edge (ApacheTrafficServer/9.2.9 [{}])", codes(told)));
            }
            Self::XCache => reply.set("x-cache", if told == Told::Hit { "HIT" } else { "MISS" }),
            Self::CacheStatus => reply.set("cache-status", member(told)),
        }
    }
}

/// The codes between the brackets, letter by letter those of 9.2.
fn codes(told: Told) -> &'static str {
    match told {
        Told::Hit => "uScHs f p eN:t cCHp s ",
        Told::Miss { stored: true } => "uScMsSfWpSeN:t cCMp sS",
        Told::Miss { stored: false } => "uScMsSf pSeN:t cCMp sS",
        Told::NotCached => "uScMs f p eT:t cCMp s ",
        Told::Purged => "uScHs f p eN:tNcC p s ",
        Told::Absent => "uSc s f p eN:tNcCMp s ",
        Told::NoSuchHost => "uSc s f p eS:tNc  p s ",
    }
}

fn member(told: Told) -> &'static str {
    match told {
        Told::Hit => "edge; hit",
        Told::Miss { stored: true } => "edge; fwd=uri-miss; stored",
        Told::Miss { stored: false } => "edge; fwd=uri-miss",
        Told::NotCached | Told::Purged | Told::Absent | Told::NoSuchHost => "edge",
    }
}
