//! The Debian packages that the tests and benches drive as real peers.
//!
//! A bare machine has none of them. As root they are installed; otherwise the missing ones are named and the run goes on, because
//! every test that needs one says so itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run;

/// A program that a test, a fuzz target or a bench starts, and the package that brings it.
const NEEDED: [(&str, &str); 10] = [
    ("aria2c", "aria2"),
    ("curl", "curl"),
    ("g++", "g++"),
    ("go", "golang-go"),
    ("ip", "iproute2"),
    ("nginx", "nginx"),
    ("rclone", "rclone"),
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
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
    command
}

/// A program out of a package that is not installed, because installing it would start a service: the package is only
/// downloaded and unpacked. `None` where that cannot be done.
///
/// # Errors
/// Those of the file system.
pub(crate) fn unpacked(package: &str, program: &str) -> anyhow::Result<Option<PathBuf>> {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program);
    if run::on_path(name) {
        return Ok(Some(name.into()));
    }
    let dir = run::target_directory()?.join("unpacked").join(package);
    let found = dir.join(program);
    if !found.is_file() {
        std::fs::create_dir_all(&dir)?;
        let script = "apt-get -qq download \"$1\" && dpkg-deb -x \"$1\"_*.deb . && rm \"$1\"_*.deb";
        let mut unpack = Command::new("sh");
        unpack
            .args(["-c", script, "sh", package])
            .current_dir(&dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _no_such_package = unpack.status();
    }
    Ok(found.is_file().then_some(found))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The compiler is started by the build of the fuzz targets; everything else by a line of ours.
    #[test]
    fn no_package_is_installed_for_nothing() {
        let sources: Vec<String> = crate::tidy::tracked(&run::root())
            .unwrap()
            .iter()
            .filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
            .filter_map(|file| std::fs::read_to_string(run::root().join(file)).ok())
            .collect();
        for (program, _) in NEEDED.iter().filter(|(program, _)| *program != "g++") {
            let start = format!("Command::new(\"{program}\")");
            assert!(sources.iter().any(|text| text.contains(&start)), "nothing starts {program}");
        }
    }
}
