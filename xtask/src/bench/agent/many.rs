//! A thousand objects of 1 GiB, two hundred and fifty-six at once, in 32 MiB; and what the memory was meanwhile.
//!
//! The objects are sparse files behind nginx: what is measured is the warmer, and a cache would only fill the disk.

use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::ensure;
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::peak::Watch;
use tokio::time::Instant;

use super::super::race::{Measured, Run, children_cpu};
use super::stand::Stand;

/// The memory group: the plan, and as much again for what a plan does not count.
const GROUP: u64 = 64 << 20;
/// How often the group is looked at.
const EVERY: Duration = Duration::from_millis(250);

pub(super) fn measure(stand: &Stand) -> anyhow::Result<(Measured, Vec<(f64, u64)>)> {
    let edge = stand.nginx(false)?;
    let list = stand.list("many", "sparse", stand.many)?;
    let group = MemoryGroup::create(Some(GROUP))?;
    let mut command = group.command(&stand.forebay);
    stand.on_edge(&mut command, "warm", edge.addr, false);
    command.args([
        "--edge-kind",
        "nginx",
        "--quiet",
        "--memory",
        "32MiB",
        "--edge-bulk",
        "256",
        "--json",
        "--from",
    ]);
    command.arg(&list).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (before, began) = (children_cpu(), Instant::now());
    let child = command.spawn()?;
    let watch = Watch::start(child.id());
    let (output, memory) = std::thread::scope(|scope| {
        let (done, ended) = std::sync::mpsc::sync_channel::<()>(0);
        let watcher = scope.spawn(|| {
            let (mut memory, ended) = (Vec::new(), ended);
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let usage = group.usage();
                memory.push((began.elapsed().as_secs_f64(), usage.anon + usage.sockets));
            }
            memory
        });
        let output = child.wait_with_output();
        drop(done);
        (output, watcher.join().unwrap_or_default())
    });
    let (output, wall) = (output?, began.elapsed().as_secs_f64());
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{}: {said}", output.status);
    ensure!(group.oom_kills() == 0, "something was killed");
    let bytes = stand.many << 30;
    ensure!(said.contains(&format!("\"bytes\":{bytes}")), "not every byte was counted: {said}");
    let run = Run { wall, cpu: children_cpu() - before, peak: watch.finish(), bytes, objects: stand.many };
    eprintln!("{:.0} s, {:.2} cpu-s/GB", run.wall, run.cpu / (bytes as f64 / 1e9));
    Ok((
        Measured { name: "forebay --memory 32MiB --edge-bulk 256".to_owned(), runs: vec![run], failed: None },
        memory,
    ))
}
