//! Moving objects well.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine` | what all transfers of a process share |
//! | `get` | from a place to here: to a file, to memory, in order |
//! | `put` | from here, or from another place, to a bucket |
//! | `slots`, `adapt` | how many requests at once, and whose turn it is |
//! | [`listing`] | many objects: their names in order, patterns, and two sides compared |
//! | `parts` | into how many pieces, and where |
//! | `journal` | which pieces are where they belong, in a file that survives a kill |
//! | `verify` | digests, and how far the bytes are proven |
//! | `progress` | counters for whoever watches |
//! | `leaving` | what dropped transfers still have to say |
//! | `error` | what can go wrong, and what is left behind |

pub mod adapt;
mod blocking;
mod engine;
mod error;
mod get;
pub mod journal;
mod leaving;
pub mod listing;
pub mod parts;
mod progress;
mod put;
mod slots;
pub mod verify;
mod watched;

pub use engine::{Concurrency, Engine, EngineOptions, Source};
pub use error::{Left, TransferError, TransferErrorKind};
pub use get::{
    Durability, Existing, Fetched, GetOptions, Got, MemoryOptions, Modified, Ordered, OrderedOptions,
    PageCache, Parents, Space,
};
pub use progress::{Progress, Seen};
pub use put::{Destination, OnFailure, Put, PutOptions};
