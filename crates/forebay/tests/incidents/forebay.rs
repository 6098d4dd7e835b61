//! The program under test, started as an operator would.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::process::Server;
use forebay_testkit::raw;

/// Starts `forebay serve` on free ports, inside a group if one is given.
pub(crate) fn serve(root: &Path, group: Option<&MemoryGroup>, arguments: &[&str]) -> Server {
    let program = Path::new(env!("CARGO_BIN_EXE_forebay"));
    let mut command = group.map_or_else(|| Command::new(program), |g| g.command(program));
    command
        .arg("serve")
        .arg(root)
        .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .args(arguments);
    // No forebay.toml of the place where the tests are run.
    command.current_dir(root);
    Server::start(command).unwrap()
}

/// The value of a counter with this label on the metrics page.
pub(crate) fn counter(admin: SocketAddr, name: &str, label: &str) -> f64 {
    let page = raw::get(admin, "/metrics").unwrap();
    let page = String::from_utf8(page.body).unwrap();
    let line = page.lines().find(|line| line.starts_with(name) && line.contains(label));
    line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).unwrap_or(0.0)
}
