//! What has to be kept of a member until the directory of its zip is written, in few bytes.
//!
//! Of a path only what differs from the path before it: a walk comes in order, so that most is the same. Of a time the
//! difference, since files that lie together are often equally old. Numbers take seven bits a byte (LEB128). Where a
//! member stands in the file is not kept: it is the sum of what stands before it.

use super::Member;
use super::zip::Checksum;

/// The member before, on the side that writes and on the side that reads.
#[derive(Debug, Default)]
pub(super) struct Trail {
    path: Vec<u8>,
    modified: u64,
}

/// A member that was noted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Noted<'a> {
    pub(super) member: Member<'a>,
    pub(super) checksum: Checksum,
    pub(super) crc: u32,
}

impl Trail {
    /// Notes a member behind those before it.
    pub(super) fn write(&mut self, member: &Member<'_>, checksum: Checksum, crc: u32, to: &mut Vec<u8>) {
        let shared = self.path.iter().zip(member.path).take_while(|(a, b)| a == b).count();
        let own = &member.path[shared..];
        let follows = u64::from(checksum == Checksum::Follows);
        number(shared as u64, to);
        number(own.len() as u64, to);
        to.extend_from_slice(own);
        // Twice a length fits: a file has at most 2⁶³ − 1 bytes.
        number(member.len << 1 | follows, to);
        number(zigzag(member.modified.wrapping_sub(self.modified).cast_signed()), to);
        if member.len > 0 {
            to.extend_from_slice(&crc.to_le_bytes());
        }
        self.path.truncate(shared);
        self.path.extend_from_slice(own);
        self.modified = member.modified;
    }

    /// Reads the next note; `None` at the end of them.
    pub(super) fn read(&mut self, from: &mut &[u8]) -> Option<Noted<'_>> {
        let shared = usize::try_from(read_number(from)?).ok()?;
        let own = usize::try_from(read_number(from)?).ok()?;
        let (own, rest) = from.split_at_checked(own)?;
        *from = rest;
        let (len, since) = (read_number(from)?, read_number(from)?);
        let crc = if len > 1 { from.split_off(..4)?.try_into().map_or(0, u32::from_le_bytes) } else { 0 };
        self.path.truncate(shared);
        self.path.extend_from_slice(own);
        self.modified = self.modified.wrapping_add(unzigzag(since).cast_unsigned());
        let member = Member { path: &self.path, len: len >> 1, modified: self.modified };
        let checksum = if len & 1 == 1 { Checksum::Follows } else { Checksum::Known(crc) };
        Some(Noted { member, checksum, crc })
    }
}

fn number(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *from.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Small numbers of either sign as small numbers.
const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}
