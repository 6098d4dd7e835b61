//! Project chores, one subcommand each.
//!
//! `cargo xtask test` is all that CI runs and all that a contributor needs; the others are its parts or its slow relatives.

mod bench;
mod contrib;
mod deny;
mod fuzz;
mod packages;
mod python;
mod run;
mod soak;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::Parser;

/// Chores of the forebay workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Everything that must pass before a change lands: install, format, lint, docs, tidy, tests, brief fuzzing.
    Test(test::Options),
    /// Check what a machine can see of the tree: dependency directions, sizes, docs, words.
    Tidy,
    /// Measure beside the peers to beat, and write `docs/benchmarks.md`.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Try the alert rules and the systemd units with the programs that will read them.
    Contrib,
    /// Run the fuzz targets for some seconds each.
    Fuzz(fuzz::Options),
    /// Rounds of faults for minutes or hours, with the server killed and started again.
    Soak(soak::Options),
    /// Check licences, bans and sources of all dependencies with cargo-deny.
    Deny,
}

fn main() -> ExitCode {
    match carry_out(&Chore::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(chore: &Chore) -> anyhow::Result<()> {
    match chore {
        Chore::Test(options) => test::run(options),
        Chore::Tidy => tidy::run(),
        Chore::Bench(bench) => bench::run(bench),
        Chore::Contrib => test::contrib_only(),
        Chore::Fuzz(options) => fuzz::run(options),
        Chore::Soak(options) => soak::run(options),
        Chore::Deny => deny::run(),
    }
}
