//! The precache agent killed by its own GETs.
//!
//! A fleet of agents sent purges and precache GETs to caches at a high rate. The files were small, until one day they were not: many
//! bodies at once, each read whole, and the kernel ended the agent. Here: an agent of 32 MiB in a container of 64, 48 objects of 1 GiB to
//! be warmed with up to 256 at once, and beside them 20,000 purges on Traffic Server.
//!
//! The counter is what the group holds and what the kernel holds for its sockets. nginx and one file without content stand in for the
//! edge that has the objects: a real cache would fill the disk, and what is at stake is on this side.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_testkit::agent::{self, Api};
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::edges::ats::{Ats, Setup};
use forebay_testkit::fake_origin::FakeOrigin;
use forebay_testkit::naive;
use forebay_testkit::nginx::Nginx;
use forebay_testkit::notice;
use forebay_testkit::pattern::sparse_file;
use forebay_testkit::process::Server;
use serde_json::Value;

/// The container, in bytes.
const CONTAINER: u64 = 64 << 20;
const OBJECTS: u64 = 48;
/// The length of each.
const EACH: u64 = 1 << 30;
const PURGES: u64 = 20_000;

/// An edge that has the large objects. One file with many names: its pages are in memory once.
struct Edge {
    nginx: Server,
    dir: tempfile::TempDir,
}

impl Edge {
    fn start() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        sparse_file(&root.join("0"), EACH).unwrap();
        for n in 1..OBJECTS {
            fs::hard_link(root.join("0"), root.join(n.to_string())).unwrap();
        }
        let nginx = Nginx::configure(&dir.path().join("nginx"), &root, None).unwrap();
        Self { nginx: nginx.start(None).unwrap(), dir }
    }
}

fn urls(count: u64) -> Vec<String> {
    (0..count).map(|n| format!("http://www.example.test/{n}")).collect()
}

/// The agent in the container, with a queue of its own and no configuration of this machine.
fn agent(group: &MemoryGroup, dir: &Path, large: SocketAddr, small: SocketAddr) -> Server {
    let program = group.command(Path::new(env!("CARGO_BIN_EXE_forebay")));
    let mut command = agent::on_free_ports(program, dir);
    command.arg(format!("--edge=http://{large} kind=nginx name=large bulk=256"));
    command.arg(format!("--edge=http://{small} kind=ats name=small")).args(["--memory", "32MiB"]);
    Server::start(command).unwrap()
}

/// What the naive agent does in a process of its own: a file in its directory says where.
#[test]
#[ignore = "a part of another test, which starts it in a container"]
fn the_naive_agent_of_the_container() {
    let Ok(address) = fs::read_to_string("address") else { return };
    let targets: Vec<_> = (0..OBJECTS).map(|n| format!("/{n}")).collect();
    naive::read_whole(address.parse().unwrap(), &targets, 48).unwrap();
}

#[tokio::test]
async fn the_naive_agent_is_killed_by_its_own_gets_and_ours_warms_and_purges() {
    let _alone = crate::ALONE.lock().await;
    if !Nginx::is_installed() || !Ats::is_installed() {
        return notice::skipped("nginx and Traffic Server are needed");
    }
    let group = || MemoryGroup::create(Some(CONTAINER));
    let (theirs, ours) = match (group(), group()) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(why), _) | (_, Err(why)) => {
            return notice::skipped(format!("{why}; run as root where cgroups can be made"));
        }
    };
    let edge = Edge::start();
    fs::write(edge.dir.path().join("address"), edge.nginx.addr.to_string()).unwrap();
    let mut naive: Command = theirs.command(&std::env::current_exe().unwrap());
    naive.args(["--exact", "its_own_gets::the_naive_agent_of_the_container", "--ignored"]);
    let ended = naive.current_dir(edge.dir.path()).stdout(Stdio::null()).status().unwrap();
    assert!(theirs.oom_kills() > 0 && !ended.success(), "{ended}");

    let origin = FakeOrigin::start().unwrap();
    let ats = Ats::configure(&edge.dir.path().join("ats"), origin.addr(), Setup::default()).unwrap();
    let ats = ats.start().unwrap();

    let watch = ours.watch(Duration::from_millis(5));
    let server = agent(&ours, edge.dir.path(), edge.nginx.addr, ats.addr);
    let api = Api::of(&server);
    let submit = |action: &str, edge: &str, count: u64| {
        api.submit_list(&format!("action={action}&edge={edge}"), &urls(count)).unwrap()
    };
    let (warm, purge) = (submit("warm", "large", OBJECTS), submit("purge", "small", PURGES));
    let is_over = |job: &Value| job.get("ended").is_some();
    let purged = api.until(&purge, is_over).unwrap();
    assert!(!is_over(&api.job(&warm).unwrap()), "the purges were done beside it, not after it");
    let warmed = api.until(&warm, is_over).unwrap();
    let peak = watch.peak();
    println!("ours: {} killed, {peak}; {warmed}; {purged}", ours.oom_kills());

    assert_eq!(ours.oom_kills(), 0, "{peak}");
    let objects = api.rows(&warm, "").unwrap();
    assert!(objects.iter().all(|row| row["bytes"] == EACH), "every byte is counted: {objects:?}");
    assert_eq!(warmed["rows"]["succeeded"], OBJECTS, "{warmed}");
    assert_eq!(purged["rows"]["succeeded"], PURGES, "{purged}");
    // Not one purge had to be asked for twice, beside 48 GiB.
    let rows = api.rows(&purge, "").unwrap();
    assert!(rows.iter().all(|row| row["outcome"] == "absent" && row["attempts"] == 1), "{rows:?}");
    assert_eq!(origin.counts().0, 0);
    // Of the rest, the page cache, the kernel takes back what it needs.
    assert!(peak.anon + peak.sockets <= CONTAINER, "{peak}");
}
