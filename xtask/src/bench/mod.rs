//! Measuring, beside the peers to beat and against the targets.
//!
//! A figure alone says little on a shared machine, so every contender runs interleaved with the others,
//! several rounds each, and what is published is the median and the ratio of one run. Results are kept
//! as JSON under `target/bench`, so that pages and plots can be drawn again without measuring again.

mod agent;
mod bars;
mod capture;
mod contender;
mod curves;
mod machine;
mod paced;
mod page;
mod race;
mod report;
mod results;
mod serve;
mod speed;
mod stalled;
mod start;
mod svg;
mod tables;
mod targets;
mod through;
mod transfer;
mod verdict;
mod wrk;

use clap::Subcommand;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Files over HTTP: forebay, nginx and a tower-http `ServeDir` server, interleaved.
    Serve(serve::Options),
    /// Objects fetched and stored: forebay, s5cmd, rclone, curl, aria2 and aws, interleaved.
    Transfer(transfer::Options),
    /// Edges warmed and purged: forebay, curl and wrk, interleaved.
    Agent(agent::Options),
}

/// Measures, and writes the page.
///
/// # Errors
/// A contender does not start, or a tool is missing.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Serve(options) => serve::run(options),
        Bench::Transfer(options) => transfer::run(options),
        Bench::Agent(options) => agent::run(options),
    }
}
