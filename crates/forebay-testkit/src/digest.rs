//! SHA-256 of bytes as they pass, so that a body of any size is compared without being kept.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest as _;

/// A digest under way.
#[derive(Clone, Debug, Default)]
pub struct Digest(sha2::Sha256);

impl Digest {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest in lower-case hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().iter().fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}

/// The digest of bytes in memory.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.update(bytes);
    digest.finish()
}

/// The digest of a file, read in pieces.
///
/// # Errors
/// Those of the file system.
pub fn of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Digest::default();
    let mut block = vec![0; 1 << 18];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(digest.finish()),
            n => digest.update(&block[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_standard_vector() {
        assert_eq!(
            super::of_bytes(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
