//! The format of `go tool pprof`, and names for addresses.
//!
//! Heap and CPU profiles differ in how samples come about and in nothing else, so both end here: bounded stacks
//! ([`Stacks`]) become a gzip'd `profile.proto` ([`Writer`]) in which every address has its function, file and line
//! ([`symbols`]), so that whoever reads the profile needs neither the binary nor its debug information.
//!
//! Making one costs memory. Therefore there is one profile at a time, under a lease of [`REPORT_BYTES_MAX`], and it
//! is made on a blocking thread ([`Turn`]). A second request is refused with 429 and says why.

mod proto;
mod stacks;
mod symbols;
mod turn;
mod writer;

use std::time::Duration;

pub(crate) use stacks::Stacks;
pub(crate) use symbols::Symbols;
pub(crate) use turn::{Ask, Turn, refuse};
pub(crate) use writer::{Kind, Writer};

/// The longest time that a profile may cover.
pub(crate) const SECONDS_MAX: Duration = Duration::from_secs(300);
/// The time that naming and writing may take afterwards.
pub(crate) const REPORT_TIME: Duration = Duration::from_secs(30);
/// What one profile may hold: stacks, names and the compressed answer. Three quarters of what the smallest plan has
/// for this interface.
pub(crate) const REPORT_BYTES_MAX: u64 = 1536 * 1024;
