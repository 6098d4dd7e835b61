//! The durable part: jobs, and the rows that workers get.
//!
//! A *job* is a list of URLs, what to do with each, and the edges on which to do it. A *row* is one URL on one edge: what a worker leases, does and settles.
//! What was answered to a submitter or a worker is on the disk; what a process held when it died comes again.
//!
//! - `order`: what somebody wants, where and when;
//! - `worker`: [`Queue`], what a worker sees;
//! - `view`: what everybody else sees;
//! - `book`: the queue in a directory of this machine;
//! - `nats`: the queue of a fleet, beside it;
//! - `clock`, `id`, `error`, `home`: times, names, what can go wrong, and directories; `persist`: until it does not.

mod book;
mod clock;
mod error;
mod home;
mod id;
mod nats;
mod order;
mod persist;
mod view;
mod worker;

pub use book::{Book, BookOptions, Leases, QueueFigures, Stock, Submission, Submitted};
pub use clock::{Clock, Moment, MomentError, WallClock};
pub use error::QueueError;
pub use id::{JobId, JobIdError};
pub use nats::{Dispatcher, NatsCounts, NatsError, NatsLink, NatsLogin, NatsOptions, NatsWorker};
pub use order::{EDGES_MAX, Order, Place, Terms};
pub use view::{
    Cursor, CursorError, EdgeLoad, Job, JobFilter, JobState, Page, PlaceTally, Row, RowFilter, RowState,
    Tally, Telling, Told, Webhook,
};
pub use worker::{GivenBack, LeaseId, LeaseIdError, Leased, Queue, Settled};

use nats::SHARE_MIN;
pub(crate) use persist::persist;
pub(crate) use worker::RowId;
