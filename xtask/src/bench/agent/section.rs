//! The section of the page: tables, and verdicts that are computed.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::super::curves::Curves;
use super::super::race::Measured;
use super::super::verdict::{self, Verdict};
use super::many::{AT_ONCE, Many};
use super::queue::Figures;
use super::{Part, Results};
use crate::run;

/// The picture beside the section.
const PICTURE: &str = "docs/plots/agent-memory.svg";

/// Draws the picture.
pub(super) fn draw(results: &Results) -> anyhow::Result<()> {
    let Some(many) = &results.many else { return Ok(()) };
    let title = "User and kernel memory in a container of 64 MiB, while objects of 1 GiB are fetched";
    let series =
        vec![("forebay agent", mib(&many.ours)), ("a client that reads whole, killed", mib(&many.theirs))];
    std::fs::write(run::root().join(PICTURE), Curves { title, series }.draw()).context(PICTURE)
}

fn mib(curve: &[(f64, u64)]) -> Vec<(f64, f64)> {
    curve.iter().map(|(at, bytes)| (*at, *bytes as f64 / f64::from(1 << 20))).collect()
}

/// The section as it stands in the page.
pub(super) fn text(results: &Results) -> String {
    let mut out = HEAD.to_owned();
    let m = &results.machine;
    let _ = writeln!(out, "- {} ({} cores), Linux {}, {}", m.processor, m.cores, m.kernel, m.nginx);
    let _ = writeln!(out, "- {}", results.versions.join(", "));
    for (part, stamp) in &results.stamps {
        let rounds = results.races.get(part).and_then(|race| race.iter().map(|m| m.runs.len()).max());
        let rounds = rounds.unwrap_or(1);
        let _ = writeln!(out, "- {}: {rounds} × at {}, {}", title(*part), stamp.commit, stamp.date);
    }
    let _ = write!(out, "\n### Targets for edges\n\n{}", verdict::table(&rows(results)));
    for (part, measured) in &results.races {
        let _ = write!(out, "\n### {}\n\n{}", title(*part), table(*part, measured));
    }
    if let Some(many) = &results.many {
        let _ = write!(out, "\n### {}\n\n{}", title(Part::Many), of_many(many));
    }
    if !results.queue.is_empty() {
        let _ = write!(out, "\n### {}\n\n{}", title(Part::Queue), of_queue(&results.queue));
    }
    out
}

fn of_many(many: &Many) -> String {
    let mib = |bytes: u64| bytes >> 20;
    let sum = |curve: &[(f64, u64)]| mib(curve.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0));
    let died = many.theirs.last().map_or(0.0, |(at, _)| *at);
    format!(
        "| client | objects | at once | after s | cpu-s/GB | purges beside it | after s | purges/s | peak RSS MiB | user and kernel MiB |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n\
         | forebay agent --memory 32MiB | {} | {} | {:.0} | {:.2} | {} | {:.1} | {:.0} | {} | {} |\n\
         | each read whole | killed | {AT_ONCE} | {died:.1} | | | | | | {} |\n\n\
         ![Memory over time](plots/agent-memory.svg)\n",
        many.objects,
        many.at_once,
        many.warmed_after,
        many.cpu / (many.bytes as f64 / 1e9),
        many.purges,
        many.purged_after,
        many.purges as f64 / many.purged_after,
        mib(many.peak),
        sum(&many.ours),
        sum(&many.theirs),
    )
}

fn of_queue(all: &[Figures]) -> String {
    let mut out =
        "| edges | rows | enqueued/s | leased and settled/s | RSS waiting MiB | RSS peak MiB | disk MiB |\n\
                   |--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for f in all {
        let rates = format!("{:.0} | {:.0}", f.enqueued_per_s, f.leased_and_settled_per_s);
        let memory = format!("{} | {}", f.rss_waiting_kib >> 10, f.rss_peak_kib >> 10);
        let _ = writeln!(out, "| {} | {} | {rates} | {memory} | {} |", f.edges, f.rows, f.disk_kib >> 10);
    }
    out
}

const fn title(part: Part) -> &'static str {
    match part {
        Part::Plain => "8 × 1 GiB to nowhere, plain HTTP",
        Part::Tls => "8 × 1 GiB to nowhere, TLS",
        Part::Purge => "400,000 purges at one Traffic Server",
        Part::Many => "1,000 × 1 GiB beside 200,000 purges, in 32 MiB",
        Part::Queue => "The queue of an agent",
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
        results.races.get(&part)?.iter().find(|m| m.name == name && m.failed.is_none() && !m.runs.is_empty())
    };
    let ratio = |part, (ours, theirs): (&str, &str), figure: fn(&Measured) -> f64| {
        Some(figure(of(part, ours)?) / figure(of(part, theirs)?))
    };
    let one = ("forebay --edge-bulk 1", "curl -o /dev/null");
    let eight = ("forebay", "curl --parallel -o /dev/null");
    let cpu = |part, names| ratio(part, names, Measured::cpu_per_gb);
    let rate = |m: &Measured| at_least(m.objects_per_second(), 20_000.0);
    let sum = results.many.as_ref().and_then(|many| many.ours.iter().map(|(_, bytes)| *bytes).max());
    let mut rows = vec![
        Verdict::most("warm, plain, one at a time: cpu-s/GB", "≤ 0.30 × curl", 0.3, cpu(Part::Plain, one)),
        Verdict::most("warm, plain, 8 at once: cpu-s/GB", "≤ 0.30 × curl", 0.3, cpu(Part::Plain, eight)),
        Verdict::most("warm, TLS, one at a time: cpu-s/GB", "≤ 1.00 × curl", 1.0, cpu(Part::Tls, one)),
        Verdict::most("warm, TLS, 8 at once: cpu-s/GB", "≤ 1.00 × curl", 1.0, cpu(Part::Tls, eight)),
        Verdict::new(
            "1,000 × 1 GiB, and purges: peak RSS",
            "≤ 32 MiB",
            results.many.as_ref().map(|many| at_most_mib(many.peak, 32)),
        ),
        Verdict::new(
            "the same: user and kernel memory of the group",
            "≤ 64 MiB",
            sum.map(|bytes| at_most_mib(bytes, 64)),
        ),
        Verdict::new("purge, from a file", "≥ 20,000/s", of(Part::Purge, "forebay").map(rate)),
        Verdict::least(
            "purge, beside the load generator",
            "≥ 0.80 × wrk",
            0.8,
            ratio(Part::Purge, ("forebay", "wrk"), Measured::objects_per_second),
        ),
        Verdict::memory("purge: peak RSS", "≤ 32 MiB", 32, of(Part::Purge, "forebay")),
    ];
    rows.extend(of_the_queue(&results.queue));
    rows
}

fn of_the_queue(all: &[Figures]) -> [Verdict; 3] {
    let least = |figure: fn(&Figures) -> f64| all.iter().map(figure).reduce(f64::min);
    let memory = all.iter().map(|f| f.rss_waiting_kib << 10).max();
    [
        Verdict::new(
            "queue: rows enqueued, on the disk",
            "≥ 30,000/s",
            least(|f| f.enqueued_per_s).map(|rate| at_least(rate, 30_000.0)),
        ),
        Verdict::new(
            "queue: rows leased and settled, on the disk",
            "≥ 10,000/s",
            least(|f| f.leased_and_settled_per_s).map(|rate| at_least(rate, 10_000.0)),
        ),
        Verdict::new(
            "queue: RSS with a million rows waiting",
            "≤ 48 MiB",
            memory.map(|bytes| at_most_mib(bytes, 48)),
        ),
    ]
}

fn at_least(rate: f64, bound: f64) -> (String, bool) {
    (format!("{rate:.0}/s"), rate >= bound)
}

fn at_most_mib(bytes: u64, bound: u64) -> (String, bool) {
    (format!("{} MiB", bytes >> 20), bytes <= bound << 20)
}

const HEAD: &str = "\
## Warming and purging edges

Written by `cargo xtask bench agent`; do not edit. To repeat it (about ten minutes after the release build): `cargo xtask bench agent`; a part at a time
with `--only plain,tls,purge,many,queue`; `--render` draws it again from `target/bench/agent.json`.

**How.** *Warm*: nginx on the loopback of the same machine stands for the edge, with the object in its page cache; the client is what is measured. `curl` fetches
the same URLs, one after the other over one connection or all at once (`--parallel`); forebay takes eight at once unless it is told otherwise. On one machine a
client that has eight senders at work also does a part of their sending in its own time, because its acknowledgements are what wakes them: so each is set
beside the other of its kind. *Purge*: Apache Traffic Server with nothing in its cache; forebay reads a file of URLs, judges every
answer and writes a row for each (to `/dev/null`); `wrk` sends PURGE over 32 connections for five seconds, without list or results, which is the most that this edge
gives on this machine. Clients take turns, one run each a round; figures are medians of the rounds, the peak is the worst of them. `cpu` is user and system
time of the client alone. *Many*: `forebay agent` in a memory group of 64 MiB, with a job for nginx with sparse files and jobs of purges for Traffic Server at the same time; it is
checked that every byte was counted and nothing killed. Beside it a client that reads every object into memory before it drops it, in such a group of its own.
*Queue*: the queue without edges; a fifth of its rows is leased and settled while the others wait, and what is counted is on the disk.

**Where.**

";
