//! Who an edge is, and what its answers mean.
//!
//! - `name`: how results and queues call it.

mod name;

pub use name::{EdgeName, EdgeNameError};
