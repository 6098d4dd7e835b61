//! Memory over time while readers arrive that do not read.
//!
//! The readers arrive at a fixed pace, so that the lines of all contenders share one axis; the contenders take turns, a
//! run each, because their sockets together would pass what the kernel grants them. Growth is
//! counted over the server at rest, user memory by `RssAnon` and the kernel's by the server's own cgroup.

use std::time::Duration;

use forebay_testkit::readers::{Stall, StalledReaders};
use tokio::time::{Instant, interval};

use super::contender::{Contender, Protocol, Running, Stand, file_name};
use super::results::{Point, Stalled};
use super::wrk::{self, Load};

/// How many readers, and how fast they come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) readers: usize,
    /// At each tick of a tenth of a second.
    pub(crate) per_tick: usize,
    /// Whether a fast load runs beside them once all are there.
    pub(crate) beside: Beside,
    pub(crate) runs: usize,
}

/// What runs beside the stalled readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    FastReaders,
}

/// How long the memory is looked at after the last reader came.
const HOLD: Duration = Duration::from_secs(3);
/// Rounds of the fast load.
const ROUNDS: usize = 3;
/// A contender that loses more readers than this has had its answer.
const LOST_MAX: usize = 200;

/// Measures all contenders, interleaved.
pub(crate) fn measure(stand: &Stand, arrival: Arrival) -> anyhow::Result<Vec<Stalled>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut all = Vec::new();
    for contender in (0..arrival.runs).flat_map(|_| Contender::ALL) {
        let running = stand.start(contender, Protocol::Http, &patient(arrival.readers))?;
        warm_up(&running, stand)?;
        let (points, readers) = runtime.block_on(arrive(&running, arrival));
        let beside = match arrival.beside {
            Beside::Nothing => Vec::new(),
            Beside::FastReaders => {
                (0..ROUNDS).map(|_| fast_load(&running, stand)).collect::<Result<_, _>>()?
            }
        };
        let held = readers.len() - readers.cut();
        let stalled = Stalled { contender, readers: arrival.readers, held, points, beside };
        let (user, kernel) = stalled.each().unwrap_or_default();
        eprintln!(
            "{:20} {held} of {} stalled readers: {:.1} KiB user, {:.1} KiB kernel each",
            contender.name(),
            arrival.readers,
            user / 1024.0,
            kernel.unwrap_or(f64::NAN) / 1024.0,
        );
        all.push(stalled);
    }
    Ok(all)
}

/// forebay would cut these readers; here it must keep them as its peers do.
fn patient(readers: usize) -> Vec<&'static str> {
    let mut arguments = vec!["--min-rate-grace", "1h", "--stall-timeout", "1h"];
    if readers > 2000 {
        // The plan for so many connections, also where the limit of descriptors leaves only every other one a file of its own.
        arguments.extend(["--memory", "1GiB", "--connections", "10100"]);
    }
    arguments
}

async fn arrive(running: &Running, arrival: Arrival) -> (Vec<Point>, StalledReaders) {
    let stall = Stall { patience: Duration::from_secs(5), ..Stall::get("/stall.bin") };
    let rest = running.server.figures().anon;
    let rest_sockets = running.group.as_ref().map(|g| g.usage().sockets);
    let begun = Instant::now();
    let mut tick = interval(Duration::from_millis(100));
    let mut readers = StalledReaders::default();
    let mut points = Vec::new();
    let mut last_came = None;
    loop {
        tick.tick().await;
        let left = arrival.readers.saturating_sub(readers.asked());
        if left > 0 && readers.asked() - readers.len() < LOST_MAX {
            readers.add(running.server.addr, &stall, arrival.per_tick.min(left)).await;
        } else {
            last_came.get_or_insert_with(Instant::now);
        }
        let usage = running.group.as_ref().map(|g| g.usage().sockets);
        points.push(Point {
            seconds: begun.elapsed().as_secs_f64(),
            held: readers.len(),
            anon: running.server.figures().anon.saturating_sub(rest),
            sockets: usage.zip(rest_sockets).map(|(now, before)| now.saturating_sub(before)),
        });
        if last_came.is_some_and(|at: Instant| at.elapsed() > HOLD) {
            return (points, readers);
        }
    }
}

/// What a server sets up once, for its first clients, is not a stalled reader's.
fn warm_up(running: &Running, stand: &Stand) -> anyhow::Result<()> {
    let url = format!("http://{}/{}", running.server.addr, file_name(1 << 10));
    wrk::load(running, stand.work(), Load { url: &url, connections: 8, lasting: Duration::from_secs(1) })?;
    Ok(())
}

fn fast_load(running: &Running, stand: &Stand) -> anyhow::Result<super::results::Round> {
    let url = format!("http://{}/{}", running.server.addr, file_name(10 << 20));
    wrk::load(running, stand.work(), Load { url: &url, connections: 16, lasting: Duration::from_secs(3) })
}
