//! The tables of the page, as Markdown.

use std::fmt::Write as _;

use super::contender::{Contender, Protocol, SIZES};
use super::results::{Results, Speed, median};
use super::targets;

/// Targets and verdicts.
pub(crate) fn targets(results: &Results) -> String {
    let mut out = "| what | target | measured | |\n|---|---|---|---|\n".to_owned();
    for row in targets::rows(results) {
        let met = match row.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        let _ = writeln!(out, "| {} | {} | {} | {met} |", row.what, row.target, row.measured);
    }
    out
}

/// Every point that was measured, for one protocol.
pub(crate) fn speed(results: &Results, protocol: Protocol) -> String {
    let mut out = "| file | conn. | server | req/s | MB/s | cpu-s/GB | p50 ms | p99 ms | own memory MiB | sockets MiB | errors |\n\
                   |---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for (size, name) in SIZES {
        for s in results.speed.iter().filter(|s| (s.protocol, s.size) == (protocol, size)) {
            let _ = writeln!(out, "| {name} | {} | {} | {} |", s.connections, s.contender.name(), figures(s));
        }
    }
    out
}

fn figures(s: &Speed) -> String {
    let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let milliseconds =
        |micros: f64| if micros > 0.0 { format!("{:.2}", micros / 1e3) } else { "–".to_owned() };
    let peak = |figure: fn(&super::results::Round) -> Option<u64>| {
        s.rounds.iter().filter_map(figure).max().map_or("–".to_owned(), mib)
    };
    [
        format!("{:.0}", s.requests_per_second()),
        format!("{:.0}", s.bytes_per_second() / 1e6),
        format!("{:.3}", s.cpu_per_gb()),
        milliseconds(s.median(|r| r.p50)),
        milliseconds(s.median(|r| r.p99)),
        peak(|r| Some(r.anon)),
        peak(|r| r.sockets),
        format!("{:.0}", s.rounds.iter().map(|r| r.errors).sum::<f64>()),
    ]
    .join(" | ")
}

/// Stalled readers.
pub(crate) fn stalled(results: &Results) -> String {
    let mut out = "| readers | server | held | user KiB each | kernel KiB each | sum at the end MiB |\n\
                   |--:|---|--:|--:|--:|--:|\n"
        .to_owned();
    let arrivals = results.arrivals().into_iter();
    for s in arrivals.flat_map(|readers| Contender::ALL.map(|who| results.typical(who, readers))).flatten() {
        let (Some((user, kernel)), Some(last)) = (s.each(), s.points.last()) else { continue };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {:.1} | {} | {:.0} |",
            s.readers,
            s.contender.name(),
            s.held,
            user / 1024.0,
            kernel.map_or("–".to_owned(), |k| format!("{:.1}", k / 1024.0)),
            last.sum() as f64 / f64::from(1 << 20),
        );
    }
    out
}

/// Readers at an equal rate.
pub(crate) fn paced(results: &Results) -> String {
    let mut out =
        "| readers | server | MB/s | cpu-s/GB | with the client's |\n|--:|---|--:|--:|--:|\n".to_owned();
    for p in &results.paced {
        let (cpu, both) = (p.cpu_per_gb(), p.both_per_gb());
        let rate = p.bytes_per_second() / 1e6;
        let _ =
            writeln!(out, "| {} | {} | {rate:.0} | {cpu:.3} | {both:.3} |", p.readers, p.contender.name());
    }
    out
}

/// Proxies before an origin.
pub(crate) fn through(results: &Results) -> String {
    let mut out = "| clients | proxy | MB/s | cpu-s/GB | own memory MiB | sockets MiB | errors |\n\
                   |---|---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for t in &results.through {
        let peak = |figure: fn(&super::results::Round) -> Option<u64>| {
            let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
            t.rounds.iter().filter_map(figure).max().map_or("–".to_owned(), mib)
        };
        let _ = writeln!(
            out,
            "| {} over {} | {} | {:.0} | {:.3} | {} | {} | {:.0} |",
            t.connections,
            t.protocol.scheme(),
            t.proxy.name(),
            t.bytes_per_second() / 1e6,
            t.cpu_per_gb(),
            peak(|r| Some(r.anon)),
            peak(|r| r.sockets),
            t.rounds.iter().map(|r| r.errors).sum::<f64>(),
        );
    }
    out
}

/// Start and rest.
pub(crate) fn start(results: &Results) -> String {
    let mut out = "| server | start to ready ms | resident at rest MiB |\n|---|--:|--:|\n".to_owned();
    for s in &results.start {
        let ready = median(s.ready.iter().copied()) * 1e3;
        let resident = s.resident as f64 / f64::from(1 << 20);
        let _ = writeln!(out, "| {} | {ready:.0} | {resident:.1} |", s.contender.name());
    }
    out
}

/// Uploads with the log layer off and on.
pub(crate) fn capture(results: &Results) -> String {
    let mut out = "| server | MB/s | cpu-s/GB |\n|---|--:|--:|\n".to_owned();
    for c in &results.capture {
        let name = if c.mode == "upload" { "layer off" } else { "access log with a capture of 1 KiB" };
        let rate = median(c.rates.iter().copied()) / 1e6;
        let cpu = median(c.cpu.iter().copied());
        let _ = writeln!(out, "| {name} | {rate:.0} | {cpu:.3} |");
    }
    out
}

/// The values of a figure at 64 connections (or whatever was measured most like it), for the bars.
pub(crate) fn groups(
    results: &Results,
    protocol: Protocol,
    sizes: &[u64],
    figure: fn(&Speed) -> f64,
) -> Vec<(String, Vec<Option<f64>>)> {
    let of = |who, size| results.speed_of(who, (protocol, size, 64)).map(figure);
    SIZES
        .iter()
        .filter(|(size, _)| sizes.contains(size))
        .map(|(size, name)| ((*name).to_owned(), Contender::ALL.map(|who| of(who, *size)).to_vec()))
        .filter(|(_, values)| values.iter().any(Option::is_some))
        .collect()
}
