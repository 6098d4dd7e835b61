//! What the allocator holds, as jemalloc counts it.
//!
//! Anonymous memory that the plan does not explain is usually here: `resident` less `allocated` is what freed
//! memory the allocator keeps for its next use.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use tikv_jemalloc_ctl::{epoch, stats};

use super::family::{Families, Name};

const ALLOCATOR: Name = Name::bytes("forebay_allocator", "Memory of the allocator, by state");

/// Figures of jemalloc. Without it as the process's allocator they are those of an empty heap.
#[derive(Debug)]
pub(super) struct Allocator;

impl Collector for Allocator {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // The figures are those of the last epoch; begin a new one.
        if epoch::advance().is_err() {
            return Ok(());
        }
        let states = [
            ("allocated", stats::allocated::read()),
            ("active", stats::active::read()),
            ("metadata", stats::metadata::read()),
            ("resident", stats::resident::read()),
            ("retained", stats::retained::read()),
        ];
        let known =
            states.into_iter().filter_map(|(state, bytes)| Some((("state", state), bytes.ok()? as u64)));
        Families(encoder).gauges(ALLOCATOR, known)
    }
}
