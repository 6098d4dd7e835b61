//! The agent's HTTP interface: jobs are submitted, looked at and changed here.
//!
//! Everything is bounded before it is begun: how many bodies are read at once and how long each may be, how long a line is, how long a page.
//! A list of URLs is never held: it goes line by line into the queue, and an answer of a million rows comes page by page out of it.
//!
//! - [`router`]: every address; `auth`: who may ask; `problem`: what can be wrong, and its status;
//! - `submit`, `terms`, `list`: taking jobs in; `lines`: a body as lines;
//! - `jobs`, `rows`, `export`, `edges`: looking at them; `views`: what is shown, and how it is described;
//! - `figures`: how often what was asked for;
//! - `openapi`: the description of all of it.

mod auth;
mod edges;
mod export;
mod figures;
mod jobs;
mod lines;
mod list;
mod openapi;
mod problem;
mod query;
mod routes;
mod rows;
mod submit;
mod terms;
mod views;

pub use auth::{Token, Tokens};
pub use figures::{ApiFigures, Asked};
pub use openapi::document;
pub use routes::{Api, ApiOptions, router};
