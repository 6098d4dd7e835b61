//! Speed and cost: every size and number of connections, contenders interleaved.
//!
//! Interleaved means that a round of one contender is followed by the same round of the next: what the
//! machine does beside us meets them all.

use std::time::Duration;

use super::contender::{Contender, Protocol, Stand, file_name, size_name};
use super::results::Speed;
use super::wrk::{self, Load};

/// The points of the table, and how long each takes.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) sizes: Vec<u64>,
    pub(crate) connections: Vec<u32>,
    pub(crate) rounds: usize,
    pub(crate) lasting: Duration,
}

/// Measures all points over one protocol.
pub(crate) fn measure(stand: &Stand, matrix: &Matrix, protocol: Protocol) -> anyhow::Result<Vec<Speed>> {
    let mut all = Vec::new();
    for &size in &matrix.sizes {
        for &connections in &matrix.connections {
            all.extend(point(stand, matrix, (protocol, size, connections))?);
        }
    }
    Ok(all)
}

/// One point: fresh servers, a short warm-up, and the rounds.
fn point(stand: &Stand, matrix: &Matrix, at: (Protocol, u64, u32)) -> anyhow::Result<Vec<Speed>> {
    let (protocol, size, connections) = at;
    let mut started = Vec::new();
    for contender in Contender::ALL {
        let running = stand.start(contender, protocol, &[])?;
        let url = format!("{}://{}/{}", protocol.scheme(), running.server.addr, file_name(size));
        let warm_up = Load { url: &url, connections, lasting: Duration::from_secs(1) };
        wrk::load(&running, stand.work(), warm_up)?;
        started.push((Speed { contender, protocol, size, connections, rounds: Vec::new() }, running, url));
    }
    for _ in 0..matrix.rounds {
        for (speed, running, url) in &mut started {
            let load = Load { url, connections, lasting: matrix.lasting };
            speed.rounds.push(wrk::load(running, stand.work(), load)?);
        }
    }
    let all: Vec<Speed> = started.into_iter().map(|(speed, ..)| speed).collect();
    for speed in &all {
        eprintln!(
            "{:5} {:>7} × {:<3} {:20} {:>9.0} req/s {:>8.0} MB/s {:>6.3} cpu-s/GB p99 {:>8.1} ms, {} errors",
            protocol.scheme(),
            size_name(size),
            connections,
            speed.contender.name(),
            speed.requests_per_second(),
            speed.bytes_per_second() / 1e6,
            speed.cpu_per_gb(),
            speed.median(|r| r.p99) / 1e3,
            speed.rounds.iter().map(|r| r.errors).sum::<f64>(),
        );
    }
    Ok(all)
}
