//! What was measured, as it is kept in `target/bench/serve.json`.
//!
//! Only measurements are kept: medians, ratios and verdicts are computed when the page is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::contender::{Contender, Protocol};
use super::machine::{Machine, Stamp};
use super::serve::Part;
use super::through::Through;

/// All parts of one page; a part that was not run is empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) measured: BTreeMap<Part, Stamp>,
    pub(crate) speed: Vec<Speed>,
    pub(crate) paced: Vec<Paced>,
    pub(crate) stalled: Vec<Stalled>,
    pub(crate) start: Vec<Start>,
    pub(crate) capture: Vec<Capture>,
    pub(crate) through: Vec<Through>,
}

/// One contender at one size, protocol and number of connections.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Speed {
    pub(crate) contender: Contender,
    pub(crate) protocol: Protocol,
    /// Bytes of the file.
    pub(crate) size: u64,
    pub(crate) connections: u32,
    pub(crate) rounds: Vec<Round>,
}

/// One run of the load generator.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Round {
    pub(crate) seconds: f64,
    pub(crate) bytes: f64,
    pub(crate) requests: f64,
    /// Latency in microseconds; zero where no request came to its end.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) errors: f64,
    /// User and system time of the server's processes, in seconds.
    pub(crate) cpu: f64,
    /// Peaks of the server's own memory and of its sockets, in bytes.
    pub(crate) anon: u64,
    pub(crate) sockets: Option<u64>,
}

/// One contender and readers that take an equal rate from each.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Paced {
    pub(crate) contender: Contender,
    pub(crate) readers: u32,
    pub(crate) rounds: Vec<PacedRound>,
}

/// One run of such readers: body bytes, and processor seconds of both sides.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PacedRound {
    pub(crate) seconds: f64,
    pub(crate) bytes: f64,
    pub(crate) server: f64,
    pub(crate) client: f64,
}

/// One contender in one run while readers arrive and stop reading.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Stalled {
    pub(crate) contender: Contender,
    /// How many readers were asked for.
    pub(crate) readers: usize,
    /// How many it held in the end.
    pub(crate) held: usize,
    pub(crate) points: Vec<Point>,
    /// Rounds of a load of fast readers while the stalled ones are held.
    #[serde(default)]
    pub(crate) beside: Vec<Round>,
}

/// Memory at one moment, as growth over the server at rest, in bytes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Point {
    pub(crate) seconds: f64,
    pub(crate) held: usize,
    pub(crate) anon: u64,
    pub(crate) sockets: Option<u64>,
}

/// One contender's start.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Start {
    pub(crate) contender: Contender,
    /// From `exec` until it takes requests, in seconds, several times.
    pub(crate) ready: Vec<f64>,
    /// Resident memory at rest, in bytes.
    pub(crate) resident: u64,
}

/// Uploads through the access log.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Capture {
    pub(crate) mode: String,
    /// Bytes per second, one figure a round.
    pub(crate) rates: Vec<f64>,
    /// Processor seconds per 10^9 bytes, one figure a round.
    pub(crate) cpu: Vec<f64>,
}

impl Results {
    /// What was measured before, or nothing.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
            }
            Err(_) => Ok(Self::default()),
        }
    }

    /// Keeps the results.
    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        fs::write(path, serde_json::to_vec_pretty(self)?).context("results")
    }

    /// How many readers came, in the order of the page.
    pub(crate) fn arrivals(&self) -> BTreeSet<usize> {
        self.stalled.iter().map(|run| run.readers).collect()
    }

    /// The runs of this contender with so many readers.
    pub(crate) fn runs(&self, who: Contender, readers: usize) -> impl Iterator<Item = &Stalled> {
        self.stalled.iter().filter(move |run| (run.contender, run.readers) == (who, readers))
    }

    /// Of those runs the one whose memory in the end is the median.
    pub(crate) fn typical(&self, who: Contender, readers: usize) -> Option<&Stalled> {
        let mut runs: Vec<&Stalled> = self.runs(who, readers).collect();
        runs.sort_by_key(|run| run.points.last().map(Point::sum));
        runs.get(runs.len() / 2).copied()
    }

    /// The measurement of this contender at this point of the table.
    pub(crate) fn speed_of(&self, who: Contender, at: (Protocol, u64, u32)) -> Option<&Speed> {
        self.speed.iter().find(|s| s.contender == who && (s.protocol, s.size, s.connections) == at)
    }
}

impl Speed {
    pub(crate) fn requests_per_second(&self) -> f64 {
        self.median(|r| r.requests / r.seconds)
    }

    pub(crate) fn bytes_per_second(&self) -> f64 {
        self.median(|r| r.bytes / r.seconds)
    }

    /// Processor seconds per 10^9 bytes.
    pub(crate) fn cpu_per_gb(&self) -> f64 {
        self.median(Round::cpu_per_gb)
    }

    pub(crate) fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(figure))
    }
}

impl Paced {
    /// Processor seconds of the server per 10^9 bytes.
    pub(crate) fn cpu_per_gb(&self) -> f64 {
        median(self.rounds.iter().map(|r| r.server / (r.bytes / 1e9)))
    }

    /// Of server and client together.
    pub(crate) fn both_per_gb(&self) -> f64 {
        median(self.rounds.iter().map(|r| (r.server + r.client) / (r.bytes / 1e9)))
    }

    pub(crate) fn bytes_per_second(&self) -> f64 {
        median(self.rounds.iter().map(|r| r.bytes / r.seconds))
    }
}

impl Round {
    pub(crate) fn cpu_per_gb(&self) -> f64 {
        self.cpu / (self.bytes / 1e9)
    }
}

impl Stalled {
    /// User and kernel memory for each reader at the end, in bytes.
    pub(crate) fn each(&self) -> Option<(f64, Option<f64>)> {
        let last = self.points.last()?;
        let held = self.held.max(1) as f64;
        Some((last.anon as f64 / held, last.sockets.map(|s| s as f64 / held)))
    }
}

impl Point {
    pub(crate) fn sum(&self) -> u64 {
        self.anon + self.sockets.unwrap_or(0)
    }
}

/// The middle value, or the mean of the two middle ones; not a number for none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.into_iter().collect();
    all.sort_by(f64::total_cmp);
    let n = all.len();
    match n {
        0 => f64::NAN,
        n if n % 2 == 1 => all[n / 2],
        n => f64::midpoint(all[n / 2 - 1], all[n / 2]),
    }
}
