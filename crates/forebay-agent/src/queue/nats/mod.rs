//! The queue of a fleet: NATS between a book and workers elsewhere.
//!
//! ```text
//! Book ──lease──► Dispatcher ──► forebay.work.EDGE.LANE.BOOK.LEASE ──► NatsWorker ──► whoever works
//!   ▲                                                                      │
//!   └──settle── collector ◄── forebay.done.BOOK ◄──────── done-ledger ◄────┘ settle
//! ```
//!
//! The [`Book`](super::Book) that took a job in stays what is true; NATS carries. It may lose what it has acknowledged (it syncs its disk every two
//! minutes, and a 2.9 server cannot be told otherwise), so whatever has not been heard of for a while is asked after, by sending
//! it again: a message has a subject of its own, and the server refuses a second one while it has the first. So asking costs a refusal, and
//! what was lost is there again. It may deliver what it has delivered, so a worker writes down what it has done before it says so, and
//! answers from there.
//!
//! What is coalesced, and what is put first, is decided by the book before it is sent: a few messages for each edge are under way at a time.
//! What is in memory is those messages' worth, a batch at a time, and none of it grows with what waits.
//!
//! - [`NatsLink`], `dial`: a server, and whether it can be used; `names`, `wire`: subjects and messages; `publish`, `pull`: handing them over, and getting them;
//! - [`Dispatcher`], `collect`: the book's side;
//! - [`NatsWorker`], `feed`, `held`, `ledger`: the worker's side.

mod collect;
mod counts;
mod dial;
mod dispatch;
mod error;
mod feed;
mod held;
mod ledger;
mod link;
mod names;
mod options;
mod publish;
mod pull;
mod task;
mod wire;
mod worker;

pub use counts::NatsCounts;
pub use dispatch::Dispatcher;
pub use error::NatsError;
pub use link::NatsLink;
pub(in crate::queue) use options::SHARE_MIN;
pub use options::{NatsLogin, NatsOptions};
pub use worker::NatsWorker;
