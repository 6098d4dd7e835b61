//! The targets, each a function of the measurements: the verdict is computed, not written.

use super::contender::{Contender, Protocol, size_name};
use super::results::{Results, Round, Speed, median};
use super::through::{CONNECTIONS, Proxy, Through};

/// One row: what was to be reached beside what was measured.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) measured: String,
    /// `None`: not measured.
    pub(crate) met: Option<bool>,
}

/// All rows, in the order of the page.
pub(crate) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    for (protocol, bound) in [(Protocol::Http, 0.95), (Protocol::Https, 1.0)] {
        for size in [1 << 20, 10 << 20, 1 << 30] {
            rows.push(at_most(results, (protocol, size), bound));
        }
    }
    for size in [1 << 20, 10 << 20, 1 << 30] {
        rows.push(at_least(results, size, "throughput", Speed::bytes_per_second));
    }
    for size in [1 << 10, 64 << 10] {
        rows.push(at_least(results, size, "requests per second", Speed::requests_per_second));
    }
    rows.extend(paced(results));
    rows.extend(through(results));
    rows.extend(stalled_each(results));
    rows.extend(stalled_sum(results));
    rows.extend(stalled_beside(results));
    rows.extend(start(results));
    rows.extend(capture(results));
    rows
}

/// The ratio forebay to nginx of a figure, for each number of connections that was measured.
fn ratios(
    results: &Results,
    (protocol, size): (Protocol, u64),
    figure: fn(&Speed) -> f64,
) -> Vec<(u32, f64)> {
    results
        .speed
        .iter()
        .filter(|s| s.contender == Contender::Forebay && (s.protocol, s.size) == (protocol, size))
        .filter_map(|ours| {
            let theirs = results.speed_of(Contender::Nginx, (protocol, size, ours.connections))?;
            Some((ours.connections, figure(ours) / figure(theirs)))
        })
        .collect()
}

fn words(ratios: &[(u32, f64)]) -> String {
    let each: Vec<String> = ratios.iter().map(|(c, r)| format!("{r:.2} × ({c} conn.)")).collect();
    if each.is_empty() { "not measured".to_owned() } else { each.join(", ") }
}

fn at_most(results: &Results, at: (Protocol, u64), bound: f64) -> Row {
    let found = ratios(results, at, Speed::cpu_per_gb);
    Row {
        what: format!("{}, {}: cpu-s/GB", size_name(at.1), at.0.scheme()),
        target: format!("≤ {bound:.2} × nginx"),
        measured: words(&found),
        met: verdict(&found, |r| r <= bound),
    }
}

fn at_least(results: &Results, size: u64, what: &str, figure: fn(&Speed) -> f64) -> Row {
    let found = ratios(results, (Protocol::Http, size), figure);
    Row {
        what: format!("{}, http: {what}", size_name(size)),
        target: "≥ 1.00 × nginx".to_owned(),
        measured: words(&found),
        met: verdict(&found, |r| r >= 1.0),
    }
}

/// Met only when it is met at every number of connections.
fn verdict(found: &[(u32, f64)], good: impl Fn(f64) -> bool) -> Option<bool> {
    (!found.is_empty()).then(|| found.iter().all(|(_, r)| good(*r)))
}

fn paced(results: &Results) -> Option<Row> {
    let of = |who, readers| results.paced.iter().find(|p| p.contender == who && p.readers == readers);
    let ours = results.paced.iter().filter(|p| p.contender == Contender::Forebay);
    let found: Vec<(u32, f64)> = ours
        .filter_map(|p| Some((p.readers, p.cpu_per_gb() / of(Contender::Nginx, p.readers)?.cpu_per_gb())))
        .collect();
    (!found.is_empty()).then(|| Row {
        what: "1 GiB, http, all at 1.2 GB/s: cpu-s/GB".to_owned(),
        target: "≤ 0.95 × nginx".to_owned(),
        measured: words(&found),
        met: verdict(&found, |r| r <= 0.95),
    })
}

/// Plain HTTP on both sides is spliced; with TLS on one of them the bytes have to be read.
fn through(results: &Results) -> Vec<Row> {
    let of = |proxy, (protocol, connections)| {
        let at = |t: &&Through| (t.proxy, t.protocol, t.connections) == (proxy, protocol, connections);
        results.through.iter().find(at)
    };
    let row = |protocol: Protocol, bound: f64| {
        let ratio = |connections: u32| {
            let at = (protocol, connections);
            let nginx = of(Proxy::NginxUnbuffered, at)?.cpu_per_gb();
            Some((connections, of(Proxy::Forebay, at)?.cpu_per_gb() / nginx))
        };
        let found: Vec<(u32, f64)> = CONNECTIONS.into_iter().filter_map(ratio).collect();
        (!found.is_empty()).then(|| Row {
            what: format!("10 MiB through, clients over {}: cpu-s/GB", protocol.scheme()),
            target: format!("≤ {bound:.2} × nginx, proxy_buffering off"),
            measured: words(&found),
            met: verdict(&found, |r| r <= bound),
        })
    };
    [row(Protocol::Http, 0.2), row(Protocol::Https, 0.45)].into_iter().flatten().collect()
}

fn stalled_each(results: &Results) -> Vec<Row> {
    let all = results.arrivals().into_iter();
    all.filter_map(|readers| {
        let s = results.typical(Contender::Forebay, readers)?;
        let all_held = results.runs(Contender::Forebay, readers).all(|run| run.held == readers);
        let (user, kernel) = s.each()?;
        let sum = (user + kernel.unwrap_or(0.0)) / 1024.0;
        Some(Row {
            what: format!("a stalled reader, of {}: user + kernel memory", s.readers),
            target: "≤ 64 KiB".to_owned(),
            measured: match kernel {
                Some(kernel) => format!("{:.1} + {:.1} = {sum:.1} KiB", user / 1024.0, kernel / 1024.0),
                None => format!("{:.1} KiB user, kernel not counted here", user / 1024.0),
            },
            met: kernel.map(|_| sum <= 64.0 && all_held),
        })
    })
    .collect()
}

fn stalled_sum(results: &Results) -> Option<Row> {
    let most = results.typical(Contender::Forebay, 10_000)?;
    let sum = most.points.iter().map(super::results::Point::sum).max()? >> 20;
    Some(Row {
        what: "10,000 stalled readers in sum".to_owned(),
        target: "≤ 768 MiB".to_owned(),
        measured: format!("{sum} MiB with {} held", most.held),
        met: Some(sum <= 768 && most.held == 10_000),
    })
}

fn stalled_beside(results: &Results) -> Option<Row> {
    let cost = |who| median(results.runs(who, 1000).flat_map(|s| &s.beside).map(Round::cpu_per_gb));
    let ratio = cost(Contender::Forebay) / cost(Contender::Nginx);
    if ratio.is_nan() {
        return None;
    }
    Some(Row {
        what: "10 MiB, http, beside 1,000 stalled readers: cpu-s/GB".to_owned(),
        target: "≤ 0.95 × nginx".to_owned(),
        measured: format!("{ratio:.2} × (16 conn.)"),
        met: Some(ratio <= 0.95),
    })
}

fn start(results: &Results) -> Vec<Row> {
    let Some(ours) = results.start.iter().find(|s| s.contender == Contender::Forebay) else {
        return Vec::new();
    };
    let ready = median(ours.ready.iter().copied()) * 1e3;
    let resident = ours.resident as f64 / f64::from(1 << 20);
    vec![
        Row {
            what: "idle process".to_owned(),
            target: "≤ 20 MiB RSS".to_owned(),
            measured: format!("{resident:.1} MiB"),
            met: Some(resident <= 20.0),
        },
        Row {
            what: "start to ready".to_owned(),
            target: "≤ 100 ms".to_owned(),
            measured: format!("{ready:.0} ms"),
            met: Some(ready <= 100.0),
        },
    ]
}

fn capture(results: &Results) -> Option<Row> {
    let rate =
        |mode: &str| results.capture.iter().find(|c| c.mode == mode).map(|c| median(c.rates.iter().copied()));
    let ratio = rate("upload-logged")? / rate("upload")?;
    Some(Row {
        what: "body capture on, 256 MiB upload: throughput".to_owned(),
        target: "≥ 0.97 × layer off".to_owned(),
        measured: format!("{ratio:.3} ×"),
        met: Some(ratio >= 0.97),
    })
}
