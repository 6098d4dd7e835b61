//! The Debian packages that the tests and benches drive as real peers.
//!
//! A bare machine has none of them. As root they are installed; otherwise the missing ones are named and the run goes on, because
//! every test that needs one says so itself.

use std::path::PathBuf;
use std::process::Command;

use crate::run;

/// A program that a test starts, and the package that brings it.
const NEEDED: [(&str, &str); 11] = [
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("g++", "g++"),
    ("go", "golang-go"),
    ("ip", "iproute2"),
    ("jq", "jq"),
    ("nghttp", "nghttp2-client"),
    ("nginx", "nginx"),
    ("slowhttptest", "slowhttptest"),
    ("strace", "strace"),
    ("wrk", "wrk"),
];

/// Installs what is missing, or says what is.
///
/// # Errors
/// When we are root and the installation fails.
pub(crate) fn install_missing() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !run::on_path(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() || !run::on_path("apt-get") {
        eprintln!("these packages are missing, tests that need them will say so: {}", missing.join(" "));
        return Ok(());
    }
    run::step("package lists", apt(["update", "-qq"]))?;
    let mut install = apt(["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(missing);
    run::step("packages", install)
}

fn apt<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
    command
}

/// Makes sure that cargo finds a subcommand; builds it where it does not.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn cargo_subcommand(name: &str) -> anyhow::Result<()> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    if run::on_path(name) || home.is_some_and(|home| home.join("bin").join(name).is_file()) {
        return Ok(());
    }
    run::step(&format!("install {name}"), run::cargo(["install", "--quiet", "--locked", name]))
}
