//! With which URLs of a list an edge has failed: its children are not asked for those.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A byte for each URL, in a file without a name: a list may be of any length, and failures are few, so hardly a page of it exists.
#[derive(Debug)]
pub(super) struct Failed(File);

impl Failed {
    pub(super) fn none(dir: &Path) -> io::Result<Self> {
        tempfile::tempfile_in(dir).map(Self)
    }

    pub(super) fn add(&self, nth: u64) -> io::Result<()> {
        self.0.write_all_at(&[1], nth)
    }

    pub(super) fn has(&self, nth: u64) -> io::Result<bool> {
        let mut mark = [0];
        // Behind the last failure the file ends.
        Ok(self.0.read_at(&mut mark, nth)? == 1 && mark == [1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_and_nothing_else() {
        let failed = Failed::none(&std::env::temp_dir()).unwrap();
        for nth in [3, 0, 1_000_000] {
            failed.add(nth).unwrap();
        }
        let there: Vec<u64> = (0..10).chain([999_999, 1_000_000, 1_000_001]).collect();
        let there: Vec<u64> = there.into_iter().filter(|nth| failed.has(*nth).unwrap()).collect();
        assert_eq!(there, [0, 3, 1_000_000]);
    }
}
