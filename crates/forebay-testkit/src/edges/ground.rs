//! The directory of a server that will not run as root: it belongs to an ordinary user, and the way to it is open.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use crate::cert::Certificate;

/// Where one server keeps everything.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) dir: PathBuf,
}

/// `nobody` and `nogroup`, which have these numbers everywhere.
const NOBODY: u32 = 65534;

impl Ground {
    /// Makes the directory.
    pub(super) fn prepare(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: fs::canonicalize(dir)? })
    }

    /// Puts a file there.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.dir.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Puts a certificate and its key there: the server cannot read where the test keeps them.
    pub(super) fn certificate(&self, certificate: &Certificate) -> io::Result<(PathBuf, PathBuf)> {
        let (cert, key) = (self.dir.join("edge.crt"), self.dir.join("edge.key"));
        fs::copy(&certificate.cert_path, &cert)?;
        fs::copy(&certificate.key_path, &key)?;
        Ok((cert, key))
    }

    /// Makes a command run here, as an ordinary user, who owns all of it from now on.
    pub(super) fn settle(&self, command: &mut Command) -> io::Result<()> {
        command.current_dir(&self.dir);
        if !geteuid().is_root() {
            return Ok(());
        }
        give(&self.dir)?;
        let temporary = fs::canonicalize(std::env::temp_dir())?;
        let within = |above: &&Path| above.starts_with(&temporary) && **above != *temporary;
        for above in self.dir.ancestors().skip(1).take_while(within) {
            let mode = fs::metadata(above)?.mode();
            fs::set_permissions(above, Permissions::from_mode(mode | 0o011))?;
        }
        command.uid(NOBODY).gid(NOBODY);
        Ok(())
    }
}

/// Gives a tree away.
fn give(path: &Path) -> io::Result<()> {
    lchown(path, Some(NOBODY), Some(NOBODY))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path())?;
        }
    }
    Ok(())
}
