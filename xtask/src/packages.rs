//! The Debian packages that the tests and benches drive as real peers.
//!
//! A bare machine has none of them. As root they are installed; otherwise the missing ones are named and the run goes on, because
//! every test that needs one says so itself.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run;

/// A program that a test, a fuzz target or a bench starts, and the package that brings it.
const NEEDED: [(&str, &str); 14] = [
    ("aria2c", "aria2"),
    ("curl", "curl"),
    ("g++", "g++"),
    ("go", "golang-go"),
    ("ip", "iproute2"),
    ("nats-server", "nats-server"),
    ("nginx", "nginx"),
    ("rclone", "rclone"),
    ("slowhttptest", "slowhttptest"),
    ("squid", "squid"),
    ("strace", "strace"),
    ("traffic_server", "trafficserver"),
    ("varnishd", "varnish"),
    ("wrk", "wrk"),
];

/// A part of nginx that is a package of its own, and the file that it brings.
const PURGE_MODULE: (&str, &str) =
    ("/usr/lib/nginx/modules/ngx_http_cache_purge_module.so", "libnginx-mod-http-cache-purge");

/// Installs what is missing, or says what is.
///
/// # Errors
/// When we are root and the installation fails.
pub(crate) fn install_missing() -> anyhow::Result<()> {
    let mut missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !run::on_path(program)).map(|(_, package)| *package).collect();
    if !Path::new(PURGE_MODULE.0).is_file() {
        missing.push(PURGE_MODULE.1);
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() || !run::on_path("apt-get") {
        eprintln!("these packages are missing, tests that need them will say so: {}", missing.join(" "));
        return Ok(());
    }
    let _nothing_starts = NoStarts::at(POLICY)?;
    run::step("package lists", apt(["update", "-qq"]))?;
    let mut install = apt(["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(missing);
    run::step("packages", install)
}

/// What Debian asks before a package starts its service (`invoke-rc.d(8)`). Most containers have one that always says no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

const REFUSAL: &str = "#!/bin/sh
# While cargo xtask installs servers for its tests, none of them is started as a service.
exit 101
";

/// As long as it lives no package starts a service, unless the machine has a policy of its own.
struct NoStarts(Option<PathBuf>);

impl NoStarts {
    fn at(path: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let path = path.into();
        // One that is to the letter ours was left behind by a run that was killed.
        if path.exists() && std::fs::read_to_string(&path)? != REFUSAL {
            return Ok(Self(None));
        }
        std::fs::write(&path, REFUSAL)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        Ok(Self(Some(path)))
    }
}

impl Drop for NoStarts {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _gone_already = std::fs::remove_file(path);
        }
    }
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

    #[test]
    fn a_policy_of_the_machine_stays_and_one_of_ours_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy-rc.d");
        for before in [None, Some(REFUSAL), Some("#!/bin/sh\nexit 0\n")] {
            if let Some(text) = before {
                std::fs::write(&path, text).unwrap();
            }
            let policy = NoStarts::at(&path).unwrap();
            let during = std::fs::read_to_string(&path).unwrap();
            drop(policy);
            let own = before.filter(|text| *text != REFUSAL);
            assert_eq!(during, own.unwrap_or(REFUSAL));
            assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), own);
        }
    }

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
