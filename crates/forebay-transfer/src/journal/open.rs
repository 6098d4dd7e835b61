//! A journal that is being written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::state::Entry;
use super::{Done, Head, State, line, read};

/// More than any journal of ours has: 10,000 lines of at most 300 bytes, noted twice.
const BYTES_MAX: u64 = 8 << 20;

/// A journal that is being written.
///
/// A line that cannot be written is no failure of the transfer: its piece is fetched once more, should it come to that.
#[derive(Debug)]
pub struct Journal {
    file: Arc<File>,
    path: PathBuf,
    /// How many pieces were noted.
    noted: usize,
    /// Whether a line could not be written whole: what came behind it would not be read.
    torn: bool,
}

impl Journal {
    /// Begins one: beside, and renamed when it says all that is known.
    ///
    /// # Errors
    ///
    /// Whatever keeps a file from being written there.
    pub fn begin(path: &Path, mut head: Head, done: impl IntoIterator<Item = Done>) -> io::Result<Self> {
        head.boot = boot_id();
        let mut text = line::line(&head);
        let mut noted = 0;
        for done in done {
            noted += 1;
            text.extend(line::line(&Entry::Done(done)));
        }
        let beside = path.with_extension("new");
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        let written = file.write_all(&text).and_then(|()| std::fs::rename(&beside, path));
        if let Err(error) = written {
            // It holds nothing that anybody would look for.
            let _ = std::fs::remove_file(&beside);
            return Err(error);
        }
        Ok(Self { file: Arc::new(file), path: path.into(), noted, torn: false })
    }

    /// What the journal at `path` says, if there is one that can be believed.
    pub fn load(path: &Path) -> Option<State> {
        let mut text = Vec::new();
        let file = OpenOptions::new().read(true).custom_flags(nofollow()).open(path).ok()?;
        file.take(BYTES_MAX).read_to_end(&mut text).ok()?;
        read(&text, boot_id().as_deref())
    }

    /// Notes a piece, or the first bytes of one.
    pub fn done(&mut self, done: Done) {
        self.noted += 1;
        self.append(&Entry::Done(done));
    }

    /// How many pieces were noted: what a sync that begins now will cover.
    pub const fn noted(&self) -> usize {
        self.noted
    }

    /// Notes that the data of the first `noted` lines has been synced. If this line is lost, those are fetched again.
    pub fn synced(&mut self, noted: usize) {
        self.append(&Entry::Synced(noted));
    }

    /// The file, to be synced elsewhere.
    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// The transfer is whole, or given up: nobody needs it any more.
    pub fn end(self) {
        // One that stays behind is found to belong to nothing.
        let _ = std::fs::remove_file(&self.path);
    }

    fn append(&mut self, entry: &Entry) {
        if !self.torn {
            self.torn = (&*self.file).write_all(&line::line(entry)).is_err();
        }
    }
}

const fn nofollow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}

fn boot_id() -> Option<Box<str>> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().into())
}
