//! The counters that the incident tests rest on: they must see what the kernel holds.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::nginx::Nginx;
use forebay_testkit::notice;
use forebay_testkit::pattern::sparse_file;
use forebay_testkit::peer::Kind;
use forebay_testkit::process::Server;
use forebay_testkit::readers::{Stall, StalledReaders};

/// Starts a peer, inside a group if one is given.
pub(crate) fn start_peer(kind: Kind, root: &Path, group: Option<&MemoryGroup>) -> Server {
    let program = Path::new(env!("CARGO_BIN_EXE_peer"));
    let mut command = group.map_or_else(|| Command::new(program), |g| g.command(program));
    command.arg(kind.name()).arg(root);
    Server::start(command).unwrap()
}

#[tokio::test]
async fn the_group_counts_socket_memory_that_no_process_shows() {
    let group = match MemoryGroup::create(None) {
        Ok(group) => group,
        Err(why) => return notice::skipped(why),
    };
    if !Nginx::is_installed() {
        return notice::skipped("nginx is not installed");
    }
    let dir = tempfile::tempdir().unwrap();
    sparse_file(&dir.path().join("big"), 1 << 30).unwrap();
    let server = Nginx::configure(&dir.path().join("nginx"), dir.path(), None).unwrap();
    let server = server.start(Some(&group)).unwrap();
    // The first readers make both workers initialise what they hold anyway.
    let mut readers = StalledReaders::open(server.addr, &Stall::get("/big"), 20).await;
    let before = (group.usage(), server.figures());
    readers.add(server.addr, &Stall::get("/big"), 50).await;
    assert_eq!(readers.len(), 70, "{} failed\n{}", readers.failed(), server.said());
    let after = (group.usage(), server.figures());
    let sockets = after.0.sockets - before.0.sockets;
    let user = (after.1 - before.1).anon;
    assert!(sockets > 50 << 20, "nginx pins megabytes for each stalled reader, counted {sockets}");
    assert!(user < 50 * (64 << 10), "while its own memory barely grows, counted {user}");
}

#[test]
fn a_process_that_takes_more_than_its_group_is_killed_and_counted() {
    let group = match MemoryGroup::create(Some(32 << 20)) {
        Ok(group) => group,
        Err(why) => return notice::skipped(why),
    };
    let watch = group.watch(Duration::from_millis(5));
    let mut command = group.command(Path::new("sh"));
    let status =
        command.args(["-c", "x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo ${#x}"]).status().unwrap();
    assert!(group.oom_kills() > 0, "{status}, peak {}", watch.peak());
    assert!(watch.peak().usage > 24 << 20);
}
