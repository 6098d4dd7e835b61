//! The load generator: `wrk`, with a script that prints its exact totals.
//!
//! Its own report rounds ("1.20GB read"); ratios near one need the bytes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::contender::Running;
use super::results::Round;

/// One run of the load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) url: &'a str,
    pub(crate) connections: u32,
    pub(crate) lasting: Duration,
}

#[derive(Deserialize)]
struct Totals {
    requests: f64,
    bytes: f64,
    micros: f64,
    p50: f64,
    p99: f64,
    errors: f64,
}

const SCRIPT: &str = r#"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%.0f,"bytes":%.0f,"micros":%.0f,"p50":%.0f,"p99":%.0f,"errors":%.0f}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status))
end
"#;

/// Loads a running contender and reads what it cost.
///
/// # Errors
/// wrk is missing, or the server refused the load.
pub(crate) fn load(running: &Running, work: &Path, load: Load<'_>) -> anyhow::Result<Round> {
    let script = work.join("totals.lua");
    fs::write(&script, SCRIPT)?;
    let watch = running.group.as_ref().map(|group| group.watch(Duration::from_millis(100)));
    let before = running.server.figures();
    let output = Command::new("wrk")
        .args(["-t1", "-c", &load.connections.to_string(), "-d"])
        .arg(format!("{}s", load.lasting.as_secs().max(1)))
        .args(["--timeout", "60s", "-s"])
        .arg(&script)
        .arg(load.url)
        .output()
        .context("wrk is not installed")?;
    let after = running.server.figures();
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(totals) = text.lines().find(|line| line.starts_with('{')) else {
        bail!("wrk {}: {text}{}", load.url, String::from_utf8_lossy(&output.stderr));
    };
    let totals: Totals = serde_json::from_str(totals)?;
    let peak = watch.map(|watch| watch.peak());
    Ok(Round {
        seconds: totals.micros / 1e6,
        bytes: totals.bytes,
        requests: totals.requests,
        p50: totals.p50,
        p99: totals.p99,
        errors: totals.errors,
        cpu: (after - before).cpu.as_secs_f64(),
        anon: peak.map_or(after.anon, |p| p.anon),
        sockets: peak.map(|p| p.sockets),
    })
}
