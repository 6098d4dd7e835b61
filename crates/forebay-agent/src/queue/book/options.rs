//! What a queue may hold, and for how long.

use std::sync::Arc;
use std::time::Duration;

use forebay_budget::ByteSize;

use crate::queue::home::PAGES;
use crate::queue::{Clock, WallClock};

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
    /// Pages of its file that its writer keeps in memory; each of two readers keeps an eighth of that. Default: 8 MiB.
    pub pages: ByteSize,
    /// Submissions that are taken in at once; others wait. Each holds up to 512 KiB of URLs. Default: 8.
    pub submissions_max: u32,
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
            pages: PAGES,
            submissions_max: 8,
            leases: Leases::End,
            clock: Arc::new(WallClock),
        }
    }
}
