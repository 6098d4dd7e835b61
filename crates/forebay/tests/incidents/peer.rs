//! A naive peer as a process of its own, because a memory cgroup counts processes.
//!
//! It is this test program itself, started again with one test selected: no second program has to be built or found.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::peer::{self, Kind};
use forebay_testkit::process::Server;

/// Says to the child which peer it is, and what it serves.
const ENV: &str = "FOREBAY_NAIVE_PEER";

/// Starts the peer inside the group.
pub(crate) fn start(kind: Kind, root: &Path, group: &MemoryGroup) -> Server {
    let mut command = group.command(&std::env::current_exe().unwrap());
    command.args(["--exact", "peer::a_peer_process", "--ignored", "--nocapture"]);
    command.env(ENV, format!("{}:{}", kind.name(), root.display()));
    Server::start(command).unwrap()
}

#[tokio::test]
#[ignore = "the naive peer itself, started by other tests"]
async fn a_peer_process() {
    let Some(which) = std::env::var_os(ENV) else { return };
    let which = which.into_string().unwrap();
    let (kind, root) = which.split_once(':').unwrap();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    peer::run(Kind::parse(kind).unwrap(), PathBuf::from(root), any_port, None).await.unwrap();
}
