//! Objects to standard output, in order.

use std::{fs::File, io, os::fd::AsFd};

use forebay_store::remote::{ReadAsk, ResumableBody, Tenacity};
use forebay_transfer::{
    Source, TransferError, TransferErrorKind,
    verify::{Demand, Level, Proof},
};
use tokio::io::AsyncWriteExt;

/// Writes an object to standard output; tells its length and what is proven of it.
///
/// Cancel safe in that nothing is left behind but what was written.
pub(super) async fn write(
    source: &Source,
    demand: &Demand,
    shown: &str,
) -> Result<(u64, Proof), TransferError> {
    if *demand != Demand::Free {
        let what = format!(
            "{shown}: what went to standard output cannot be taken back when its digest is wrong: get it to a file"
        );
        return Err(TransferError::new(TransferErrorKind::Invalid, what));
    }
    let to_stdout = |error| TransferError::of_file("cannot write to standard output", error);
    let of_place = |error| TransferError::of_store(shown, error);
    let ask = ReadAsk { key: source.key.clone(), range: None, pin: Some(source.pin.clone()) };
    let mut body =
        ResumableBody::open(source.remote.clone(), ask, Tenacity::default()).await.map_err(of_place)?;
    let proven =
        Proof { level: if body.facts().len.is_some() { Level::Length } else { Level::None }, by: None };
    // Written by a thread that may wait for who reads it: being interrupted is not held up.
    let mut out =
        tokio::fs::File::from_std(File::from(io::stdout().as_fd().try_clone_to_owned().map_err(to_stdout)?));
    let mut len = 0;
    while let Some(bytes) = body.chunk().await {
        let bytes = bytes.map_err(of_place)?;
        len += bytes.len() as u64;
        if let Err(error) = out.write_all(&bytes).await {
            return gone(error, len);
        }
    }
    match out.flush().await {
        Ok(()) => Ok((len, proven)),
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
