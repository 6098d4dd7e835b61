//! The directory that ends a zip file, kept until then.
//!
//! It is the one part of an archive that grows with the number of files, so it is kept as notes (`zip_notes`), of about 12
//! bytes and the end of a path each, and its records are made when their time has come. The first blocks are part of
//! what every archive is paid for; each one more is paid before it is there. When the plan has no more, the archive
//! fails: half of a directory would be a lie.

use std::collections::VecDeque;
use std::io;

use forebay_budget::Lease;

use super::Member;
use super::zip::{self, Checksum};
use super::zip_notes::{Noted, Trail};
use crate::error::broken;

/// Larger than any note.
const BLOCK_BYTES: usize = 16 << 10;
/// A record at most: a path below a path, and its numbers.
const RECORD_BYTES_MAX: usize = 5 << 10;
/// What is paid for before an archive begins, in bytes: room for thousands of files.
pub(super) const FIRST_BYTES: u64 = 6 * BLOCK_BYTES as u64;

pub(super) struct Directory {
    notes: VecDeque<Vec<u8>>,
    /// Pays for `notes`.
    lease: Option<Lease>,
    written: Trail,
    count: u64,
    read: Trail,
    /// How much of the first block has been read.
    read_to: usize,
    /// Where the next member stands in the file; behind the last, where the directory begins.
    next_at: u64,
    /// Bytes of records made so far.
    len: u64,
}

impl Directory {
    /// The first blocks are paid from `lease`.
    pub(super) fn new(lease: &mut Lease) -> Self {
        Self {
            notes: VecDeque::new(),
            lease: lease.split(FIRST_BYTES),
            written: Trail::default(),
            count: 0,
            read: Trail::default(),
            read_to: 0,
            next_at: 0,
            len: 0,
        }
    }

    /// Keeps what its record needs of the member that comes next in the file.
    pub(super) fn push(&mut self, member: &Member<'_>, checksum: Checksum, crc: u32) -> io::Result<()> {
        let mut note = Vec::with_capacity(64);
        self.written.write(member, checksum, crc, &mut note);
        let has_room = |block: &Vec<u8>| block.capacity() - block.len() >= note.len();
        if !self.notes.back().is_some_and(has_room) {
            self.pay_for_a_block()?;
            self.notes.push_back(Vec::with_capacity(BLOCK_BYTES));
        }
        if let Some(block) = self.notes.back_mut() {
            block.extend_from_slice(&note);
        }
        self.count += 1;
        Ok(())
    }

    fn pay_for_a_block(&mut self) -> io::Result<()> {
        let Some(lease) = &mut self.lease else { return Err(broken("a zip without a lease")) };
        if ((self.notes.len() + 1) * BLOCK_BYTES) as u64 <= lease.bytes() {
            return Ok(());
        }
        lease.try_grow(BLOCK_BYTES as u64).map_err(|refused| {
            tracing::warn!(
                %refused,
                files = self.count,
                "a zip was broken off: no memory for the list of its files. Set `memory` higher, or let clients ask for \
                 ?archive=tar, which keeps no such list"
            );
            broken(refused)
        })
    }

    /// The next records, some KiB of them; `None` behind the last.
    pub(super) fn take_records(&mut self) -> Option<Vec<u8>> {
        let mut records = Vec::with_capacity(BLOCK_BYTES);
        while let Some(block) = self.notes.front() {
            let mut rest = &block[self.read_to..];
            let Some(Noted { member, checksum, crc }) = self.read.read(&mut rest) else {
                self.notes.pop_front();
                self.read_to = 0;
                continue;
            };
            self.read_to = block.len() - rest.len();
            records.extend_from_slice(&zip::central(&member, checksum, crc, self.next_at));
            self.next_at += zip::span(&member, checksum);
            if records.len() > BLOCK_BYTES - RECORD_BYTES_MAX {
                break;
            }
        }
        self.len += records.len() as u64;
        (!records.is_empty()).then_some(records)
    }

    /// What ends the file, whose `written` bytes are the members and all records. A directory that does not say where
    /// they stand is not sent.
    pub(super) fn end(&self, written: u64) -> io::Result<Vec<u8>> {
        if self.next_at + self.len != written {
            return Err(broken("the directory of a zip does not fit its members"));
        }
        Ok(zip::end(self.count, self.len, self.next_at))
    }
}

#[cfg(test)]
mod tests {
    use forebay_budget::{ByteSize, Class, Ledger};
    use proptest::prelude::*;

    use super::*;

    const MANY: u64 = 4 << 30;

    fn directory(bytes: u64) -> Directory {
        let ledger = Ledger::new([(Class::Archives, ByteSize::b(bytes))]);
        Directory::new(&mut ledger.try_acquire(Class::Archives, FIRST_BYTES).unwrap())
    }

    fn records(directory: &mut Directory) -> Vec<u8> {
        std::iter::from_fn(|| directory.take_records()).flatten().collect()
    }

    proptest! {
        #[test]
        fn the_records_are_those_of_the_members_where_they_stand(
            members in prop::collection::vec(
                (
                    prop::collection::vec("[ab]{1,3}|[^/]{1,9}", 1..5),
                    prop_oneof![Just(0), 0..100_000u64, MANY..MANY + 9, any::<u32>().prop_map(u64::from)],
                    prop_oneof![0..10u64, 1_700_000_000..1_700_000_100u64, any::<u64>()],
                    any::<u32>(), any::<bool>(),
                ),
                0..60,
            ),
        ) {
            let mut directory = directory(1 << 20);
            let (mut at, mut expected, count) = (0, Vec::new(), members.len() as u64);
            for (path, len, modified, crc, follows) in members {
                let path = path.join("/").into_bytes();
                let crc = if len == 0 { 0 } else { crc };
                let member = Member { path: &path, len, modified };
                let checksum = if follows { Checksum::Follows } else { Checksum::Known(crc) };
                directory.push(&member, checksum, crc).unwrap();
                expected.extend(zip::central(&member, checksum, crc, at));
                let behind = if follows { zip::descriptor(len, crc).len() } else { 0 };
                at += zip::local(&member, checksum).len() as u64 + len + behind as u64;
            }
            prop_assert_eq!(records(&mut directory), &*expected);
            let len = expected.len() as u64;
            prop_assert_eq!(directory.end(at + len).unwrap(), zip::end(count, len, at));
            prop_assert!(directory.end(at + len + 1).is_err(), "it would point beside its members");
        }
    }

    /// As a camera or a build makes them: numbered names, many directories, sizes and times of every kind.
    #[test]
    fn a_mebibyte_lists_more_than_forty_thousand_files() {
        let mut directory = directory(1 << 20);
        let mut files = 0_u64;
        loop {
            let path = format!("pictures/2026/{:04}/IMG_{files:08}.jpeg", files / 200);
            let noise = files.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let member = Member {
                path: path.as_bytes(),
                len: noise >> 40,
                modified: 1_700_000_000 + files * 7 + (noise & 0xff),
            };
            if directory.push(&member, Checksum::Known(noise as u32), noise as u32).is_err() {
                break;
            }
            files += 1;
        }
        assert!(files > 40_000, "{files}");
        assert!(directory.notes.len() * BLOCK_BYTES <= 1 << 20);
    }
}
