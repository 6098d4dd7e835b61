//! From here, or from another place, to a bucket.
//!
//! | file | what it holds |
//! |---|---|
//! | `options` | how an upload is to be done, and what became of it |
//! | `object` | an upload of known length, on one page |
//! | `bytes` | where its bytes come from, as often as it takes |
//! | `begun` | an upload that a store keeps for us, and has to forget if nothing comes of it |
//! | `earlier` | what an earlier run of an upload has left |
//! | `parts` | all parts, the journal of them, and what is left if they do not all arrive |
//! | `filling`, `sizes` | a part that is held until the store has it, and how long each is |
//! | `sending` | such parts of one upload on their way |
//! | `sink` | an upload that is pushed into |
//! | `pipe` | an upload of unknown length that is read |
//! | `copy` | within one place, without the bytes passing here |
//! | `again` | requests that are asked for again |
//! | `settle` | what an answer proves, and what to make of one that was not heard |

pub(crate) mod again;
pub(crate) mod begun;
mod bytes;
mod copy;
mod earlier;
pub(crate) mod filling;
mod object;
mod options;
mod parts;
mod pipe;
pub(crate) mod sending;
pub(crate) mod settle;
pub(crate) mod sink;
pub(crate) mod sizes;

pub use options::{Destination, OnFailure, Put, PutOptions};
