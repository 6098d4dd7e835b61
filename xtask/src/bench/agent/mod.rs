//! `bench agent`: caches warmed and purged, beside the tools that people use today.

mod many;
mod purge;
mod queue;
mod section;
mod stand;
mod warm;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::contender::Build;
use super::machine::{Machine, Stamp};
use super::page;
use super::race::Measured;
use crate::{packages, run};
use many::Many;
use stand::Stand;

/// What to measure, and how thoroughly.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A sixteenth of everything, to see that it works; not for the page.
    #[arg(long)]
    quick: bool,
    /// Only these parts; the others keep what was measured before.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds of each part.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Use the release program as it is.
    #[arg(long)]
    no_build: bool,
    /// Measure nothing: write the section from what was measured before.
    #[arg(long)]
    render: bool,
}

/// A part of the section.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// Large objects to nowhere over plain HTTP.
    Plain,
    /// The same over TLS.
    Tls,
    /// A list of URLs purged at Traffic Server.
    Purge,
    /// A thousand objects of 1 GiB in 32 MiB.
    Many,
    /// The queue of an agent.
    Queue,
}

impl Part {
    const ALL: [Self; 5] = [Self::Plain, Self::Tls, Self::Purge, Self::Many, Self::Queue];
}

/// What was measured, as it is kept in `target/bench/agent.json`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Results {
    machine: Machine,
    versions: Vec<String>,
    stamps: BTreeMap<Part, Stamp>,
    /// Clients that took turns.
    races: BTreeMap<Part, Vec<Measured>>,
    many: Option<Many>,
    queue: Vec<queue::Figures>,
}

/// Measures the chosen parts and writes the section.
///
/// # Errors
/// A program is missing or does not start.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let path = results_path(options)?;
    let mut results: Results =
        std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if !options.render {
        packages::install_missing()?;
        let build = if options.no_build { Build::Skip } else { Build::Release };
        let stand = Stand::prepare(build, if options.quick { 16 } else { 1 })?;
        results.machine = Machine::read();
        results.versions = stand.versions();
        for part in Part::ALL {
            if options.only.is_empty() || options.only.contains(&part) {
                eprintln!("── {part:?}");
                measure(part, &stand, options.rounds, &mut results)?;
                results.stamps.insert(part, Stamp::now());
                std::fs::write(&path, serde_json::to_vec_pretty(&results)?).context("results")?;
            }
        }
    }
    if options.quick {
        println!("{}", section::text(&results));
        return Ok(());
    }
    section::draw(&results)?;
    page::write_section("agent", &section::text(&results))
}

fn measure(part: Part, stand: &Stand, rounds: usize, results: &mut Results) -> anyhow::Result<()> {
    let race = match part {
        Part::Plain => warm::measure(stand, rounds, false)?,
        Part::Tls => warm::measure(stand, rounds, true)?,
        Part::Purge => purge::measure(stand, rounds)?,
        Part::Many => {
            results.many = Some(many::measure(stand)?);
            return Ok(());
        }
        Part::Queue => {
            results.queue = queue::measure(stand)?;
            return Ok(());
        }
    };
    results.races.insert(part, race);
    Ok(())
}

fn results_path(options: &Options) -> anyhow::Result<PathBuf> {
    let dir = run::target_directory()?.join("bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir.join(if options.quick { "agent-quick.json" } else { "agent.json" }))
}
