//! Samples of allocations: from what was seen to what it stands for.

use std::io;

use super::Look;
use crate::profile::{Kind, Stacks, Symbols, Writer};

/// What was sampled for a stack: objects and bytes, held now and asked for since sampling began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) in_use_objects: u64,
    pub(super) in_use_bytes: u64,
    pub(super) alloc_objects: u64,
    pub(super) alloc_bytes: u64,
}

/// All stacks of a dump.
#[derive(Debug)]
pub(super) struct Samples {
    interval: u64,
    stacks: Stacks<Counts>,
}

/// `alloc_*` first, as Go's profiles have it, so that tools and fingers find them.
const VALUES: [(&str, &str); 4] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
];

/// What stands between the code that asked and the sample that was taken.
const DROP_FRAMES: &str = r"(_rjem_)?(je_)?(prof_.*|[ci]?alloc.*|malloc.*|calloc.*|realloc.*|do_rallocx.*|rallocx|imalloc.*|mallocx|_Unwind_Backtrace|__rust_(re)?alloc.*|__rustc::__rust_(re)?alloc.*|.*tikv_jemallocator::Jemalloc.*|alloc::alloc::(re)?alloc.*)";

impl Samples {
    pub(super) fn new(interval: u64) -> Self {
        Self { interval, stacks: Stacks::new() }
    }

    pub(super) fn add(&mut self, stack: &[usize], counts: Counts) {
        let Some(sum) = self.stacks.value(stack) else { return };
        sum.in_use_objects = sum.in_use_objects.saturating_add(counts.in_use_objects);
        sum.in_use_bytes = sum.in_use_bytes.saturating_add(counts.in_use_bytes);
        sum.alloc_objects = sum.alloc_objects.saturating_add(counts.alloc_objects);
        sum.alloc_bytes = sum.alloc_bytes.saturating_add(counts.alloc_bytes);
    }

    #[cfg(test)]
    pub(super) fn interval(&self) -> u64 {
        self.interval
    }

    #[cfg(test)]
    pub(super) fn counts(&self, stack: &[usize]) -> Option<Counts> {
        self.stacks.iter().find(|(known, _)| *known == stack).map(|(_, counts)| *counts)
    }

    /// What the sampled counts stand for, in the order of [`VALUES`].
    fn estimate(&self, counts: &Counts) -> [i64; 4] {
        let (alloc_objects, alloc_bytes) = unbias(counts.alloc_objects, counts.alloc_bytes, self.interval);
        let (in_use_objects, in_use_bytes) =
            unbias(counts.in_use_objects, counts.in_use_bytes, self.interval);
        [alloc_objects, alloc_bytes, in_use_objects, in_use_bytes]
    }
}

/// An allocation of `x` bytes is sampled with the probability `1 - exp(-x / interval)`, so each sampled one stands
/// for the inverse of that many. jemalloc writes its counts so that this, with the mean size of a stack's samples,
/// comes out right.
fn unbias(objects: u64, bytes: u64, interval: u64) -> (i64, i64) {
    if objects == 0 || bytes == 0 {
        return (objects as i64, bytes as i64);
    }
    let mean_size = bytes as f64 / objects as f64;
    let weight = 1.0 / -(-mean_size / interval as f64).exp_m1();
    ((objects as f64 * weight).round() as i64, (bytes as f64 * weight).round() as i64)
}

/// The profile of one dump, or of what changed between two.
pub(super) fn write(look: Look) -> io::Result<Vec<u8>> {
    let kind = Kind {
        values: VALUES,
        shown_first: if look.before.is_some() { "alloc_space" } else { "inuse_space" },
        period: i64::try_from(look.after.interval).unwrap_or(i64::MAX),
        period_unit: ("space", "bytes"),
        drop_frames: DROP_FRAMES,
    };
    let left_out = look.after.stacks.left_out();
    let (covers, remark) = (look.covers, look.remark);
    let changes = changes(&look);
    drop(look);
    let mut writer = Writer::new(&kind, covers, Symbols::of(changes.addresses()))?;
    if let Some(remark) = remark {
        writer.comment(remark)?;
    }
    if left_out > 0 {
        writer.comment(&format!("{left_out} stacks are left out: there are too many"))?;
    }
    for (stack, change) in changes.iter() {
        writer.sample(stack, *change)?;
    }
    writer.finish()
}

/// What the dumps stand for: the second less the first, if there is one.
fn changes(look: &Look) -> Stacks<[i64; 4]> {
    let mut changes = Stacks::<[i64; 4]>::new();
    for (samples, sign) in look.before.iter().map(|before| (before, -1)).chain([(&look.after, 1)]) {
        for (stack, counts) in samples.stacks.iter() {
            let Some(change) = changes.value(stack) else { continue };
            for (sum, value) in change.iter_mut().zip(samples.estimate(counts)) {
                *sum += sign * value;
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::unbias;

    #[test]
    fn a_small_sample_stands_for_the_interval_and_a_large_one_for_itself() {
        let (objects, bytes) = unbias(1, 64, 524_288);
        assert!((8192..=8193).contains(&objects), "{objects}");
        assert!((524_288..=524_330).contains(&bytes), "{bytes}");
        assert_eq!(unbias(1, 64 << 20, 524_288), (1, 64 << 20));
        assert_eq!(unbias(0, 0, 524_288), (0, 0));
    }
}
