//! From `exec` to the first request, and what a server at rest holds.

use super::contender::{Contender, Protocol, Stand};
use super::results::Start;

/// Starts of each contender.
const STARTS: usize = 7;

/// Measures all contenders, interleaved.
pub(crate) fn measure(stand: &Stand) -> anyhow::Result<Vec<Start>> {
    let mut all: Vec<Start> = Contender::ALL
        .into_iter()
        .map(|contender| Start { contender, ready: Vec::new(), resident: 0 })
        .collect();
    for _ in 0..STARTS {
        for start in &mut all {
            let running = stand.start(start.contender, Protocol::Http, &[])?;
            start.ready.push(running.server.ready_after.as_secs_f64());
            start.resident = start.resident.max(running.server.figures().resident);
        }
    }
    Ok(all)
}
