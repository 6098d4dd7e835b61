//! The digest of a file, in bounded memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use forebay_store::remote::{Checksum, Coverage};

use super::Running;
use crate::TransferError;
use crate::blocking::blocking;

/// Read at once: enough to make calls rare.
const READ: usize = 128 << 10;

/// The digest of a file that can be compared with `told`; `None` if `told` is of a kind that is not taken, or not of all bytes.
///
/// # Errors
///
/// `NotFound`, `Local`.
pub async fn digest_of_file(path: &Path, told: &Checksum) -> Result<Option<Checksum>, TransferError> {
    let running = Running::new(told.kind).filter(|_| told.coverage == Coverage::FullObject);
    let Some(mut running) = running else { return Ok(None) };
    let path = path.to_owned();
    let mut read = move || {
        let mut file = File::open(&path)?;
        let mut buffer = vec![0; READ];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(running.so_far()),
                more => running.update(&buffer[..more]),
            }
        }
    };
    let failed = |error| TransferError::of_file("cannot read what is to be compared", error);
    Ok(Some(blocking(move || read().map_err(failed)).await?))
}
