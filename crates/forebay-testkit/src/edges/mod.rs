//! Caches that others wrote and people run, in front of an origin of the test: what an edge agent says about an edge is only worth what
//! these say to it.
//!
//! Each listens on a free port of the loopback, keeps everything beneath a directory of the test, and is ended by its process id,
//! its workers with it. Those that do not run as root run as `nobody` where the test is root.
//!
//! | file | what it is |
//! |---|---|
//! | [`ats`] | Apache Traffic Server |
//! | [`varnish`] | Varnish, with the VCL that the project ships and with its built-in one |
//! | [`nginx`] | nginx as a cache, with and without the purge module |
//! | [`squid`] | Squid, as a reverse and as a forward proxy |
//! | `ground` | the directory of a server that is not root |

pub mod ats;
mod ground;
pub mod nginx;
pub mod squid;
pub mod varnish;

/// The host that every edge serves unless it is told otherwise.
pub const HOST: &str = "www.example.test";

/// Whether an edge lets this machine purge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purging {
    /// It does.
    #[default]
    Allowed,
    /// It refuses, each in its own words.
    Refused,
}
