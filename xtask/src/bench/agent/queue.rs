//! The queue alone: rows taken in, leased and settled in a second, and its memory with a million waiting.

use std::fs;
use std::process::Command;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::stand::Stand;

/// For how many edges each URL is.
const EDGES: [u64; 3] = [1, 10, 100];

/// What `queue_figures` found.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Figures {
    pub(super) edges: u64,
    pub(super) rows: u64,
    pub(super) enqueued_per_s: f64,
    pub(super) leased_and_settled_per_s: f64,
    pub(super) rss_waiting_kib: u64,
    pub(super) rss_peak_kib: u64,
    pub(super) disk_kib: u64,
}

pub(super) fn measure(stand: &Stand) -> anyhow::Result<Vec<Figures>> {
    EDGES.iter().map(|edges| once(stand, *edges)).collect()
}

fn once(stand: &Stand, edges: u64) -> anyhow::Result<Figures> {
    let dir = stand.work.join("queue");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let mut command = Command::new(&stand.queue);
    let output = command.arg(&dir).args([stand.rows.to_string(), edges.to_string()]).output()?;
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    Ok(serde_json::from_slice(&output.stdout)?)
}
