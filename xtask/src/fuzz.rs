//! Brief runs of the fuzz targets: foreign bytes against every parser that meets them.
//!
//! The targets are ordinary cargo-fuzz ones under `fuzz/`; `-s none` lets them run on the stable toolchain. A crash leaves its input
//! under `fuzz/artifacts` and fails the step.

use clap::Args;

use crate::{packages, run};

/// Which targets, and how long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,
    /// Only this target.
    #[arg(long)]
    pub(crate) target: Option<String>,
}

/// One target a reader of foreign bytes.
const TARGETS: [&str; 14] = [
    "range",
    "conditional",
    "path",
    "config",
    "negotiate",
    "forwarded",
    "log",
    "content_range",
    "journal",
    "authorization",
    "signed_url",
    "passwords",
    "rules",
    "key_set",
];

/// Runs each target for its seconds.
///
/// # Errors
/// When cargo-fuzz cannot be installed, a target does not build, or an input makes one crash.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    packages::cargo_subcommand("cargo-fuzz")?;
    let wanted = |name: &&&str| options.target.as_deref().is_none_or(|target| target == **name);
    for target in TARGETS.iter().filter(wanted) {
        let seconds = format!("-max_total_time={}", options.seconds);
        let mut fuzz = run::cargo(["fuzz", "run", "-s", "none", target, "--", &seconds, "-verbosity=0"]);
        fuzz.env_remove("RUSTFLAGS");
        run::step(&format!("fuzz {target}"), fuzz)?;
    }
    Ok(())
}
