//! Every profile held against the cache that it describes: what is asked, what is believed, and what the origin hears of it.
//!
//! One table a server. A row is an action on a path, then what the outcome says (the verdict, or the class of the failure; what the edge had
//! before; what it has after), and then the requests that reached the origin meanwhile.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod ats;
mod facts;
mod lies;
mod nginx;
mod rig;
mod squid;
mod variants;
mod varnish;
