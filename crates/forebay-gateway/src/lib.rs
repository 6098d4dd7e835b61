//! Objects over HTTP: routes, ranges, conditionals, listings, archives.
//!
//! Decide purely, then act. Everything that reads what a client sent is a small pure function with
//! a property test, and a fuzz target where it pays:
//!
//! | question | file |
//! |---|---|
//! | which object? | [`path`], [`query`] |
//! | which bytes of it? | [`range`] |
//! | does the client have it already? | [`conditional`], [`etag`] |
//! | in which form? | [`encoding`], [`accept`], [`content_type`] |
//! | under which name, for how long? | [`disposition`], [`cache_control`] |
//! | so what is the answer? | [`respond::decide`] |

pub mod accept;
pub mod cache_control;
pub mod conditional;
pub mod content_type;
pub mod disposition;
pub mod encoding;
pub mod etag;
pub mod path;
mod quality;
pub mod query;
pub mod range;
pub mod respond;
