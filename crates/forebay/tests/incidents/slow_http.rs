//! Clients that hold connections by being slow: heads that never end, bodies that are never taken.
//!
//! `slowhttptest` plays them. On a server without limits its run ends by its own clock with every connection
//! still open (shown first); on forebay because no connection is left.

use std::path::Path;
use std::process::Command;

use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::notice;
use forebay_testkit::pattern::sparse_file;
use forebay_testkit::peer::Kind;
use forebay_testkit::process::Server;
use forebay_testkit::raw;

use crate::{forebay, peer};

/// Connections of one attack.
const CONNECTIONS: &str = "200";
const LIMITS: [&str; 8] =
    ["--head-timeout", "3s", "--min-rate", "4KiB/s", "--min-rate-grace", "3s", "--stall-timeout", "60s"];

/// Runs an attack of at most `seconds` and returns what it says at the end; `None` without the program.
fn attack(server: &Server, target: &str, seconds: &str, kind: &[&str]) -> Option<String> {
    let url = format!("http://{}{target}", server.addr);
    let output = Command::new("slowhttptest")
        .args(["-c", CONNECTIONS, "-r", CONNECTIONS, "-p", "5", "-l", seconds, "-u", &url])
        .args(kind)
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            notice::skipped("slowhttptest is not installed");
            None
        }
    }
}

const SLOW_HEADERS: [&str; 5] = ["-H", "-i", "1", "-x", "24"];
/// Half a kibibyte a second: below the minimum rate, but fast enough to notice the reset behind what is buffered.
const SLOW_READ: [&str; 9] = ["-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "1024"];

fn site() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(dir.path().join("small.txt"), "hello").unwrap();
    sparse_file(&dir.path().join("large.bin"), 1 << 30).unwrap();
    dir
}

#[test]
fn a_server_without_limits_is_held_by_slow_heads() {
    let _alone = crate::ALONE.blocking_lock();
    let site = site();
    let group = match MemoryGroup::create(None) {
        Ok(group) => group,
        Err(why) => return notice::skipped(why),
    };
    let server = peer::start(Kind::ServeDir, site.path(), &group);
    let Some(said) = attack(&server, "/small.txt", "6", &SLOW_HEADERS) else { return };
    assert!(said.contains("Hit test time limit"), "{said}");
}

#[test]
fn slow_heads_are_cut_and_the_service_stays_available() {
    survives("/small.txt", &SLOW_HEADERS, "head");
}

#[test]
fn slow_readers_are_cut_and_the_service_stays_available() {
    survives("/large.bin", &SLOW_READ, "min_rate");
}

fn survives(target: &str, kind: &[&str], limit: &str) {
    let _alone = crate::ALONE.blocking_lock();
    let site = site();
    let server = forebay::serve(Path::new(site.path()), None, &LIMITS);
    let Some(said) = attack(&server, target, "60", kind) else { return };
    assert!(said.contains("No open connections left"), "{said}");
    assert!(!said.contains("service available:   NO"), "{said}");
    let cut = forebay::counter(server.admin.unwrap(), "forebay_connections_ended_total", limit);
    assert!(cut >= 200.0, "by the limit that is meant for it ({limit}): {cut}");
    assert_eq!(raw::get(server.addr, "/small.txt").unwrap().body, b"hello");
}
