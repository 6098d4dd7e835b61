//! What a queue may hold, and for how long.

use std::sync::Arc;
use std::time::Duration;

use forebay_budget::ByteSize;

use crate::queue::home::{CACHE_READER_KIB, CACHE_WRITER_KIB};
use crate::queue::{Clock, WallClock};

/// Submissions that are taken in at once; others wait.
pub(super) const SUBMISSIONS_MAX: usize = 8;
/// Connections that read.
pub(super) const READERS: usize = 2;
/// Commands that wait for the writer.
pub(super) const COMMANDS_MAX: usize = 256;
/// Bytes of URLs that a submission hands over at once.
pub(super) const BATCH_BYTES: usize = 256 << 10;

/// How a queue is kept.
#[derive(Clone, Debug)]
pub struct BookOptions {
    /// Rows that may wait. Default: 10 million, which take about 2 GB of disk.
    pub waiting_max: u64,
    /// URLs of one job. Default: 100,000.
    pub urls_max: u64,
    /// Jobs that have not ended. Default: 100,000.
    pub jobs_max: u64,
    /// How long a job that has ended can still be looked at. Default: 7 days.
    pub keep_for: Duration,
    /// How many of those are kept at most. Default: 100,000.
    pub keep_max: u64,
    /// What becomes of leases. Default: [`Leases::End`].
    pub leases: Leases,
    /// The time. Default: this machine's.
    pub clock: Arc<dyn Clock>,
}

/// What becomes of leases that nobody extends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// They end in time, and with the process: the workers are in it.
    End,
    /// They stay until somebody says what came of them: the workers are elsewhere, and whoever gave them the work asks after it.
    Stay,
}

impl Default for BookOptions {
    fn default() -> Self {
        Self {
            waiting_max: 10_000_000,
            urls_max: 100_000,
            jobs_max: 100_000,
            keep_for: Duration::from_hours(7 * 24),
            keep_max: 100_000,
            leases: Leases::End,
            clock: Arc::new(WallClock),
        }
    }
}

impl BookOptions {
    /// Memory that a queue takes, apart from what it keeps of each edge and each lease that is asked for: page caches, compiled statements, and
    /// what is on its way to the writer.
    pub fn memory_max() -> ByteSize {
        let caches = u64::from(CACHE_WRITER_KIB) + READERS as u64 * u64::from(CACHE_READER_KIB);
        let statements = ByteSize::mib(2).as_u64();
        ByteSize::b((caches << 10) + statements + 2 * (SUBMISSIONS_MAX * BATCH_BYTES) as u64)
    }
}
