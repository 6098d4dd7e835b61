//! A thousand objects of 1 GiB, as many at once as 32 MiB are enough for, and beside them 200,000 purges, by one agent; what its memory was
//! meanwhile; and what becomes of a client that reads each object whole in the same container.
//!
//! The objects are sparse files behind nginx: what is measured is the agent, and a cache would only fill the disk.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use forebay_testkit::agent::{self, Api};
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::edges::ats::{Ats, Setup};
use forebay_testkit::peak;
use forebay_testkit::process::Server;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::stand::Stand;

/// The memory group: the plan, and as much again for what a plan does not count.
const GROUP: u64 = 64 << 20;
/// Objects from the edge at once, if there is memory for them.
pub(super) const AT_ONCE: u64 = 256;
/// URLs of a job, at most.
const JOB: u64 = 100_000;
/// How often a group is looked at: one that is soon dead, and one that goes on for minutes.
const SOON: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Many {
    pub(super) objects: u64,
    /// How many were under way when the purges were over.
    pub(super) at_once: u64,
    pub(super) purges: u64,
    /// Seconds until the last object had come.
    pub(super) warmed_after: f64,
    /// Seconds until the last purge was answered.
    pub(super) purged_after: f64,
    /// Processor seconds of the agent.
    pub(super) cpu: f64,
    pub(super) bytes: u64,
    /// The most resident memory of the agent, in bytes.
    pub(super) peak: u64,
    /// User and kernel memory of the agent's group: seconds, and bytes.
    pub(super) ours: Vec<(f64, u64)>,
    /// The same of the client that reads whole, until it was killed.
    pub(super) theirs: Vec<(f64, u64)>,
}

pub(super) fn measure(stand: &Stand) -> anyhow::Result<Many> {
    let bulk = stand.nginx(false)?;
    let small = Ats::configure(&stand.work.join("ats"), bulk.addr, Setup::default())?.start()?;
    let theirs = naive(stand, &bulk)?;
    let dir = stand.work.join("many");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let group = Arc::new(MemoryGroup::create(Some(GROUP))?);
    let mut command = agent::on_free_ports(group.command(&stand.forebay), &dir);
    command.arg(format!("--edge=http://{} kind=nginx name=large bulk={AT_ONCE}", bulk.addr));
    command.arg(format!("--edge=http://{} kind=ats name=small", small.addr));
    command.args(["--memory", "32MiB"]);
    let server = Server::start(command)?;
    let (api, watch) = (Api::of(&server), Curve::follow(&group, SELDOM));
    let warm = api.submit_list("action=warm&edge=large", &urls("sparse", 0..stand.many))?;
    let purges: Vec<String> = (0..stand.beside.div_ceil(JOB))
        .map(|n| urls("small", n * JOB..stand.beside.min((n + 1) * JOB)))
        .map(|urls| api.submit_list("action=purge&edge=small", &urls))
        .collect::<Result<_, _>>()?;
    let began = Instant::now();
    for job in &purges {
        ended(api, job)?;
    }
    let purged_after = began.elapsed().as_secs_f64();
    let at_once = under_way(api)?;
    ended(api, &warm)?;
    let warmed_after = began.elapsed().as_secs_f64();
    let (ours, cpu, peak) =
        (watch.finish(), server.figures().cpu.as_secs_f64(), peak::resident(server.pid()));
    let bytes: u64 = api.rows(&warm, "")?.iter().filter_map(|row| row["bytes"].as_u64()).sum();
    ensure!(bytes == stand.many << 30, "not every byte was counted: {bytes}");
    server.stop(PATIENCE)?;
    ensure!(group.oom_kills() == 0, "something was killed");
    eprintln!("{warmed_after:.0} s, purges {purged_after:.0} s, {:.2} cpu-s/GB", cpu / (bytes as f64 / 1e9));
    let purges = stand.beside;
    Ok(Many {
        objects: stand.many,
        at_once,
        purges,
        warmed_after,
        purged_after,
        cpu,
        bytes,
        peak,
        ours,
        theirs,
    })
}

/// A job once it is over and all of it was done.
fn ended(api: Api, id: &str) -> anyhow::Result<()> {
    let job = loop {
        // Minutes may pass.
        if let Ok(job) = api.until(id, |job| job.get("ended").is_some()) {
            break job;
        }
        api.job(id)?;
    };
    ensure!(job["state"] == "succeeded", "{job}");
    Ok(())
}

/// Objects that are being fetched now.
fn under_way(api: Api) -> anyhow::Result<u64> {
    let (_, edges) = api.ask("GET", "/v1/edges", "", "")?;
    let edges = edges["items"].as_array().context("no edges")?;
    Ok(edges.iter().filter_map(|edge| edge["bulk"]["in_use"].as_u64()).sum())
}

fn urls(path: &str, numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| format!("http://{}/{path}?{n}", forebay_testkit::edges::HOST)).collect()
}

/// The curve of the client that reads whole, which has to be killed.
fn naive(stand: &Stand, edge: &Server) -> anyhow::Result<Vec<(f64, u64)>> {
    let group = Arc::new(MemoryGroup::create(Some(GROUP))?);
    let watch = Curve::follow(&group, SOON);
    let mut command: Command = group.command(&stand.peer);
    command.args(["read-whole", &edge.addr.to_string(), "/sparse", &AT_ONCE.to_string()]);
    let ended = command.stdout(Stdio::null()).status().context("the peer does not start")?;
    let curve = watch.finish();
    ensure!(group.oom_kills() > 0 && !ended.success(), "the client that reads whole was not killed: {ended}");
    Ok(curve)
}

/// What a group holds, over time.
struct Curve {
    done: SyncSender<()>,
    watcher: JoinHandle<Vec<(f64, u64)>>,
}

impl Curve {
    fn follow(group: &Arc<MemoryGroup>, every: Duration) -> Self {
        let (done, ended) = sync_channel(0);
        let (began, group) = (Instant::now(), Arc::clone(group));
        let watcher = thread::spawn(move || {
            let mut curve = Vec::new();
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let usage = group.usage();
                curve.push((began.elapsed().as_secs_f64(), usage.anon + usage.sockets));
            }
            curve
        });
        Self { done, watcher }
    }

    fn finish(self) -> Vec<(f64, u64)> {
        drop(self.done);
        self.watcher.join().unwrap_or_default()
    }
}
