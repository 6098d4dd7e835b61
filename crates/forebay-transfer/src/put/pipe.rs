//! An upload of unknown length: from a pipe, or from whatever can be read only once.
//!
//! A part that has to be sent again cannot be read again, so it is held until the store has it ([`Sink`]). Half of the plan's windows may be
//! one part, so that one is filled while another is sent.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::sink::{Hold, Sink, half};
use super::sizes::Sizes;
use super::{Destination, Put, PutOptions};
use crate::engine::Engine;
use crate::verify::Running;
use crate::{Progress, TransferError};

/// As many parts as there is memory for, and how long to wait for a buffer that other transfers hold.
const HOLD: Hold =
    Hold { parts: usize::MAX, patience: Duration::from_secs(60), under_way: Duration::from_secs(60) };

impl Engine {
    /// Uploads what `reader` yields until its end.
    ///
    /// Nothing of it is published before the end, and nothing is left at the store if it fails or is dropped.
    ///
    /// # Errors
    ///
    /// `Memory` if the plan has no room for a part; `Local` if the reader fails; `Integrity` if what came is not what the caller
    /// said, in which case nothing is published; else as [`put_file`](Engine::put_file).
    pub async fn put_pipe(
        &self,
        reader: impl AsyncRead + Send + Unpin,
        to: &Destination,
        options: &PutOptions,
        progress: &Progress,
    ) -> Result<Put, TransferError> {
        let shared = self.shared();
        let sizes = Sizes::unknown(options.part_size, half(shared), to.bucket.wants_equal_parts());
        let mut sink = Sink::new(shared, to, options, progress, sizes, HOLD);
        let put = pour(reader, &mut sink, options).await;
        if put.is_err() {
            sink.give_up().await;
        }
        put
    }
}

/// Reads to the end, into the parts themselves, and publishes what came if it is what it should be.
async fn pour(
    mut reader: impl AsyncRead + Send + Unpin,
    sink: &mut Sink,
    options: &PutOptions,
) -> Result<Put, TransferError> {
    let mut expected = options.digest.as_ref().map(|digest| (digest, Running::from(digest.algorithm())));
    loop {
        let part = sink.with_room().await?;
        let from = part.len();
        let read = reader.read(part.spare()).await;
        let read =
            read.map_err(|error| TransferError::of_file("cannot read what is to be uploaded", error))?;
        if read == 0 {
            break;
        }
        part.filled(read);
        if let Some((_, running)) = &mut expected {
            running.update(&part.so_far()[from..]);
        }
        sink.send_if_full().await?;
    }
    if let Some((expected, running)) = expected {
        expected.check(&running.so_far(), "what was read")?;
    }
    sink.publish().await
}
