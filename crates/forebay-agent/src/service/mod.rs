//! The agent at work: what waits in a queue is done on its edges, and what came of it goes back.
//!
//! ```text
//! queue ──► lease ──► rows ahead ──► workers ──► clerk ──► settle, give back ──► queue
//!             │  one of these for each edge          one for all: what ends together is committed together
//!             └── presence: an edge that answers nobody is asked by one row at a time
//! ```
//!
//! Every edge is tended alone, so one that is slow or dead delays no other. What is leased is in one list until the queue has taken its end;
//! whatever is on it when the process is asked to stop goes back untried.
//!
//! - [`Service`], [`ServiceOptions`]: all of it, from beginning to end;
//! - `tending`: the rows of an edge; `presence`: whether it is there;
//! - `ending`: from an outcome to what the queue is told; `clerk`: telling it; `leases`: holding them;
//! - [`EdgeFigures`]: what was done, as numbers.

mod clerk;
mod ending;
mod figures;
mod leases;
mod presence;
mod run;
mod tending;

pub use ending::Patience;
pub use figures::{Came, Done, EdgeFigures};
pub use presence::Presence;
pub use run::{EdgeView, Service, ServiceOptions};
