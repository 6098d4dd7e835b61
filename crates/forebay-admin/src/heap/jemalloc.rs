//! jemalloc's switches for sampling, through the safe names of its control interface.
//!
//! A dump is written by jemalloc to a file of a given name. Ours is a file in memory without a place in any
//! directory (memfd_create(2)), named by its descriptor, so that it works on a read-only root and nobody else can
//! put a link in its way. The name must live for ever, as the interface is typed; it is made once. A file in memory is
//! memory: it is leased before the dump is written, and as nobody knows before how long a dump gets, one that is longer
//! has to lease the rest at once, or is thrown away.

use std::{
    fs::File,
    io::{self, BufReader, Seek},
    os::fd::AsRawFd,
};

use forebay_budget::Lease;
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

    /// Has the samples written out and read by `read`. Blocks; one at a time. `lease` pays for the file.
    pub(super) fn dump<T>(
        &self,
        mut lease: Lease,
        read: impl FnOnce(BufReader<&mut File>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut sheet = self.sheet.lock();
        let sheet = match &mut *sheet {
            Some(sheet) => sheet,
            none => none.insert(Sheet::new()?),
        };
        "prof.dump\0".name().write(sheet.name).map_err(|error| io::Error::other(error.to_string()))?;
        let read = sheet.is_paid(&mut lease).and_then(|()| read(BufReader::new(&mut sheet.file)));
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

    /// Leases what is longer than the lease, and goes to the beginning.
    fn is_paid(&mut self, lease: &mut Lease) -> io::Result<()> {
        let more = self.file.metadata()?.len().saturating_sub(lease.bytes());
        lease.try_grow(more).map_err(|refused| io::Error::new(io::ErrorKind::OutOfMemory, refused))?;
        self.file.rewind()
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use forebay_budget::{ByteSize, Class, Ledger};

    use super::*;

    #[test]
    fn without_a_profiling_allocator_the_answer_is_501_and_says_what_is_needed() {
        let heap = Heap::new();
        let refusal = heap.able().unwrap_err();
        assert_eq!((refusal.status, heap.state()), (StatusCode::NOT_IMPLEMENTED, "not available"));
        assert!(refusal.text.contains("prof:true"), "{}", refusal.text);
    }

    #[test]
    fn a_dump_that_is_longer_than_its_lease_leases_the_rest_or_is_refused_with_the_numbers() {
        let ledger = Ledger::new([(Class::Admin, ByteSize::b(1000))]);
        let mut sheet = Sheet::new().unwrap();
        sheet.file.write_all(&[b'x'; 900]).unwrap();
        let mut lease = ledger.try_acquire(Class::Admin, 100).unwrap();
        sheet.is_paid(&mut lease).unwrap();
        assert_eq!((lease.bytes(), sheet.file.stream_position().unwrap()), (900, 0));
        sheet.file.write_all(&[b'x'; 1100]).unwrap();
        let refused = sheet.is_paid(&mut lease).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(refused.to_string(), "admin: 200 B asked, 100 B free of 1000 B: not enough is free");
    }
}
