//! `bench serve`: files over HTTP, and what they cost.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use forebay_testkit::process::raise_open_files;
use serde::{Deserialize, Serialize};

use super::contender::{Build, Protocol, SIZES, Stand};
use super::machine::{Machine, Stamp};
use super::results::Results;
use super::speed::Matrix;
use super::stalled::{Arrival, Beside};
use super::{capture, paced, report, speed, stalled, start, through};
use crate::{packages, run};

/// What to measure, and how thoroughly.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A smaller table, in less than six minutes.
    #[arg(long)]
    quick: bool,
    /// Only these parts, each of less than ten minutes; the others keep what was measured before.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds for each point of the tables.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Use the release programs as they are.
    #[arg(long)]
    no_build: bool,
    /// Measure nothing: write page and plots from what was measured before.
    #[arg(long)]
    render: bool,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// From start to ready, and what is held at rest.
    Start,
    /// Readers that stop reading.
    Stalled,
    /// The price of the access log's capture.
    Capture,
    /// Speed and cost over plain HTTP.
    Http,
    /// The same over TLS.
    Https,
    /// Cost when all contenders send at one rate.
    Paced,
    /// A proxy before an origin.
    Through,
}

impl Part {
    pub(crate) const ALL: [Self; 7] =
        [Self::Start, Self::Stalled, Self::Capture, Self::Paced, Self::Through, Self::Http, Self::Https];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start and rest",
            Self::Stalled => "stalled readers",
            Self::Capture => "access log",
            Self::Http => "plain HTTP",
            Self::Https => "HTTPS",
            Self::Paced => "an equal rate",
            Self::Through => "through",
        }
    }
}

/// Measures the chosen parts and writes `docs/benchmarks.md` with its plots.
///
/// # Errors
/// A program is missing or does not start.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let path = results_path()?;
    let mut results = Results::load(&path)?;
    if !options.render {
        packages::install_missing()?;
        let files = raise_open_files(65_536);
        eprintln!("open files: {files}");
        let stand = Stand::prepare(if options.no_build { Build::Skip } else { Build::Release })?;
        results.machine = Machine::read();
        for part in Part::ALL {
            if options.only.is_empty() || options.only.contains(&part) {
                measure(part, options, &stand, &mut results)?;
                results.measured.insert(part, Stamp::now());
                results.save(&path)?;
            }
        }
    }
    report::write(&results)
}

fn measure(part: Part, options: &Options, stand: &Stand, results: &mut Results) -> anyhow::Result<()> {
    match part {
        Part::Start => results.start = start::measure(stand)?,
        Part::Capture => results.capture = capture::measure(stand, options.rounds)?,
        Part::Paced => results.paced = paced::measure(stand, options.rounds)?,
        Part::Through => results.through = through::measure(stand, options.rounds)?,
        Part::Http => of_protocol(Protocol::Http, options, stand, results)?,
        Part::Https => of_protocol(Protocol::Https, options, stand, results)?,
        Part::Stalled => {
            let mut all = Vec::new();
            for arrival in arrivals(options) {
                all.extend(stalled::measure(stand, arrival)?);
            }
            results.stalled = all;
        }
    }
    Ok(())
}

fn of_protocol(
    protocol: Protocol,
    options: &Options,
    stand: &Stand,
    results: &mut Results,
) -> anyhow::Result<()> {
    let fresh = speed::measure(stand, &matrix(options, protocol), protocol)?;
    results.speed.retain(|speed| speed.protocol != protocol);
    results.speed.extend(fresh);
    Ok(())
}

fn matrix(options: &Options, protocol: Protocol) -> Matrix {
    let (sizes, connections, seconds) = if options.quick {
        (vec![1 << 10, 64 << 10, 10 << 20], vec![64], 2)
    } else {
        let connections = match protocol {
            Protocol::Http => vec![1, 16, 64, 512],
            Protocol::Https => vec![1, 64, 512],
        };
        (SIZES.iter().map(|(size, _)| *size).collect(), connections, 3)
    };
    Matrix { sizes, connections, rounds: options.rounds, lasting: Duration::from_secs(seconds) }
}

/// The first is small enough that the kernel does not clamp any contender. Ten thousand come once: they take a minute.
fn arrivals(options: &Options) -> Vec<Arrival> {
    let runs = if options.quick { 1 } else { options.rounds };
    let mut all = vec![
        Arrival { readers: 150, per_tick: 5, beside: Beside::Nothing, runs },
        Arrival { readers: 1000, per_tick: 10, beside: Beside::FastReaders, runs },
    ];
    if !options.quick {
        all.push(Arrival { readers: 10_000, per_tick: 50, beside: Beside::Nothing, runs: 1 });
    }
    all
}

fn results_path() -> anyhow::Result<PathBuf> {
    let dir = run::target_directory()?.join("bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir.join("serve.json"))
}
