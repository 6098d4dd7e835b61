//! What kinds of caches there are, and what may be asked of each.
//!
//! The same request means different things to different caches. `PURGE` is a purge to some; plain nginx passes it on to the origin, where
//! anything may happen. `only-if-cached` (RFC 9111 §5.2.1.7) is an answer without the origin at some, and ignored by others. All of that
//! is here, as values, and nowhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeKind {
    /// Apache Traffic Server.
    Ats,
    /// Varnish. Whether its VCL has `PURGE` cannot be seen; what it does not know it pipes to the origin.
    Varnish,
    /// Varnish with `contrib/varnish/forebay.vcl`, which counts what it purges and has `only-if-cached`.
    VarnishForebay,
    /// nginx without a purge module: it can be warmed, not purged.
    Nginx,
    /// nginx with `ngx_cache_purge`, whose location takes `PURGE`.
    NginxPurge,
    /// Squid.
    Squid,
    /// forebay.
    Forebay,
    /// Another one, of which somebody says that it takes the purge method and does not pass it on.
    Generic,
}

/// How an edge is asked whether it holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `HEAD` with `only-if-cached`: the cache answers by itself, 504 if it has nothing.
    OnlyIfCached,
    /// The same with `GET` of the first byte, for caches that keep answers to `HEAD` too, and have one where they have no object.
    ByteIfCached,
    /// `HEAD`: read from the cache if it is there; if not, the origin is asked.
    Head,
    /// `GET` of the first byte: as [`Head`](Self::Head), for caches whose `HEAD` tells less.
    FirstByte,
}

/// What a purge takes of an object that has variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variants {
    /// All of them.
    Together,
    /// The one that its header fields choose.
    Apart,
    /// The one that its header fields choose, and with it the sign by which the others are found. They cannot be purged any more, and they
    /// are served again as soon as any of them is fetched. A purge without the right fields says that there was nothing.
    Hidden,
}

/// A word that is no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a kind of edge: say ats, varnish, varnish-forebay, nginx, nginx-purge, squid, forebay, generic or auto"
)]
pub struct UnknownKind;

impl EdgeKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ats,
        Self::Varnish,
        Self::VarnishForebay,
        Self::Nginx,
        Self::NginxPurge,
        Self::Squid,
        Self::Forebay,
        Self::Generic,
    ];

    /// The word in settings, tables and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ats => "ats",
            Self::Varnish => "varnish",
            Self::VarnishForebay => "varnish-forebay",
            Self::Nginx => "nginx",
            Self::NginxPurge => "nginx-purge",
            Self::Squid => "squid",
            Self::Forebay => "forebay",
            Self::Generic => "generic",
        }
    }

    /// Why it cannot be purged, if it cannot.
    pub const fn purge_refused(self) -> Option<&'static str> {
        match self {
            Self::Nginx => Some(
                "nginx without a purge module passes PURGE on to the origin; with ngx_cache_purge say --edge-kind nginx-purge",
            ),
            _ => None,
        }
    }

    /// Why it is not purged as long as it was only found to be of this kind, and nobody has said so.
    pub const fn purge_unsaid(self) -> Option<&'static str> {
        match self {
            Self::Varnish => Some(
                "a Varnish passes PURGE on to the origin unless its VCL has one: include contrib/varnish/forebay.vcl, or if yours has one say --edge-kind varnish",
            ),
            _ => None,
        }
    }

    /// How to find out what it holds.
    pub const fn probe(self) -> Probe {
        match self {
            Self::Ats | Self::VarnishForebay | Self::Forebay => Probe::OnlyIfCached,
            Self::Squid => Probe::ByteIfCached,
            Self::Nginx | Self::NginxPurge | Self::Generic => Probe::Head,
            Self::Varnish => Probe::FirstByte,
        }
    }

    /// What a purge takes of an object that has variants (`Vary`).
    pub const fn variants(self) -> Variants {
        match self {
            Self::Ats | Self::Varnish | Self::VarnishForebay | Self::Nginx | Self::Forebay => {
                Variants::Together
            }
            Self::Generic => Variants::Apart,
            Self::NginxPurge | Self::Squid => Variants::Hidden,
        }
    }

    /// Whether a client that leaves in the middle makes it fetch the rest from the origin at full speed, so that a warm that is held back
    /// must not be given up half-way.
    pub const fn races_when_left(self) -> bool {
        matches!(self, Self::Ats)
    }
}

impl Probe {
    /// Whether the origin never hears of it.
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::OnlyIfCached | Self::ByteIfCached)
    }
}

impl fmt::Display for EdgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EdgeKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == word).ok_or(UnknownKind)
    }
}
