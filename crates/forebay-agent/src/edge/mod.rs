//! Who an edge is, and what its answers mean.
//!
//! What a cache means by an answer is decided by pure functions over its head; they are the profiles. Each is held against the real
//! server by the tests.
//!
//! - `name`, [`EdgeSpec`]: which edge, where, and how it wants to be asked; [`Described`]: all of it in a line;
//! - [`EdgeKind`], [`Probe`], [`Variants`]: what kinds there are, and what each can be asked;
//! - `answer`, `held`, `purge`, `fetch`, `detect`: from an answer to its meaning.

mod answer;
mod described;
mod detect;
mod fetch;
mod held;
mod kind;
mod name;
mod purge;
mod spec;

pub use answer::Answer;
pub use described::{Described, DescriptionError, Usual, tiers};
pub(crate) use detect::detect;
pub(crate) use fetch::fetched;
pub(crate) use held::held;
pub use kind::{EdgeKind, Probe, UnknownKind, Variants};
pub use name::{EdgeName, EdgeNameError};
pub use purge::Purged;
pub(crate) use purge::{purged, trouble};
pub use spec::{EdgeSpec, EdgeSpecError, RequestOverrides, TlsName};
