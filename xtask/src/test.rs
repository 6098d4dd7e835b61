//! Everything that must pass before a change lands, as one list.
//!
//! One cargo profile (dev) serves the lints' dependencies, the tests and the binary that the tests start, because the dependencies
//! are the larger part of a cold build.

use std::path::{Path, PathBuf};

use clap::Args;
use forebay_testkit::notice;

use crate::{contrib, deny, fuzz, packages, python, run};

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
        python::install_missing()?;
    }
    run::step("format", run::cargo(["fmt", "--all", "--check"]))?;
    run::step("format of fuzz", run::cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    run::step("tidy", run::cargo(["run", "--quiet", "--package", "xtask", "--", "tidy"]))?;
    run::step("lints", run::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut docs = run::cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    run::step("docs", docs)?;
    if options.shape_only {
        return Ok(());
    }
    let notices = fresh_notices()?;
    contrib::check(&notices)?;
    deny::run()?;
    if options.fuzz_seconds > 0 {
        fuzz::run(&fuzz::Options { seconds: options.fuzz_seconds, target: None })?;
    }
    run::step("doc tests", run::cargo(["test", "--workspace", "--doc", "--quiet"]))?;
    let mut tests = tests();
    tests.env(notice::NOTICES, &notices).env("PATH", python::path()?);
    let passed = run::step("tests", tests);
    tell(&notices);
    passed
}

/// Tries what is in `contrib/` alone.
///
/// # Errors
/// As [`contrib::check`].
pub(crate) fn contrib_only() -> anyhow::Result<()> {
    let notices = fresh_notices()?;
    let passed = contrib::check(&notices);
    tell(&notices);
    passed
}

/// Where tests say what they could not show, empty at the start.
fn fresh_notices() -> anyhow::Result<PathBuf> {
    let file = run::target_directory()?.join("notices.txt");
    std::fs::write(&file, "")?;
    Ok(file)
}

/// The last thing that is said, so that green is not taken for more than it is.
fn tell(notices: &Path) {
    let text = std::fs::read_to_string(notices).unwrap_or_default();
    if text.is_empty() {
        return;
    }
    eprintln!("\n*** NOT SHOWN ON THIS MACHINE, and so not tested ***");
    for line in text.lines() {
        eprintln!("*** {line}");
    }
}

/// The whole suite by nextest where it is installed (a process a test), else by cargo itself. Examples are built, because
/// tests of their own start them.
fn tests() -> std::process::Command {
    if run::on_path("cargo-nextest") {
        run::cargo(["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        run::cargo(["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"])
    }
}
