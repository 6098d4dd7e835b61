//! One way of fetching an object, and what it costs this process.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use forebay_budget::{ByteSize, Class, Ledger, Work};
use forebay_store::remote::Tenacity;
use forebay_transfer::{
    Concurrency, Durability, Engine, EngineOptions, GetOptions, MemoryOptions, Progress, Source,
};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use super::Cost;
use crate::{
    args::{Benching, Stored},
    moving,
    output::Failure,
    reach::{self, Reach, Task},
};

/// How an object is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To a file, by one request.
    OneStream,
    /// To a file, by ranges over several connections.
    Ranges,
    /// Into memory, by one request: for comparison.
    Memory,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::OneStream, Self::Ranges, Self::Memory];

    /// In the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OneStream => "one stream",
            Self::Ranges => "ranges in parallel",
            Self::Memory => "whole body in memory",
        }
    }

    /// On the command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::OneStream => "one-stream",
            Self::Ranges => "ranges",
            Self::Memory => "memory",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }

    /// Fetches the object in this process.
    pub(super) fn run(self, asked: &Benching) -> Result<Cost, Failure> {
        let reach = Reach::new(&asked.base, &Stored::default(), Task::with_web(Work::Placed))?;
        let runtime = reach::runtime()?;
        runtime.block_on(async {
            let place = moving::place(&asked.place)?;
            let found = reach.object(&place).await?;
            let facts = reach::facts(&*found.remote, &found.key, None).await;
            let facts = facts.map_err(|error| anyhow!("{place}: {error}"))?;
            let len =
                facts.len.ok_or_else(|| anyhow!("{place}: its length is not told, and ranges need one"))?;
            let source = Source::new(found.remote, found.key);
            let began = Instant::now();
            self.fetch(&reach, &source, len, asked).await?;
            let seconds = began.elapsed().as_secs_f64();
            Ok(Cost { bytes: len, seconds, cpu_seconds: cpu_seconds(), peak_bytes: peak_bytes()? })
        })
    }

    async fn fetch(self, reach: &Reach, source: &Source, len: u64, asked: &Benching) -> anyhow::Result<()> {
        let whole = Some(ByteSize::b(len.max(1)));
        let progress = Progress::new();
        if self == Self::Memory {
            // A plan that says no is the point of the other ways.
            let options = EngineOptions {
                ledger: Ledger::new([(Class::Windows, ByteSize::b(len))]),
                concurrency: Concurrency::Exactly(1),
                tenacity: Tenacity::default(),
            };
            let options_of_memory = MemoryOptions { part_size: whole, ..MemoryOptions::default() };
            let fetched = Engine::new(options).get_memory(source, &options_of_memory, &progress).await?;
            anyhow::ensure!(fetched.bytes.len() as u64 == len, "the object has another length now");
            return Ok(());
        }
        let part_size = if self == Self::OneStream { whole } else { reach.config.transfer.part_size.given() };
        let file = Scratch::new(asked.dir.as_deref().map_or(Path::new("."), Path::new));
        let options = GetOptions { part_size, durability: Durability::Unsynced, ..GetOptions::default() };
        reach.engine.get_file(source, &file.0, &options, &progress).await?;
        Ok(())
    }
}

/// A file that goes away with the run.
struct Scratch(PathBuf);

impl Scratch {
    fn new(dir: &Path) -> Self {
        Self(dir.join(format!("forebay-bench-{}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Where it was never made there is nothing to remove.
        let _absent = fs::remove_file(&self.0);
    }
}

/// Processor time of all threads until now.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The most that was in memory at once.
fn peak_bytes() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("cannot read /proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("the kernel does not tell VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().context("VmHWM is no number")?;
    Ok(kib << 10)
}
