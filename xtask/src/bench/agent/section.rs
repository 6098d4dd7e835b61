//! The section of the page: tables, and verdicts that are computed.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::super::curves::Curves;
use super::super::race::Measured;
use super::super::verdict::{self, Verdict};
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
    let _ = write!(out, "\n### Targets for edges\n\n{}", verdict::table(&rows(results)));
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

fn rows(results: &Results) -> Vec<Verdict> {
    let of = |part: Part, name: &str| {
        let (_, all) = results.parts.get(&part)?;
        all.iter().find(|m| m.name == name && m.failed.is_none() && !m.runs.is_empty())
    };
    let ratio = |part, (ours, theirs): (&str, &str), figure: fn(&Measured) -> f64| {
        Some(figure(of(part, ours)?) / figure(of(part, theirs)?))
    };
    let beside_curl = ("forebay", "curl -o /dev/null");
    let rate =
        |m: &Measured| (format!("{:.0}/s", m.objects_per_second()), m.objects_per_second() >= 20_000.0);
    let sum = results.memory.iter().map(|(_, bytes)| *bytes).max();
    vec![
        Verdict::most(
            "warm, plain: cpu-s/GB",
            "≤ 0.30 × curl",
            0.3,
            ratio(Part::Plain, beside_curl, Measured::cpu_per_gb),
        ),
        Verdict::most(
            "warm, TLS: cpu-s/GB",
            "≤ 1.00 × curl",
            1.0,
            ratio(Part::Tls, beside_curl, Measured::cpu_per_gb),
        ),
        Verdict::memory(
            "warm, 1,000 × 1 GiB at 256: peak RSS",
            "≤ 32 MiB",
            32,
            of(Part::Many, "forebay --memory 32MiB --edge-bulk 256"),
        ),
        Verdict::new(
            "the same: user and kernel memory of the group",
            "≤ 64 MiB",
            sum.map(|bytes| (format!("{} MiB", bytes >> 20), bytes <= 64 << 20)),
        ),
        Verdict::new("purge, from a file", "≥ 20,000/s", of(Part::Purge, "forebay").map(rate)),
        Verdict::least(
            "purge, beside the load generator",
            "≥ 0.80 × wrk",
            0.8,
            ratio(Part::Purge, ("forebay", "wrk"), Measured::objects_per_second),
        ),
        Verdict::memory("purge: peak RSS", "≤ 32 MiB", 32, of(Part::Purge, "forebay")),
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
