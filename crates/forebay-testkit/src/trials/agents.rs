//! An agent that is killed again and again while jobs come in.
//!
//! What it answered is what it is held to: a job that it took in is done, a URL that it called done is done and is not done again.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Lot, Outcome, Trials};
use crate::agent::{self, Api};
use crate::fake_edge::{FakeEdge, Flavour};
use crate::process::Server;

/// URLs of a job.
const URLS: u64 = 400;
/// Bytes of each object.
const BYTES: u64 = 1000;
/// How long a process may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was said of a job before the kill.
struct Said {
    job: String,
    /// How often the edge had been asked for what was done by then.
    done: HashMap<String, u32>,
}

impl Trials {
    /// Submits a job and kills the agent when a part of it is done, so many times over.
    ///
    /// # Errors
    /// A job that is lost or failed, a URL that was called done and is not, or that was done again.
    pub fn killed_agent(&self, seed: u64, kills: u32) -> anyhow::Result<Outcome> {
        if self.dir.exists() {
            fs::remove_dir_all(&self.dir)?;
        }
        fs::create_dir_all(&self.dir)?;
        let mut lot = Lot::new(seed);
        let edge = FakeEdge::start(Flavour::Ats(Default::default()))?;
        edge.put_everywhere(BYTES);
        let mut all = Vec::new();
        for round in 0..kills {
            let mut server = Server::start(self.agent(&edge))?;
            let said = begin(Api::of(&server), &edge, round, lot.below(URLS / 2))?;
            server.signal_kill()?;
            server.wait(PATIENCE)?;
            all.push(said);
        }
        let server = Server::start(self.agent(&edge))?;
        for said in &all {
            check(Api::of(&server), &edge, said)?;
        }
        let saved = all.iter().map(|said| said.done.len() as u64 * BYTES).sum();
        Ok(Outcome { kills, saved })
    }

    fn agent(&self, edge: &FakeEdge) -> Command {
        let mut command = agent::command(&self.program, &self.dir);
        command.arg(format!("--edge=http://{} kind=ats name=a", edge.addr())).args(["--memory", "64MiB"]);
        command
    }
}

/// Submits a job and waits until a part of it is done.
fn begin(api: Api, edge: &FakeEdge, round: u32, part: u64) -> anyhow::Result<Said> {
    let urls: Vec<_> = (0..URLS).map(|n| format!("http://www.example.test/{round}-{n}")).collect();
    let job = api.submit(&json!({"action": "warm", "urls": urls}))?;
    api.until(&job, |job| job["rows"]["succeeded"].as_u64() >= Some(part))?;
    let mut done = HashMap::new();
    for row in api.rows(&job, "&state=succeeded")? {
        let path = path(&row)?;
        let asked = edge.asked(&path).get;
        done.insert(path, asked);
    }
    Ok(Said { job, done })
}

fn check(api: Api, edge: &FakeEdge, said: &Said) -> anyhow::Result<()> {
    let job = api.until(&said.job, |job| job.get("ended").is_some())?;
    ensure!(job["state"] == "succeeded" && job["rows"]["succeeded"] == URLS, "{job}");
    for row in api.rows(&said.job, "")? {
        ensure!(edge.has(&path(&row)?), "it was told to be done: {row}");
    }
    for (path, asked) in &said.done {
        let now = edge.asked(path).get;
        ensure!(now == *asked, "{path} was done, and asked for again: {asked} times, then {now}");
    }
    Ok(())
}

fn path(row: &Value) -> anyhow::Result<String> {
    let name = row["url"].as_str().and_then(|url| url.rsplit('/').next()).context("a row without a URL")?;
    Ok(format!("/{name}"))
}
