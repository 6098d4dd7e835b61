//! What stands before and beside the ledgers: the queue of requests that wait for their turn, and pools of buffers.

use std::{fmt, sync::Arc};

use forebay_budget::{BufferPool, PoolStats};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::family::{Families, Label, Name};
use crate::Turns;

const PLACES: Name =
    Name::count("forebay_turns", "Places of requests under way: in use, all; waiting, may wait");
const WAITED: Name = Name::seconds("forebay_turns_waited", "Time that requests spent waiting for their turn");
const REFUSED: Name =
    Name::count("forebay_turns_refused", "Requests that were refused as too many waited, or too long");
const KEPT: Name = Name::count("forebay_pool_buffers_kept", "Buffers that wait for their next use, by pool");
const KEPT_BYTES: Name = Name::bytes("forebay_pool_kept", "Memory of the buffers that wait, by pool");
const ALLOCATED: Name =
    Name::count("forebay_pool_buffers_allocated", "Buffers that came from the allocator, by pool");
const REUSED: Name = Name::count("forebay_pool_buffers_reused", "Buffers that were used again, by pool");

/// Figures of the queue before the requests under way.
pub(super) struct Turn(pub(super) Arc<dyn Turns>);

/// Figures of pools.
#[derive(Debug)]
pub(super) struct Pools(pub(super) Vec<BufferPool>);

impl Collector for Turn {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = self.0.figures();
        let mut families = Families(encoder);
        families.gauges(
            PLACES,
            [
                (("state", "in_use"), figures.in_use),
                (("state", "capacity"), figures.places),
                (("state", "waiting"), figures.waiting),
                (("state", "waiting_max"), figures.waiting_max),
            ],
        )?;
        families.counter(WAITED, figures.waited.as_secs_f64())?;
        families.counter(REFUSED, figures.refused as f64)
    }
}

impl Pools {
    fn each<T>(&self, figure: fn(&BufferPool, PoolStats) -> T) -> impl Iterator<Item = (Label<'static>, T)> {
        self.0.iter().map(move |pool| (("pool", pool.name()), figure(pool, pool.stats())))
    }
}

impl Collector for Pools {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        families.gauges(KEPT, self.each(|_, stats| stats.kept))?;
        families.gauges(KEPT_BYTES, self.each(|pool, stats| stats.kept * pool.buffer_size().as_u64()))?;
        families.counters(ALLOCATED, self.each(|_, stats| stats.allocated_total as f64))?;
        families.counters(REUSED, self.each(|_, stats| stats.reused_total as f64))
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}
