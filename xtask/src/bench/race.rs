//! One command, run and counted.
//!
//! Wall time from start to end; processor time as the kernel adds it up for children that were waited for; the peak of resident
//! memory as the kernel keeps it (`VmHWM`), read until the process is gone.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_testkit::peak::Watch;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::results::median;

/// One contestant of a part, and what its runs came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) runs: Vec<Run>,
    /// Why it has no runs, or no more.
    pub(crate) failed: Option<String>,
}

/// One run: seconds, processor seconds, bytes of memory at the peak, and what was moved.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Run {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) peak: u64,
    pub(crate) bytes: u64,
    pub(crate) objects: u64,
}

/// Somebody who does it, by name.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'a str,
    pub(crate) command: Box<dyn Fn() -> Command + 'a>,
    /// What it reads from standard input.
    pub(crate) input: Option<&'a std::path::Path>,
}

/// What is the same for all of them.
pub(crate) struct Race<'a> {
    pub(crate) bytes: u64,
    pub(crate) objects: u64,
    pub(crate) rounds: usize,
    /// Before each run.
    pub(crate) clear: &'a dyn Fn() -> anyhow::Result<()>,
    /// After each run.
    pub(crate) check: &'a dyn Fn() -> anyhow::Result<()>,
}

impl Measured {
    pub(crate) fn wall(&self) -> f64 {
        median(self.runs.iter().map(|r| r.wall))
    }

    pub(crate) fn cpu_per_gb(&self) -> f64 {
        median(self.runs.iter().map(|r| r.cpu / (r.bytes as f64 / 1e9)))
    }

    pub(crate) fn bytes_per_second(&self) -> f64 {
        median(self.runs.iter().map(|r| r.bytes as f64 / r.wall))
    }

    pub(crate) fn objects_per_second(&self) -> f64 {
        median(self.runs.iter().map(|r| r.objects as f64 / r.wall))
    }

    pub(crate) fn cpu_per_object(&self) -> f64 {
        median(self.runs.iter().map(|r| r.cpu / r.objects as f64))
    }

    /// The worst of all runs.
    pub(crate) fn peak(&self) -> u64 {
        self.runs.iter().map(|r| r.peak).max().unwrap_or(0)
    }
}

/// Everybody in turn, so many times. Who fails once is out, with the reason.
pub(crate) fn race(race: &Race<'_>, contestants: &[Contestant<'_>]) -> anyhow::Result<Vec<Measured>> {
    let fresh = |c: &Contestant<'_>| Measured { name: c.name.to_owned(), runs: Vec::new(), failed: None };
    let mut all: Vec<Measured> = contestants.iter().map(fresh).collect();
    for round in 0..race.rounds {
        for (contestant, measured) in contestants.iter().zip(&mut all) {
            if measured.failed.is_some() {
                continue;
            }
            (race.clear)()?;
            match once(contestant, race).and_then(|run| (race.check)().map(|()| run)) {
                Ok(run) => {
                    eprintln!("{round} {}: {:.2} s, {:.2} cpu-s", contestant.name, run.wall, run.cpu);
                    measured.runs.push(run);
                }
                Err(why) => {
                    eprintln!("{round} {}: {why:#}", contestant.name);
                    measured.failed = Some(format!("{why:#}"));
                }
            }
        }
    }
    (race.clear)()?;
    Ok(all)
}

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(180);

fn once(contestant: &Contestant<'_>, race: &Race<'_>) -> anyhow::Result<Run> {
    let mut command = (contestant.command)();
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.stdin(if contestant.input.is_some() { Stdio::piped() } else { Stdio::null() });
    let before = children_cpu();
    let began = Instant::now();
    let mut child = command.spawn().context("it does not start")?;
    let watch = Watch::start(child.id());
    let feeder = child.stdin.take().zip(contestant.input).map(|(mut pipe, path)| {
        let path = path.to_owned();
        // A client that ends early breaks the pipe, and its status says so.
        std::thread::spawn(move || {
            fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut pipe))
        })
    });
    let kill = rustix::process::Pid::from_child(&child);
    let (done, late) = std::sync::mpsc::sync_channel::<()>(1);
    let guard = std::thread::spawn(move || {
        if late.recv_timeout(PATIENCE).is_err() {
            let _ = rustix::process::kill_process(kill, rustix::process::Signal::KILL);
        }
    });
    let output = child.wait_with_output()?;
    let wall = began.elapsed().as_secs_f64();
    let _ = (done.send(()), guard.join(), feeder.map(std::thread::JoinHandle::join));
    let run = Run {
        wall,
        cpu: children_cpu() - before,
        peak: watch.finish(),
        bytes: race.bytes,
        objects: race.objects,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}", output.status, said.lines().last().unwrap_or("it said nothing"));
    }
    Ok(run)
}

/// User and system time of the children that were waited for: fields 16 and 17 of `proc_pid_stat(5)`.
pub(crate) fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(13).take(2);
    let ticks: f64 = fields.filter_map(|f| f.parse::<f64>().ok()).sum();
    ticks / rustix::param::clock_ticks_per_second() as f64
}
