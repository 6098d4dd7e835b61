//! The section of the page: tables, and verdicts that are computed.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::super::curves::Curves;
use super::super::race::Measured;
use super::{Part, Results};
use crate::run;

/// The picture beside the section.
const PICTURE: &str = "docs/plots/agent-memory.svg";

/// Draws the picture.
pub(super) fn draw(results: &Results) -> anyhow::Result<()> {
    if results.memory.is_empty() {
        return Ok(());
    }
    let points = results.memory.iter().map(|(at, bytes)| (*at, *bytes as f64 / f64::from(1 << 20))).collect();
    let title = "Memory, user and kernel, while 1,000 objects of 1 GiB are warmed, 256 at once";
    let picture = Curves { title, series: vec![("forebay warm", points)] }.draw();
    std::fs::write(run::root().join(PICTURE), picture).context(PICTURE)
}

/// The section as it stands in the page.
pub(super) fn text(results: &Results) -> String {
    let mut out = HEAD.to_owned();
    let m = &results.machine;
    let _ = writeln!(out, "- {} ({} cores), Linux {}, {}", m.processor, m.cores, m.kernel, m.nginx);
    let _ = writeln!(out, "- {}", results.versions.join(", "));
    for (part, (stamp, measured)) in &results.parts {
        let rounds = measured.iter().map(|m| m.runs.len()).max().unwrap_or(0);
        let _ = writeln!(out, "- {}: {rounds} rounds, {} at {}", title(*part), stamp.date, stamp.commit);
    }
    out += "\n### Targets for edges\n\n| what | target | measured | |\n|---|---|---|---|\n";
    for row in rows(results) {
        let met = match row.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        let _ = writeln!(out, "| {} | {} | {} | {met} |", row.what, row.target, row.measured);
    }
    for (part, (_, measured)) in &results.parts {
        let _ = write!(out, "\n### {}\n\n{}", title(*part), table(*part, measured));
        if *part == Part::Many && !results.memory.is_empty() {
            out += "\n![Memory over time](plots/agent-memory.svg)\n";
        }
    }
    out
}

const fn title(part: Part) -> &'static str {
    match part {
        Part::Plain => "8 × 1 GiB to nowhere, plain HTTP",
        Part::Tls => "8 × 1 GiB to nowhere, TLS",
        Part::Purge => "400,000 purges at one Traffic Server",
        Part::Many => "1,000 × 1 GiB, 256 at once, in 32 MiB",
    }
}

fn table(part: Part, measured: &[Measured]) -> String {
    let purge = part == Part::Purge;
    let (rate, cost) = if purge { ("purges/s", "cpu-µs each") } else { ("MB/s", "cpu-s/GB") };
    let mut out = format!("| client | wall s | {rate} | {cost} | peak RSS MiB |\n|---|--:|--:|--:|--:|\n");
    for m in measured {
        if let (Some(why), true) = (&m.failed, m.runs.is_empty()) {
            let _ = writeln!(out, "| {} | failed: {} | | | |", m.name, why.replace('|', "/"));
            continue;
        }
        let (rate, cost) = if purge {
            (m.objects_per_second(), m.cpu_per_object() * 1e6)
        } else {
            (m.bytes_per_second() / 1e6, m.cpu_per_gb())
        };
        let peak = m.peak() as f64 / f64::from(1 << 20);
        let _ = writeln!(out, "| {} | {:.2} | {rate:.0} | {cost:.2} | {peak:.0} |", m.name, m.wall());
    }
    out
}

struct Row {
    what: &'static str,
    target: &'static str,
    measured: String,
    met: Option<bool>,
}

fn rows(results: &Results) -> Vec<Row> {
    let of = |part: Part, name: &str| {
        let (_, all) = results.parts.get(&part)?;
        all.iter().find(|m| m.name == name && m.failed.is_none() && !m.runs.is_empty())
    };
    let ratio = |part, ours, theirs, figure: fn(&Measured) -> f64| {
        Some(figure(of(part, ours)?) / figure(of(part, theirs)?))
    };
    let row = |what, target, measured: Option<(String, bool)>| Row {
        what,
        target,
        met: measured.as_ref().map(|(_, met)| *met),
        measured: measured.map_or_else(String::new, |(words, _)| words),
    };
    let most = |bound: f64, found: Option<f64>| found.map(|r| (format!("{r:.2} ×"), r <= bound));
    let memory = |bound: u64, found: Option<&Measured>| {
        found.map(|m| (format!("{} MiB", m.peak() >> 20), m.peak() <= bound << 20))
    };
    let curl = "curl -o /dev/null";
    let rate =
        |m: &Measured| (format!("{:.0}/s", m.objects_per_second()), m.objects_per_second() >= 20_000.0);
    let beside = ratio(Part::Purge, "forebay", "wrk", Measured::objects_per_second);
    let sum = results.memory.iter().map(|(_, bytes)| *bytes).max();
    vec![
        row(
            "warm, plain: cpu-s/GB",
            "≤ 0.30 × curl",
            most(0.3, ratio(Part::Plain, "forebay", curl, Measured::cpu_per_gb)),
        ),
        row(
            "warm, TLS: cpu-s/GB",
            "≤ 1.00 × curl",
            most(1.0, ratio(Part::Tls, "forebay", curl, Measured::cpu_per_gb)),
        ),
        row(
            "warm, 1,000 × 1 GiB at 256: peak RSS",
            "≤ 32 MiB",
            memory(32, of(Part::Many, "forebay --memory 32MiB --edge-bulk 256")),
        ),
        row(
            "the same: user and kernel memory of the group",
            "≤ 64 MiB",
            sum.map(|bytes| (format!("{} MiB", bytes >> 20), bytes <= 64 << 20)),
        ),
        row("purge, from a file", "≥ 20,000/s", of(Part::Purge, "forebay").map(rate)),
        row(
            "purge, beside the load generator",
            "≥ 0.80 × wrk",
            beside.map(|r| (format!("{r:.2} ×"), r >= 0.8)),
        ),
        row("purge: peak RSS", "≤ 32 MiB", memory(32, of(Part::Purge, "forebay"))),
    ]
}

const HEAD: &str = "\
## Warming and purging edges

Written by `cargo xtask bench agent`; do not edit. To repeat it (about ten minutes after the release build): `cargo xtask bench agent`; a part at a time
with `--only plain,tls,purge,many`; `--render` draws it again from `target/bench/agent.json`.

**How.** *Warm*: nginx on the loopback of the same machine stands for the edge, with the object in its page cache; the client is what is measured. `curl` fetches
the same URLs one after the other over one connection. *Purge*: Apache Traffic Server with nothing in its cache; forebay reads a file of URLs, judges every
answer and writes a row for each (to `/dev/null`); `wrk` sends PURGE over 32 connections for five seconds, without list or results, which is the most that this edge
gives on this machine. Clients take turns, one run each a round; figures are medians of the rounds, the peak is the worst of them. `cpu` is user and system
time of the client alone. *Many*: sparse files behind nginx, forebay in a memory group of 64 MiB; it is checked that every byte was counted and nothing killed.

**Where.**

";
