//! `bench serve`: files over HTTP, and what they cost.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use forebay_testkit::process::raise_open_files;

use super::contender::{Build, SIZES, Stand};
use super::machine::Machine;
use super::results::Results;
use super::speed::Matrix;
use super::stalled::{Arrival, Beside};
use super::{capture, report, speed, stalled, start};
use crate::{packages, run};

/// What to measure, and how thoroughly.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A smaller table, in less than six minutes.
    #[arg(long)]
    quick: bool,
    /// Only these parts; the others keep what was measured before.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds for each point of the table.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Speed,
    Stalled,
    Start,
    Capture,
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
        for part in [Part::Start, Part::Stalled, Part::Capture, Part::Speed] {
            if options.only.is_empty() || options.only.contains(&part) {
                measure(part, options, &stand, &mut results)?;
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
        Part::Speed => results.speed = speed::measure(stand, &matrix(options))?,
        Part::Stalled => {
            results.stalled.clear();
            for arrival in arrivals(options) {
                results.stalled.extend(stalled::measure(stand, arrival)?);
            }
        }
    }
    Ok(())
}

fn matrix(options: &Options) -> Matrix {
    let (sizes, connections, seconds) = if options.quick {
        (vec![1 << 10, 64 << 10, 10 << 20], vec![64], 2)
    } else {
        (SIZES.iter().map(|(size, _)| *size).collect(), vec![1, 64, 512], 3)
    };
    Matrix { sizes, connections, rounds: options.rounds, lasting: Duration::from_secs(seconds) }
}

/// The first is small enough that the kernel does not clamp any contender.
fn arrivals(options: &Options) -> Vec<Arrival> {
    let mut all = vec![
        Arrival { readers: 150, per_tick: 5, beside: Beside::Nothing },
        Arrival { readers: 1000, per_tick: 10, beside: Beside::FastReaders },
    ];
    if !options.quick {
        all.push(Arrival { readers: 10_000, per_tick: 50, beside: Beside::Nothing });
    }
    all
}

fn results_path() -> anyhow::Result<PathBuf> {
    let dir = run::target_directory()?.join("bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir.join("serve.json"))
}
