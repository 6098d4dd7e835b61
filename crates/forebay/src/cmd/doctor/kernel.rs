//! What the kernel and the root's file system can do, tried out and not guessed from version numbers.

use std::{
    fs::{self, File},
    io::{self, IoSliceMut},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags},
    io::{Errno, ReadWriteFlags},
};

use super::Finding;

/// How many names of the root are looked at to find a file to try things on.
const NAMES_LOOKED_AT_MAX: usize = 1000;

pub(super) fn features(root: &Path) -> Vec<Finding> {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut findings = vec![Finding::ok("kernel", format!("Linux {release}")), openat2()];
    match sample(root) {
        None => findings.push(Finding::warn(
            "file system",
            "the root has no readable file to try sendfile and RWF_NOWAIT on",
            "run doctor again when it has",
        )),
        Some((path, file)) => {
            findings.push(nowait(&path, &file));
            findings.push(sendfile(&file));
        }
    }
    findings
}

fn openat2() -> Finding {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    match rustix::fs::openat2(CWD, ".", flags, Mode::empty(), ResolveFlags::BENEATH) {
        Ok(_) => Finding::ok("openat2", "the kernel keeps every path inside the root"),
        Err(error) => Finding::warn(
            "openat2",
            format!(
                "not available ({error}): paths are walked one name at a time, which is slower and as safe"
            ),
            "use Linux 5.6 or newer, or a sandbox that allows openat2",
        ),
    }
}

fn nowait(path: &Path, file: &File) -> Finding {
    let mut byte = [0];
    let answer = rustix::io::preadv2(file, &mut [IoSliceMut::new(&mut byte)], 0, ReadWriteFlags::NOWAIT);
    match answer {
        Ok(_) | Err(Errno::AGAIN) => {
            Finding::ok("RWF_NOWAIT", "the file system says whether a read would wait for the disk")
        }
        Err(error) => Finding::warn(
            "RWF_NOWAIT",
            format!("not on this file system ({error}, tried on {})", path.display()),
            "files are first touched by a blocking thread, which is slower for small ones; ext4, xfs and btrfs have it",
        ),
    }
}

fn sendfile(file: &File) -> Finding {
    let send = || -> io::Result<usize> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let near = TcpStream::connect(listener.local_addr()?)?;
        let _far = listener.accept()?;
        Ok(rustix::fs::sendfile(&near, file, Some(&mut 0), 1)?)
    };
    match send() {
        Ok(_) => Finding::ok("sendfile", "file bytes go to sockets without a copy"),
        Err(error) => Finding::warn(
            "sendfile",
            format!("not from this file system ({error})"),
            "bytes are read and written instead, at several times the cost; move the files to a local file system",
        ),
    }
}

/// Some file of the root that has a byte to read.
fn sample(root: &Path) -> Option<(PathBuf, File)> {
    let entries = fs::read_dir(root).ok()?.flatten().take(NAMES_LOOKED_AT_MAX);
    entries
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 0))
        .find_map(|entry| Some((entry.path(), File::open(entry.path()).ok()?)))
}
