//! A list of URLs purged at one Traffic Server, beside the most that a load generator gets out of it.
//!
//! The load generator has no list, no results and no proof: what it reaches is the bound that the edge and this machine set.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use forebay_testkit::edges::HOST;
use forebay_testkit::edges::ats::{Ats, Setup};
use forebay_testkit::peak::Watch;
use serde::Deserialize;
use tokio::time::Instant;

use super::super::race::{Measured, Run, children_cpu};
use super::stand::Stand;

/// Connections of the load generator: as many as forebay has at most.
const CONNECTIONS: u32 = 32;

const SCRIPT: &str = r#"
wrk.method = "PURGE"
wrk.headers["Host"] = "HOST"
local n = 0
request = function() n = n + 1; return wrk.format("PURGE", "/small?" .. n) end
done = function(summary, latency, requests)
  io.write(string.format('{"requests":%.0f,"micros":%.0f}\n', summary.requests, summary.duration))
end
"#;

#[derive(Deserialize)]
struct Totals {
    requests: u64,
    micros: f64,
}

pub(super) fn measure(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Measured>> {
    let origin = stand.nginx(false)?;
    let edge = Ats::configure(&stand.work.join("ats"), origin.addr, Setup::default())?.start()?;
    let list = stand.list("purge", "small", stand.purges)?;
    let script = stand.work.join("purge.lua");
    fs::write(&script, SCRIPT.replace("HOST", HOST))?;
    let forebay = |flags: &[&str]| {
        let mut command = Command::new(&stand.forebay);
        stand.on_edge(&mut command, "purge", edge.addr, false);
        command.arg("--from").arg(&list).args(flags);
        command
    };
    let names = ["forebay", "forebay --json", "forebay --quiet", "forebay --proof always", "wrk"];
    let mut all = names.map(|name| Measured { name: name.to_owned(), runs: Vec::new(), failed: None });
    for round in 0..rounds {
        for measured in &mut all {
            let run = match measured.name.as_str() {
                "wrk" => load(&script, edge.addr)?,
                name => {
                    let flags: Vec<&str> = name.split(' ').skip(1).collect();
                    let (run, _) = counted(forebay(&flags), Stdio::null())?;
                    Run { objects: stand.purges, ..run }
                }
            };
            eprintln!(
                "{round} {}: {:.0}/s, {:.2} cpu-s",
                measured.name,
                run.objects as f64 / run.wall,
                run.cpu
            );
            measured.runs.push(run);
        }
    }
    Ok(all.into())
}

fn load(script: &std::path::Path, edge: SocketAddr) -> anyhow::Result<Run> {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c", &CONNECTIONS.to_string(), "-d", "5s", "-s"]).arg(script);
    command.arg(format!("http://{edge}/"));
    let (run, said) = counted(command, Stdio::piped())?;
    let line = said.lines().find(|line| line.starts_with('{')).with_context(|| format!("wrk: {said}"))?;
    let totals: Totals = serde_json::from_str(line)?;
    Ok(Run { wall: totals.micros / 1e6, objects: totals.requests, ..run })
}

fn counted(mut command: Command, stdout: Stdio) -> anyhow::Result<(Run, String)> {
    let before = children_cpu();
    let began = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn()?;
    let watch = Watch::start(child.id());
    let output = child.wait_with_output()?;
    let wall = began.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok((Run { wall, cpu: children_cpu() - before, peak: watch.finish(), bytes: 0, objects: 0 }, said))
}
