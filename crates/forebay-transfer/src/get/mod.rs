//! From a place to here.
//!
//! | file | what it holds |
//! |---|---|
//! | `options` | how a download is to be done, and what became of it |
//! | `file` | the whole of a download to a file, on one page |
//! | `memory` | the same to memory, which is allocated once |
//! | `ordered` | in order, through a window |
//! | `target`, `space` | the file that it becomes; room for it |
//! | `opening` | the first answer: what there is to fetch, and what an earlier run has left to do |
//! | `run`, `piece` | all pieces, each to its offset, and the journal of them |
//! | `syncing` | syncs on the way |
//! | `prove` | how far the bytes are those that were stored |

mod file;
mod memory;
mod opening;
mod options;
mod ordered;
mod piece;
mod prove;
mod run;
mod space;
mod syncing;
mod target;

pub use memory::{Fetched, MemoryOptions};
pub use options::{Durability, Existing, GetOptions, Got, Modified, Parents, Space};
pub use ordered::{Ordered, OrderedOptions};
