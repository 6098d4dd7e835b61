//! `docs/benchmarks.md` and its plots, written from measurements only.

use std::fs;

use anyhow::Context as _;

use super::bars::Bars;
use super::contender::{Contender, Protocol};
use super::curves::Curves;
use super::machine::Stamp;
use super::page::sections;
use super::results::{Results, Speed};
use super::serve::Part;
use super::tables;
use crate::run;

/// Writes the page and its pictures.
pub(crate) fn write(results: &Results) -> anyhow::Result<()> {
    let docs = run::root().join("docs");
    fs::create_dir_all(docs.join("plots"))?;
    let mut plots = Vec::new();
    for (name, picture) in pictures(results) {
        fs::write(docs.join("plots").join(name), picture).context(name)?;
        plots.push(name);
    }
    let sections = sections();
    fs::write(docs.join("benchmarks.md"), page(results, &plots) + &sections).context("the page")?;
    eprintln!("wrote docs/benchmarks.md and {} plots", plots.len());
    Ok(())
}

fn pictures(results: &Results) -> Vec<(&'static str, String)> {
    let names = Contender::ALL.map(Contender::name);
    let bars = |title, unit, protocol, sizes: &[u64], figure: fn(&Speed) -> f64| {
        let groups = tables::groups(results, protocol, sizes, figure);
        (!groups.is_empty()).then(|| Bars { title, unit, series: &names, groups }.draw())
    };
    let (large, small) = ([1 << 20, 10 << 20, 1 << 30], [1 << 10, 64 << 10]);
    let all = [
        (
            "cpu-http.svg",
            bars(
                "Processor time for a gigabyte, HTTP",
                "cpu-s/GB",
                Protocol::Http,
                &large,
                Speed::cpu_per_gb,
            ),
        ),
        (
            "cpu-https.svg",
            bars(
                "Processor time for a gigabyte, HTTPS",
                "cpu-s/GB",
                Protocol::Https,
                &large,
                Speed::cpu_per_gb,
            ),
        ),
        (
            "requests-http.svg",
            bars("Small files, HTTP", "req/s", Protocol::Http, &small, Speed::requests_per_second),
        ),
        ("stalled-1000.svg", stalled(results, 1000, "Memory while 1,000 readers arrive and stop reading")),
        (
            "stalled-10000.svg",
            stalled(results, 10_000, "Memory while 10,000 readers arrive and stop reading"),
        ),
    ];
    all.into_iter().filter_map(|(name, picture)| Some((name, picture?))).collect()
}

fn stalled(results: &Results, readers: usize, title: &str) -> Option<String> {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let series: Vec<_> = Contender::ALL
        .iter()
        .filter_map(|who| results.typical(*who, readers))
        .map(|s| (s.contender.name(), s.points.iter().map(|p| (p.seconds, mib(p.sum()))).collect()))
        .collect();
    (!series.is_empty()).then(|| Curves { title, series }.draw())
}

fn page(results: &Results, plots: &[&str]) -> String {
    let picture = |name: &str, words: &str| {
        if plots.contains(&name) { format!("![{words}](plots/{name})\n\n") } else { String::new() }
    };
    let m = &results.machine;
    let rounds = results.speed.iter().map(|s| s.rounds.len()).min().unwrap_or(0);
    let seconds = results.speed.iter().flat_map(|s| &s.rounds).map(|r| r.seconds).fold(0.0, f64::max);
    let mut page = HEAD.to_owned();
    page += &format!(
        "- {} ({} cores), {} of memory, Linux {}\n- {}\n- {}, release profile\n- {}\n- {rounds} rounds of {seconds:.0} s\n",
        m.processor, m.cores, m.memory, m.kernel, m.nginx, m.rustc, m.tcp
    );
    page += &format!("- measured: {}\n\n", measured(results));
    page += "## Targets\n\n";
    page += &tables::targets(results);
    page += TRIED;
    page += "\n## Readers that stop reading\n\n";
    page += STALLED;
    page += &picture("stalled-1000.svg", "memory over time while 1,000 readers stall");
    page += &picture("stalled-10000.svg", "memory over time while 10,000 readers stall");
    page += &tables::stalled(results);
    for (protocol, title) in [(Protocol::Http, "Plain HTTP"), (Protocol::Https, "HTTPS")] {
        page += &format!("\n## {title}\n\n");
        page += &picture(&format!("cpu-{}.svg", protocol.scheme()), "processor time for a gigabyte");
        page += &picture(&format!("requests-{}.svg", protocol.scheme()), "requests per second");
        page += &tables::speed(results, protocol);
    }
    if !results.paced.is_empty() {
        page += PACED;
        page += &tables::paced(results);
    }
    if !results.through.is_empty() {
        page += THROUGH;
        page += &tables::through(results);
    }
    page += "\n## Start and rest\n\n";
    page += &tables::start(results);
    if !results.capture.is_empty() {
        page += CAPTURE;
        page += &tables::capture(results);
    }
    page
}

/// Each part with its date and version, or once what they have in common.
fn measured(results: &Results) -> String {
    let words = |stamp: &Stamp| format!("{} at {}", stamp.date, stamp.commit);
    let mut stamps: Vec<String> = results.measured.values().map(words).collect();
    stamps.dedup();
    match &stamps[..] {
        [all] if results.measured.len() == Part::ALL.len() => all.clone(),
        _ => {
            let each = |(part, stamp): (&Part, &Stamp)| format!("{} {}", part.name(), words(stamp));
            results.measured.iter().map(each).collect::<Vec<_>>().join("; ")
        }
    }
}

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench serve`; do not edit. To repeat it (about 25 minutes after the release build): `cargo xtask bench serve`;
or a part at a time, with `--only start,stalled,capture,paced,through`, `--only http` and `--only https`; or `--quick` for a smaller table in less
than six minutes. Results are kept as JSON under `target/bench`; `--render` draws this page again from them.

**How.** `wrk` with one thread on the loopback of the same machine, warm page cache, several rounds of each contender,
interleaved; the figure is the median of the rounds. nginx has `sendfile`, `tcp_nopush`, `open_file_cache`, one worker a
core and no access log; the third contender is tower-http's `ServeDir` on hyper, as in its documentation. forebay runs with its
defaults and its access log off. `cpu-s/GB` is user and system time of the server's processes for 10^9 body bytes: on a small
machine it is the steadiest figure, because the load generator takes its share of the same cores. Memory of the kernel is
counted by a cgroup that holds only the server. Ratios travel to other machines; absolute figures do not.

**Where.**

";

const TRIED: &str = "
What is not met, and what was tried:

- **Processor time for large files at 64 connections and more.** nginx leaves up to 4 MiB to the kernel for each socket, which sends part of it when the
  client acknowledges, in the client's time; forebay has one number for all memory and moves more bytes meanwhile (see the columns of megabytes and of
  sockets). So sockets now grow to 2 MiB instead of 512 KiB, use all that their lease pays for, and borrow from connections that are not there: at an equal
  rate that took a third off or more. What is left at 64 connections is the default `--memory` of 256 MiB: each socket finds less room there than nginx takes.
- **Through.** Less than half of what nginx takes, and not a fifth. `strace -c` shows nothing but `splice`, and each moves 61 KB: as much as the receive
  buffer of a connection to the origin holds, 64 KiB, so that a default `--memory` of 256 MiB carries 203 of them. A third of the time is waking (`perf`). Receive buffers that
  grow on a lease, as the clients' sockets do, would close the gap.
- **Requests per second for 1 KiB.** A request is two system calls (`strace -c`: one `recvfrom`, one `writev`), and a third of its processor time is in our own
  process (`perf`), spread so that nothing stands out. Looking up no metric by its labels did not change the ratio.
";

const STALLED: &str = "\
Each reader asks for a file of 1 GiB, reads the response head and nothing more. User memory is growth of `RssAnon`; kernel memory is
what the server's own cgroup counts for its sockets. Where a contender's sockets together pass half of `tcp_mem[1]`, the kernel begins to
clamp them, so for nginx and `ServeDir` the row of 150 readers is the honest figure and the others are too low. Contenders take turns, a run each; of several
runs the one with the median sum is shown (10,000 readers come once). They come from several loopback addresses. The memory axis of the plots is logarithmic.

";

const PACED: &str = "
## At an equal rate

Readers of a file of 1 GiB take 1.2 GB/s together, the same from each contender, 64 KiB at a time. Under `wrk`, above, everybody sends as fast as it
can: who moves twice the bytes works with colder caches, and who fills larger socket buffers leaves part of its sending to the kernel's answer to the
client, which is the client's time. So the last column adds the processor time of the client.

";

const THROUGH: &str = "
## Through: from an origin to a client, nothing stored

A file of 10 MiB from an nginx on the same machine, passed on by each proxy. Over plain HTTP forebay moves it from socket to socket through a pipe;
towards clients over TLS it has to read it. nginx stands there twice: `proxy_buffering off` stores nothing, as forebay does; its default writes what a
client cannot take yet to temporary files.

";

const CAPTURE: &str = "
## The access log on an upload

Uploads of 256 MiB to a service that reads and drops them, with and without the access log capturing the first 1 KiB of each body.

";
