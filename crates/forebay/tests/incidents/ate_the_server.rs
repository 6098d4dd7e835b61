//! The download endpoint that ate the server.
//!
//! A service in a small container served downloads; under concurrency its memory grew with its clients
//! until the kernel ended it. Here: a memory cgroup of 96 MiB, 500 clients that ask for 4 GiB and read
//! nothing, 50 honest downloads, listings of a huge directory, archives and range bombs, at once.
//!
//! The counter is what the group holds *and* what the kernel holds for its sockets. cgroup v1 does not
//! count sockets towards the limit, so a server can live there and still cost its machine gigabytes: the sum is
//! asserted, not only survival.

use std::time::Duration;

use forebay_testkit::admin::{self, MemoryReport};
use forebay_testkit::cgroup::{MemoryGroup, Usage};
use forebay_testkit::notice;
use forebay_testkit::peer::Kind;
use forebay_testkit::response::End;

use crate::load::{self, LARGE, STALLED, Site};
use crate::{forebay, peer};

/// The container of the incident, in bytes.
const CONTAINER: u64 = 96 << 20;

/// The group, or a notice that nobody overlooks.
fn container() -> Option<MemoryGroup> {
    match MemoryGroup::create(Some(CONTAINER)) {
        Ok(group) => Some(group),
        Err(why) => {
            notice::skipped(format!("{why}; run as root where cgroups can be made"));
            None
        }
    }
}

/// What the load did to a naive peer.
struct Harm {
    oom_kills: u64,
    peak: Usage,
}

async fn harm_to(kind: Kind) -> Option<Harm> {
    let _alone = crate::ALONE.lock().await;
    let group = container()?;
    let site = Site::create();
    let server = peer::start(kind, site.root(), &group);
    let watch = group.watch(Duration::from_millis(5));
    let report = load::run(server.addr).await;
    let harm = Harm { oom_kills: group.oom_kills(), peak: watch.peak() };
    println!("{}: {}", kind.name(), report.summary(&site));
    println!("{}: {} killed, {}", kind.name(), harm.oom_kills, harm.peak);
    Some(harm)
}

#[tokio::test]
async fn a_handler_that_reads_the_whole_file_is_killed() {
    let Some(harm) = harm_to(Kind::WholeBody).await else { return };
    assert!(harm.oom_kills > 0, "{}", harm.peak);
}

#[tokio::test]
async fn a_server_that_streams_in_chunks_exceeds_the_container_all_the_same() {
    let Some(harm) = harm_to(Kind::ServeDir).await else { return };
    assert!(harm.peak.sum > CONTAINER, "{}", harm.peak);
    assert!(harm.peak.sockets > CONTAINER, "what the kernel holds alone is too much: {}", harm.peak);
}

/// Slow enough for everything else to happen while they are held, fast enough for a test.
const LIMITS: [&str; 6] = ["--min-rate", "4KiB/s", "--min-rate-grace", "12s", "--stall-timeout", "120s"];

#[tokio::test]
async fn forebay_serves_the_same_load_within_the_container() {
    let _alone = crate::ALONE.lock().await;
    let Some(group) = container() else { return };
    let site = Site::create();
    let mut server =
        forebay::serve(site.root(), Some(&group), &[&["--memory", "64MiB"], &LIMITS[..]].concat());
    let operators = server.admin.unwrap();
    let rest = MemoryReport::read(operators).unwrap();
    let watch = group.watch(Duration::from_millis(5));

    let report = load::run(server.addr).await;
    let held = report.stalled.len() - report.stalled.cut();
    println!("forebay: {}", report.summary(&site));
    println!("forebay: {} killed, {}", group.oom_kills(), watch.peak());
    assert_eq!(held, STALLED, "the honest downloads ran beside all of them: {:?}", report.stalled.refused());
    for (index, download) in report.downloads.iter().enumerate() {
        let got = download.as_ref().unwrap();
        assert!(site.is_right(index, got), "download {index}: {got:?}");
    }
    assert_eq!(report.bombs.promised(), [Some(LARGE); 4], "a range bomb is answered with one object at most");
    for got in report.listings.iter().chain(&report.archives) {
        let got = got.as_ref().unwrap();
        assert_eq!((got.head.status, got.end), (200, End::Complete), "{:?}", got.head);
    }

    assert_eq!(
        report.stalled.wait_until_cut(Duration::from_secs(60)).await,
        0,
        "all stalled readers are cut"
    );
    let cut = forebay::counter(operators, "forebay_connections_ended_total", "min_rate");
    assert!(cut >= STALLED as f64, "by the minimum rate, not by chance: {cut}");
    drop(report);
    let idle = admin::wait_until_at_rest(operators, &rest, Duration::from_secs(20)).await;
    assert!(idle.is_ok(), "still held: {idle:?}");

    let peak = watch.peak();
    println!("forebay: {} killed, {peak}", group.oom_kills());
    assert_eq!(group.oom_kills(), 0);
    assert!(server.has_ended().unwrap().is_none(), "{}", server.said());
    assert!(peak.sum <= CONTAINER, "{peak}");
}
