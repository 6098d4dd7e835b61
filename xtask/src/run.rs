//! Running a child command as a named step, so that a failure says which step it was and how to repeat it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, bail};

/// The root of the workspace, wherever the task was called from.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// A cargo call at the root of the workspace.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root());
    command
}

/// Where cargo builds to, which may be elsewhere than in the tree.
pub(crate) fn target_directory() -> anyhow::Result<PathBuf> {
    let output = cargo(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .context("cargo metadata names no target directory")
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let found = |dir: PathBuf| dir.join(program).is_file();
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(found))
        || Path::new("/usr/sbin").join(program).is_file()
}

/// Runs one step to its end; prints its name and how long it took.
///
/// # Errors
/// When the command cannot be started or ends with another status than zero.
pub(crate) fn step(name: &str, mut command: Command) -> anyhow::Result<()> {
    eprintln!("── {name}");
    let began = SystemTime::now();
    let status =
        command.status().with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
    let took = began.elapsed().unwrap_or_default().as_secs();
    if !status.success() {
        bail!("{name} failed after {took} s: {command:?}");
    }
    eprintln!("── {name}: done in {took} s");
    Ok(())
}
