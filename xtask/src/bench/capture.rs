//! The price of the access log's body capture: uploads through a server with the layer and without it.

use std::time::Duration;

use forebay_testkit::fetch;

use super::contender::Stand;
use super::results::Capture;

/// Bytes of one upload.
const UPLOAD: u64 = 256 << 20;
/// Uploads in a round: longer than a scheduler's mood.
const UPLOADS: usize = 8;

/// The modes of the upload server, as the peer program names them.
const MODES: [&str; 2] = ["upload", "upload-logged"];

/// Measures both modes, interleaved.
pub(crate) fn measure(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Capture>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let running = MODES.into_iter().map(|mode| stand.start_upload(mode)).collect::<Result<Vec<_>, _>>()?;
    let mut all: Vec<Capture> = MODES
        .into_iter()
        .map(|mode| Capture { mode: mode.to_owned(), rates: Vec::new(), cpu: Vec::new() })
        .collect();
    for _ in 0..rounds.max(5) {
        for (capture, running) in all.iter_mut().zip(&running) {
            let before = running.server.figures().cpu;
            let mut took = Duration::ZERO;
            for _ in 0..UPLOADS {
                took += runtime.block_on(fetch::upload(running.server.addr, "/upload", UPLOAD))?;
            }
            let bytes = (UPLOAD * UPLOADS as u64) as f64;
            capture.rates.push(bytes / took.as_secs_f64());
            capture.cpu.push((running.server.figures().cpu - before).as_secs_f64() / (bytes / 1e9));
        }
    }
    Ok(all)
}
