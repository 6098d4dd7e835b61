//! `bench transfer`: objects fetched and stored, beside the clients that people use today.

mod clients;

mod parts;
mod section;
mod stand;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::contender::Build;
use super::machine::{Machine, Stamp};
use super::page;
use super::race::Measured;
use crate::{packages, python, run};
use stand::Stand;

/// What to measure, and how thoroughly.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Objects of a sixteenth of the size, to see that everything works; not for the page.
    #[arg(long)]
    quick: bool,
    /// Only these parts; the others keep what was measured before.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds of each part.
    #[arg(long, default_value_t = 3)]
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
    /// A large object to disk over plain HTTP.
    Plain,
    /// The same over TLS.
    Tls,
    /// The same with less and with more memory.
    Bounded,
    /// Many small objects.
    Many,
    /// A large file to S3.
    Upload,
    /// The same from a pipe, whose length nobody knows.
    Pipe,
    /// A large object to a server that others wrote, and back. Only where there is a `garage` in the path.
    Garage,
}

impl Part {
    const ALL: [Self; 7] =
        [Self::Plain, Self::Tls, Self::Bounded, Self::Many, Self::Upload, Self::Pipe, Self::Garage];
}

/// What was measured, as it is kept in `target/bench/transfer.json`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Results {
    machine: Machine,
    versions: Vec<String>,
    parts: BTreeMap<Part, (Stamp, Vec<Measured>)>,
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
        python::install_missing()?;
        let build = if options.no_build { Build::Skip } else { Build::Release };
        let stand = Stand::prepare(build, if options.quick { 16 } else { 1 })?;
        results.machine = Machine::read();
        results.versions = clients::versions(&stand);
        for part in Part::ALL {
            if options.only.is_empty() || options.only.contains(&part) {
                let measured = parts::measure(part, &stand, options.rounds)?;
                if measured.is_empty() {
                    continue;
                }
                results.parts.insert(part, (Stamp::now(), measured));
                std::fs::write(&path, serde_json::to_vec_pretty(&results)?).context("results")?;
            }
        }
    }
    if options.quick {
        println!("{}", section::text(&results));
        return Ok(());
    }
    page::write_section("transfer", &section::text(&results))
}

fn results_path(options: &Options) -> anyhow::Result<PathBuf> {
    let dir = run::target_directory()?.join("bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir.join(if options.quick { "transfer-quick.json" } else { "transfer.json" }))
}
