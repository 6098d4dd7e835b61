//! Licences, bans, duplicates and sources of everything that we build with.
//!
//! The advisory database is a check of its own, because it lives on a host that may not be reachable where this runs.

use crate::{packages, run};

/// Runs cargo-deny over the workspace.
///
/// # Errors
/// When cargo-deny cannot be installed, or finds something.
pub(crate) fn run() -> anyhow::Result<()> {
    packages::cargo_subcommand("cargo-deny")?;
    run::step("deny", run::cargo(["deny", "--log-level", "error", "check", "licenses", "bans", "sources"]))
}
