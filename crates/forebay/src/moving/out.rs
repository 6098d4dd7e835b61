//! Objects to standard output, in order.

use std::{fs::File, io, os::fd::AsFd};

use forebay_transfer::{
    Engine, OrderedOptions, Progress, Source, TransferError,
    verify::{Level, Proof},
};
use tokio::io::AsyncWriteExt;

/// Writes an object to standard output; tells its length and what is proven of it.
///
/// Cancel safe in that nothing is left behind but what was written.
pub(super) async fn write(
    engine: &Engine,
    source: &Source,
    options: &OrderedOptions,
    progress: &Progress,
) -> Result<(u64, Proof), TransferError> {
    let to_stdout = |error| TransferError::of_file("cannot write to standard output", error);
    let mut ordered = engine.get_ordered(source, options, progress).await?;
    // Written by a thread that may wait for who reads it: being interrupted is not held up.
    let out = io::stdout().as_fd().try_clone_to_owned().map_err(to_stdout)?;
    let mut out = tokio::fs::File::from_std(File::from(out));
    let mut len = 0;
    while let Some(bytes) = ordered.chunk().await {
        let bytes = bytes?;
        len += bytes.len() as u64;
        if let Err(error) = out.write_all(&bytes).await {
            return gone(error, len);
        }
    }
    match out.flush().await {
        Ok(()) => Ok((len, ordered.proof())),
        Err(error) => gone(error, len),
    }
}

/// Whoever read it has seen enough, or it is in trouble.
fn gone(error: io::Error, len: u64) -> Result<(u64, Proof), TransferError> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok((len, Proof { level: Level::None, by: None })),
        _ => Err(TransferError::of_file("cannot write to standard output", error)),
    }
}
