//! The section of the page: tables, and verdicts that are computed.

use std::fmt::Write as _;

use super::super::race::Measured;
use super::super::verdict::{self, Verdict};
use super::{Part, Results};

/// The section as it stands in the page.
pub(crate) fn text(results: &Results) -> String {
    let mut out = HEAD.to_owned();
    let m = &results.machine;
    let _ = writeln!(out, "- {} ({} cores), Linux {}, {}", m.processor, m.cores, m.kernel, m.nginx);
    let _ = writeln!(out, "- {}", results.versions.join(", "));
    for (part, (stamp, measured)) in &results.parts {
        let rounds = measured.iter().map(|m| m.runs.len()).max().unwrap_or(0);
        let _ = writeln!(out, "- {}: {rounds} rounds, {} at {}", title(*part), stamp.date, stamp.commit);
    }
    let _ = write!(out, "\n### Targets for transfers\n\n{}", verdict::table(&rows(results)));
    for (part, (_, measured)) in &results.parts {
        let _ = write!(out, "\n### {}\n\n{}", title(*part), table(*part, measured));
    }
    out
}

const fn title(part: Part) -> &'static str {
    match part {
        Part::Plain => "1 GiB to disk, plain HTTP",
        Part::Tls => "1 GiB to disk, TLS",
        Part::Bounded => "1 GiB to disk with little and with much memory",
        Part::Many => "10,000 objects of 64 KiB",
        Part::Upload => "4 GiB from a file to S3",
        Part::Pipe => "4 GiB from a pipe to S3",
        Part::Garage => "1 GiB to and from Garage, a single node",
    }
}

fn table(part: Part, measured: &[Measured]) -> String {
    let many = part == Part::Many;
    let rate = if many { "objects/s" } else { "MB/s" };
    let mut out = format!("| client | wall s | {rate} | cpu-s/GB | peak RSS MiB |\n|---|--:|--:|--:|--:|\n");
    for m in measured {
        if let (Some(why), true) = (&m.failed, m.runs.is_empty()) {
            let _ = writeln!(out, "| {} | failed: {} | | | |", m.name, why.replace('|', "/"));
            continue;
        }
        let rate = if many { m.objects_per_second() } else { m.bytes_per_second() / 1e6 };
        let peak = m.peak() as f64 / f64::from(1 << 20);
        let (wall, cpu) = (m.wall(), m.cpu_per_gb());
        let _ = writeln!(out, "| {} | {wall:.2} | {rate:.0} | {cpu:.2} | {peak:.0} |", m.name);
    }
    out
}

struct Figures<'a>(&'a Results);

impl Figures<'_> {
    fn of(&self, part: Part, name: &str) -> Option<&Measured> {
        let (_, all) = self.0.parts.get(&part)?;
        all.iter().find(|m| m.name == name && m.failed.is_none() && !m.runs.is_empty())
    }

    fn ratio(&self, part: Part, (ours, theirs): (&str, &str), figure: fn(&Measured) -> f64) -> Option<f64> {
        Some(figure(self.of(part, ours)?) / figure(self.of(part, theirs)?))
    }
}

fn rows(results: &Results) -> Vec<Verdict> {
    let all = Figures(results);
    let (most, least, memory) = (Verdict::most, Verdict::least, Verdict::memory);
    let (synced, unsynced) = (("forebay", "s5cmd"), ("forebay --no-sync", "s5cmd"));
    let (cpu, wall) = (Measured::cpu_per_gb, Measured::wall);
    vec![
        most(
            "get, plain, nobody syncs: cpu-s/GB",
            "≤ 0.50 × s5cmd",
            0.5,
            all.ratio(Part::Plain, unsynced, cpu),
        ),
        most("get, plain, we sync: cpu-s/GB", "≤ 0.50 × s5cmd", 0.5, all.ratio(Part::Plain, synced, cpu)),
        most("get, plain, nobody syncs: wall", "≤ 0.80 × s5cmd", 0.8, all.ratio(Part::Plain, unsynced, wall)),
        most("get, plain, we sync: wall", "≤ 0.80 × s5cmd", 0.8, all.ratio(Part::Plain, synced, wall)),
        memory("get, plain: peak RSS", "≤ 32 MiB", 32, all.of(Part::Plain, "forebay")),
        most("get, TLS, nobody syncs: cpu-s/GB", "≤ 0.80 × s5cmd", 0.8, all.ratio(Part::Tls, unsynced, cpu)),
        most("get, TLS, we sync: cpu-s/GB", "≤ 0.80 × s5cmd", 0.8, all.ratio(Part::Tls, synced, cpu)),
        least(
            "get at --memory 64MiB: throughput",
            "≥ 0.90 × 4GiB",
            0.9,
            all.ratio(Part::Bounded, ("--memory 64MiB", "--memory 4GiB"), Measured::bytes_per_second),
        ),
        memory(
            "get at --memory 32MiB, 64 at once: peak RSS",
            "≤ 48 MiB",
            48,
            all.of(Part::Bounded, "--memory 32MiB --concurrency 64"),
        ),
        least(
            "10,000 × 64 KiB, nobody syncs: objects/s",
            "≥ 1.00 × s5cmd",
            1.0,
            all.ratio(Part::Many, ("forebay --no-sync", "s5cmd run"), Measured::objects_per_second),
        ),
        least(
            "put 4 GiB: throughput",
            "≥ 1.00 × s5cmd",
            1.0,
            all.ratio(Part::Upload, synced, Measured::bytes_per_second),
        ),
        memory("put 4 GiB: peak RSS", "≤ 64 MiB", 64, all.of(Part::Upload, "forebay")),
        memory(
            "put from a pipe, --memory 64MiB: peak RSS",
            "≤ 64 MiB",
            64,
            all.of(Part::Pipe, "forebay --memory 64MiB"),
        ),
    ]
}

const HEAD: &str = "\
## Fetching and storing objects

Written by `cargo xtask bench transfer`; do not edit. To repeat it (about ten minutes after the release build): `cargo xtask bench transfer`; a part
at a time with `--only plain,tls,bounded,many,upload,pipe,garage`; `--render` draws it again from `target/bench/transfer.json`.

**How.** Objects are fetched from nginx on the loopback of the same machine, which serves a folder shaped like a bucket (and tells a CRC64NVME of the whole
object, as S3 does); unsigned; warm page cache at the server, a new file at the client. Objects are stored into the testkit's S3, which compares what comes
with what should come, believes MD5 and SHA-256, and keeps nothing, so that neither the disk nor the processor of a server is what is measured. Clients take turns, one run each a round; figures are medians of the rounds,
the peak is the worst of them. Every result is compared byte by byte before the next run. `cpu-s/GB` is user and system time of the client for 10^9 bytes. forebay
syncs file and directory before it says done, which no other client here does: `--no-sync` is the like for like, both are shown. `--verify=full`
reads the file back and compares it with the digest of the store; others do not.

**Where.**

";
