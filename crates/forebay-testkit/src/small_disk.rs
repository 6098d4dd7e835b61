//! A disk that is soon full.

use std::path::Path;
use std::process::Command;

/// A file system of its own; gone when it is dropped.
#[derive(Debug)]
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Of so many MiB; `None`, and a notice, where we may not mount one.
    #[must_use]
    pub fn mount(mib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().ok()?;
        let size = format!("size={mib}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        if mounted.is_ok_and(|done| done.status.success()) {
            return Some(Self(dir));
        }
        crate::notice::skipped("a small disk needs the right to mount one");
        None
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// From now on nothing can be written to it. Whether that worked.
    #[must_use]
    pub fn make_read_only(&self) -> bool {
        let made = Command::new("mount").args(["-o", "remount,ro"]).arg(self.path()).status();
        made.is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
