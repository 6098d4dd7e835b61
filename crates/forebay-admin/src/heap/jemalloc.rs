//! jemalloc's switches for sampling, through the safe names of its control interface.
//!
//! A dump is written by jemalloc to a file of a given name. Ours is a file in memory without a place in any
//! directory (memfd_create(2)), named by its descriptor, so that it works on a read-only root and nobody else can
//! put a link in its way. The name must live for ever, as the interface is typed; it is made once.

use std::{
    fs::File,
    io::{self, BufReader, Seek},
    os::fd::AsRawFd,
};

use http::StatusCode;
use parking_lot::Mutex;
use rustix::fs::{MemfdFlags, memfd_create};
use tikv_jemalloc_ctl::{Access, AsName};

use crate::admission::Refusal;

/// The allocator's samples, as far as this process has them.
#[derive(Debug)]
pub(crate) struct Heap {
    sheet: Mutex<Option<Sheet>>,
}

/// What dumps are written on.
#[derive(Debug)]
struct Sheet {
    file: File,
    name: &'static [u8],
}

/// Sampling that was switched on, and is switched off again if it was off before.
#[derive(Debug)]
pub(super) struct Switched {
    was_active: bool,
}

impl Heap {
    pub(crate) fn new() -> Self {
        Self { sheet: Mutex::new(None) }
    }

    /// Says why there can be no heap profile, if so.
    pub(super) fn able(&self) -> Result<(), Refusal> {
        if flag("opt.prof\0") {
            return Ok(());
        }
        let text = "this process cannot sample its allocations: it needs jemalloc with profiling as its allocator, \
                    started with prof:true in its settings (malloc_conf, or MALLOC_CONF in the environment)";
        Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, text))
    }

    /// The state of sampling, in words.
    pub(crate) fn state(&self) -> &'static str {
        match (flag("opt.prof\0"), flag("prof.active\0")) {
            (false, _) => "not available",
            (true, false) => "off",
            (true, true) => "on",
        }
    }

    pub(super) fn is_active(&self) -> bool {
        flag("prof.active\0")
    }

    pub(super) fn set_active(&self, active: bool) -> Result<(), Refusal> {
        "prof.active\0".name().write(active).map_err(|error| {
            Refusal::new(StatusCode::NOT_IMPLEMENTED, format!("sampling cannot be switched: {error}"))
        })
    }

    /// Switches sampling on for as long as the answer lives.
    pub(super) fn activate(&self) -> Result<Switched, Refusal> {
        let was_active = self.is_active();
        self.set_active(true)?;
        Ok(Switched { was_active })
    }

    /// Has the samples written out and read by `read`. Blocks; one at a time.
    pub(super) fn dump<T>(&self, read: impl FnOnce(BufReader<&mut File>) -> io::Result<T>) -> io::Result<T> {
        let mut sheet = self.sheet.lock();
        let sheet = match &mut *sheet {
            Some(sheet) => sheet,
            none => none.insert(Sheet::new()?),
        };
        "prof.dump\0".name().write(sheet.name).map_err(|error| io::Error::other(error.to_string()))?;
        sheet.file.rewind()?;
        let read = read(BufReader::new(&mut sheet.file));
        sheet.file.set_len(0)?;
        read
    }
}

impl Sheet {
    fn new() -> io::Result<Self> {
        let file = File::from(memfd_create("heap-profile", MemfdFlags::CLOEXEC)?);
        let name = format!("/proc/self/fd/{}\0", file.as_raw_fd());
        Ok(Self { file, name: name.into_bytes().leak() })
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        if !self.was_active {
            // It was switched on by the same name a moment ago.
            let _ = "prof.active\0".name().write(false);
        }
    }
}

/// A flag of the allocator; one that it does not have is not set.
fn flag(name: &'static str) -> bool {
    name.name().read().unwrap_or(false)
}
