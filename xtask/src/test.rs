//! Everything that must pass before a change lands, as one list.
//!
//! One cargo profile (dev) serves the lints' dependencies, the tests and the binary that the tests start, because the dependencies
//! are the larger part of a cold build.

use clap::Args;

use crate::{deny, fuzz, packages, run};

/// What to leave out while working; CI leaves out nothing.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only format, lints, docs and tidy.
    #[arg(long)]
    shape_only: bool,
    /// Seconds for each fuzz target; 0 leaves fuzzing out.
    #[arg(long, default_value_t = 15)]
    fuzz_seconds: u32,
}

/// Runs the steps in order and stops at the first that fails.
///
/// # Errors
/// The name of the failed step and the command that repeats it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if !options.shape_only {
        packages::install_missing()?;
    }
    run::step("format", run::cargo(["fmt", "--all", "--check"]))?;
    run::step("tidy", run::cargo(["run", "--quiet", "--package", "xtask", "--", "tidy"]))?;
    run::step("lints", run::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut docs = run::cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    run::step("docs", docs)?;
    if options.shape_only {
        return Ok(());
    }
    deny::run()?;
    if options.fuzz_seconds > 0 {
        fuzz::run(&fuzz::Options { seconds: options.fuzz_seconds, target: None })?;
    }
    run::step("doc tests", run::cargo(["test", "--workspace", "--doc", "--quiet"]))?;
    run::step("tests", tests())
}

/// The whole suite by nextest where it is installed (a process a test), else by cargo itself.
fn tests() -> std::process::Command {
    if run::on_path("cargo-nextest") {
        run::cargo(["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        run::cargo(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    }
}
