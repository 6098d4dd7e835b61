//! Cold pages: a `sendfile` or `pread` of a page that is not in the page cache sleeps in the kernel, and
//! with it the worker and every connection on it. So what is about to be sent is probed first, and what
//! is missing is fetched by the blocking pool.
//!
//! The probe is `preadv2(RWF_NOWAIT)` of the first and the last byte: it answers at once, from the cache
//! or with EAGAIN. The kernel's readahead fills windows in order, so the two ends speak for the middle;
//! where they do not (a page evicted between), a worker sleeps for one read, which is what every other
//! server does for all of them.
//!
//! Where the file system cannot answer (overlayfs and tmpfs say EOPNOTSUPP), the first touch of a file
//! in a while goes to the blocking pool and later ones are trusted to the kernel's readahead.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::Advice;
use rustix::io::Errno;

use super::calls::read_nowait;

/// How much is fetched and taken for warm at a time; also how far the kernel is asked to read ahead.
pub(crate) const WARM_BYTES: u64 = 1 << 20;
/// Between two bytes touched by a fetch. No larger than the kernel's smallest readahead step.
const TOUCH_EVERY: u64 = 16 << 10;
/// For how long a touched file of a silent file system is taken for warm, in seconds.
const TRUSTED_FOR: u64 = 30;

/// What to do about pages that may not be in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColdPages {
    /// Probe, and fetch off the workers what is missing or, where the file system cannot tell, what has
    /// not been touched for a while.
    #[default]
    Probe,
    /// Trust that the files are in memory (tmpfs, or a data set that fits): a worker sleeps otherwise.
    Trust,
}

/// Whether a range can be sent without sleeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    Warm,
    Cold,
}

/// The outcome of a read that may not sleep.
pub(crate) enum Now {
    Read(usize),
    Cold,
}

impl ColdPages {
    pub(crate) fn probe(self, file: &File, offset: u64, len: u64) -> Pages {
        if self == Self::Trust {
            return Pages::Warm;
        }
        let last = offset + len.max(1) - 1;
        let mut byte = [0u8];
        for at in [offset, last] {
            match read_nowait(file, &mut byte, at) {
                // Past the end: sending will notice that the file is shorter than promised.
                Ok(_) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return touched_lately(file),
                Err(_) => return Pages::Cold,
            }
            if offset == last {
                break;
            }
        }
        Pages::Warm
    }

    /// Reads what is in memory; says `Cold` instead of sleeping.
    pub(crate) fn read_now(self, file: &File, buffer: &mut [u8], offset: u64) -> io::Result<Now> {
        if self == Self::Probe {
            match read_nowait(file, buffer, offset) {
                Ok(n) => return Ok(Now::Read(n)),
                Err(Errno::OPNOTSUPP | Errno::NOSYS) if touched_lately(file) == Pages::Warm => {}
                Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Now::Cold),
                Err(error) => return Err(error.into()),
            }
        }
        read_at(file, buffer, offset).map(Now::Read)
    }
}

/// Brings a range into the page cache. Blocks: for the blocking pool only. Needs no buffer.
///
/// # Errors
/// What reading the file says. A file that ends early is no error here.
pub(crate) fn fetch(file: &File, offset: u64, len: u64) -> io::Result<()> {
    // Asks for the next window too, so that a steady reader finds it warm.
    let ahead = std::num::NonZeroU64::new(len + WARM_BYTES);
    // Advice that is refused costs the read-ahead and nothing else.
    let _refused = rustix::fs::fadvise(file, offset, ahead, Advice::WillNeed);
    let mut byte = [0u8];
    let mut at = offset;
    while at < offset + len {
        if read_at(file, &mut byte, at)? == 0 {
            break;
        }
        at += TOUCH_EVERY;
    }
    read_at(file, &mut byte, offset + len.max(1) - 1)?;
    note_touched(file);
    Ok(())
}

/// Reads at a position; a signal (a profile's timer) does not end a transfer.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

pub(crate) fn note_touched(file: &File) {
    if let Some((slot, stamp)) = stamp(file) {
        slot.store(stamp, Ordering::Relaxed);
    }
}

fn touched_lately(file: &File) -> Pages {
    let Some((slot, now)) = stamp(file) else { return Pages::Cold };
    let then = slot.load(Ordering::Relaxed);
    let same_file = then >> 32 == now >> 32;
    if same_file && (now & 0xffff_ffff).saturating_sub(then & 0xffff_ffff) < TRUSTED_FOR {
        Pages::Warm
    } else {
        Pages::Cold
    }
}

/// Which files of silent file systems were touched lately: a lossy table, a hash of device, inode and last change in
/// the upper half of each word and the time in seconds in the lower. A collision costs one hop. The change is
/// in it because an inode number is given to another file as soon as its own is removed.
static TOUCHED: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];

fn stamp(file: &File) -> Option<(&'static AtomicU64, u64)> {
    let metadata = file.metadata().ok()?;
    let changed = metadata.ctime().cast_unsigned().rotate_left(32) ^ metadata.ctime_nsec().cast_unsigned();
    let file = metadata.dev().rotate_left(32) ^ metadata.ino();
    let identity = (file ^ changed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).tv_sec as u64 + 1;
    let slot = &TOUCHED[(identity >> 54) as usize];
    Some((slot, (identity & 0xffff_ffff) << 32 | now & 0xffff_ffff))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file_of(len: usize) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; len]).unwrap();
        file
    }

    #[test]
    fn fresh_pages_are_warm_once_touched() {
        let file = file_of(3 << 20);
        fetch(&file, 0, WARM_BYTES).unwrap();
        assert_eq!(ColdPages::Probe.probe(&file, 0, WARM_BYTES), Pages::Warm);
        let mut buffer = [0; 100];
        let Now::Read(n) = ColdPages::Probe.read_now(&file, &mut buffer, 5).unwrap() else {
            panic!("a page that was just touched is cold")
        };
        assert_eq!(buffer[..n], [7; 100]);
    }

    #[test]
    fn a_dropped_page_is_cold_until_it_is_fetched() {
        let file = file_of(4 << 20);
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        if ColdPages::Probe.probe(&file, 0, WARM_BYTES) == Pages::Warm {
            forebay_testkit::notice::skipped("this file system keeps its pages (tmpfs?)");
            return;
        }
        fetch(&file, 0, WARM_BYTES).unwrap();
        assert_eq!(ColdPages::Probe.probe(&file, 0, WARM_BYTES), Pages::Warm);
    }

    #[test]
    fn a_file_that_was_touched_and_then_changed_is_another_one() {
        let mut file = file_of(10);
        note_touched(&file);
        assert_eq!(touched_lately(&file), Pages::Warm);
        let before = file.metadata().unwrap().ctime_nsec();
        // The kernel's clock for this has a step of some milliseconds.
        while file.metadata().unwrap().ctime_nsec() == before {
            file.write_all(b"more").unwrap();
        }
        assert_eq!(touched_lately(&file), Pages::Cold);
    }

    #[test]
    fn a_file_that_ends_early_is_left_to_the_sender() {
        let file = file_of(10);
        fetch(&file, 0, 100_000).unwrap();
        assert_eq!(ColdPages::Probe.probe(&file, 0, 100_000), Pages::Warm);
    }
}
