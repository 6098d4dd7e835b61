//! Objects over HTTP: routes, ranges, conditionals, listings, archives.
//!
//! Decide purely, then act. Everything that reads what a client sent is a small pure function with a
//! property test, and a fuzz target where it pays:
//!
//! | question | file |
//! |---|---|
//! | which object? | [`path`], [`query`] |
//! | which bytes of it? | [`range`] |
//! | does the client have it already? | [`conditional`], [`etag`] |
//! | in which form? | [`encoding`], [`accept`], [`content_type`] |
//! | under which name, for how long? | [`disposition`], [`cache_control`] |
//! | so what is the answer? | [`respond::decide`] |
//!
//! What acts stands on them:
//!
//! | file | what it does |
//! |---|---|
//! | [`gateway`], [`options`] | the service, and what an operator can choose |
//! | `routes` | which request goes where, on one page |
//! | `target`, `visitor` | what a path names; who asks, and whether he may |
//! | `ahead` | what a store is asked for first |
//! | [`respond`], `compress` | objects: representation, head, body |
//! | [`upload`] | what changes a store: PUT, DELETE, MKCOL, MOVE |
//! | `list`, [`archive`] | directories: a page of one, or all below as one file |
//! | [`body`], `error` | what goes out; every failure and its status |
//! | [`stack`](mod@stack) | the order of the layers, on one page |
//! | [`metrics`], `upstream_metrics` | what is counted |

pub mod accept;
mod ahead;
pub mod archive;
pub mod body;
pub mod cache_control;
mod compress;
pub mod conditional;
pub mod content_type;
pub mod disposition;
pub mod encoding;
mod error;
pub mod etag;
pub mod gateway;
mod list;
pub mod metrics;
pub mod options;
pub mod path;
mod quality;
pub mod query;
pub mod range;
pub mod respond;
mod routes;
pub mod stack;
mod target;
pub mod upload;
mod upstream_metrics;
mod visitor;

pub use body::Body;
pub use gateway::{Gateway, OptionsError};
pub use metrics::Metrics;
pub use options::GatewayOptions;
pub use stack::{Stack, StackOptions, stack};
pub use upload::Uploads;
pub use upstream_metrics::UpstreamMetrics;
