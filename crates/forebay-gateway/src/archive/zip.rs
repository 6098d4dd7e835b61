//! zip records (PKWARE APPNOTE 6.3): stored, UTF-8 names, zip64 where a number needs it.
//!
//! Nothing is compressed: what is large is compressed already, and a stored member's length is known
//! before its first byte. Its checksum is known before only for members that fit into one chunk; for
//! longer ones it follows the bytes in a data descriptor. The lengths stand in front all the same, which
//! APPNOTE does not forbid and which lets readers that do not seek find the end.

use super::Member;

/// Sizes and offsets from here on need 64 bits.
const FULL_32: u64 = 0xffff_ffff;
const FULL_16: u64 = 0xffff;

/// A descriptor follows the member's bytes.
const DESCRIPTOR: u16 = 1 << 3;
/// The name is UTF-8.
const UTF8: u16 = 1 << 11;

/// Made by 6.3 on Unix; needs 4.5, which has zip64.
const MADE_BY: u16 = 3 << 8 | 63;
const NEEDED: u16 = 45;

/// When a member's checksum is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Before its bytes.
    Known(u32),
    /// After them, in a descriptor.
    Follows,
}

/// What stands before the bytes of a member.
#[must_use]
pub fn local(member: &Member<'_>, checksum: Checksum) -> Vec<u8> {
    let mut extra = timestamp(member);
    let is_large = member.len >= FULL_32;
    if is_large {
        put(&mut extra, &[&le16(1), &le16(16), &le64(member.len), &le64(member.len)]);
    }
    let crc = match checksum {
        Checksum::Known(crc) => crc,
        Checksum::Follows => 0,
    };
    let len = if is_large { u32::MAX } else { member.len as u32 };
    let mut out = Vec::with_capacity(30 + member.path.len() + extra.len());
    put(&mut out, &[b"PK\x03\x04", &le16(NEEDED), &le16(flags(member, checksum)), &le16(0)]);
    put(&mut out, &[&dos_time(member.modified), &le32(crc), &le32(len), &le32(len)]);
    put(&mut out, &[&le16(member.path.len() as u16), &le16(extra.len() as u16), member.path, &extra]);
    out
}

/// What follows the bytes of a member whose checksum was not known before.
#[must_use]
pub fn descriptor(len: u64, crc: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    put(&mut out, &[b"PK\x07\x08", &le32(crc)]);
    if len >= FULL_32 {
        put(&mut out, &[&le64(len), &le64(len)]);
    } else {
        put(&mut out, &[&le32(len as u32), &le32(len as u32)]);
    }
    out
}

/// How much of the file a member takes: what stands before its bytes, they, and what follows them.
#[must_use]
pub fn span(member: &Member<'_>, checksum: Checksum) -> u64 {
    let is_large = member.len >= FULL_32;
    let extra = timestamp(member).len() + if is_large { 20 } else { 0 };
    let behind = match (checksum, is_large) {
        (Checksum::Known(_), _) => 0,
        (Checksum::Follows, false) => 16,
        (Checksum::Follows, true) => 24,
    };
    (30 + member.path.len() + extra + behind) as u64 + member.len
}

/// The member's record in the directory at the end; its local record is at `offset`.
#[must_use]
pub fn central(member: &Member<'_>, checksum: Checksum, crc: u32, offset: u64) -> Vec<u8> {
    let mut extra = timestamp(member);
    let mut large = Vec::new();
    if member.len >= FULL_32 {
        put(&mut large, &[&le64(member.len), &le64(member.len)]);
    }
    if offset >= FULL_32 {
        put(&mut large, &[&le64(offset)]);
    }
    if !large.is_empty() {
        put(&mut extra, &[&le16(1), &le16(large.len() as u16), &large]);
    }
    let len = member.len.min(FULL_32) as u32;
    let mode: u32 = if member.is_directory() { 0o040_755 << 16 | 0x10 } else { 0o100_644 << 16 };
    let mut out = Vec::with_capacity(46 + member.path.len() + extra.len());
    put(&mut out, &[b"PK\x01\x02", &le16(MADE_BY), &le16(NEEDED), &le16(flags(member, checksum)), &le16(0)]);
    put(&mut out, &[&dos_time(member.modified), &le32(crc), &le32(len), &le32(len)]);
    put(
        &mut out,
        &[&le16(member.path.len() as u16), &le16(extra.len() as u16), &le16(0), &le16(0), &le16(0)],
    );
    put(&mut out, &[&le32(mode), &le32(offset.min(FULL_32) as u32), member.path, &extra]);
    out
}

/// What ends the archive: `count` records of `len` bytes in sum, the first at `offset`.
#[must_use]
pub fn end(count: u64, len: u64, offset: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(98);
    if count >= FULL_16 || len >= FULL_32 || offset >= FULL_32 {
        put(&mut out, &[b"PK\x06\x06", &le64(44), &le16(MADE_BY), &le16(NEEDED), &le32(0), &le32(0)]);
        put(&mut out, &[&le64(count), &le64(count), &le64(len), &le64(offset)]);
        put(&mut out, &[b"PK\x06\x07", &le32(0), &le64(offset + len), &le32(1)]);
    }
    let count = le16(count.min(FULL_16) as u16);
    put(&mut out, &[b"PK\x05\x06", &le16(0), &le16(0), &count, &count]);
    put(&mut out, &[&le32(len.min(FULL_32) as u32), &le32(offset.min(FULL_32) as u32), &le16(0)]);
    out
}

fn flags(member: &Member<'_>, checksum: Checksum) -> u16 {
    let utf8 = if std::str::from_utf8(member.path).is_ok() { UTF8 } else { 0 };
    match checksum {
        Checksum::Known(_) => utf8,
        Checksum::Follows => utf8 | DESCRIPTOR,
    }
}

/// The time to the second, where 32 bits hold it ("UT", Info-ZIP).
fn timestamp(member: &Member<'_>) -> Vec<u8> {
    let mut extra = Vec::with_capacity(9);
    if let Ok(seconds) = i32::try_from(member.modified) {
        put(&mut extra, &[&le16(0x5455), &le16(5), &[1], &seconds.to_le_bytes()]);
    }
    extra
}

/// Time and date as MS-DOS has them: two-second steps from 1980, here in UTC.
fn dos_time(seconds: u64) -> [u8; 4] {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    if !(1980..=2107).contains(&year) {
        return [0, 0, 0x21, 0];
    }
    let time = (second / 3600) << 11 | (second / 60 % 60) << 5 | ((second % 60) / 2);
    let date = (year - 1980) << 9 | month << 5 | day;
    let [a, b] = le16(time as u16);
    let [c, d] = le16(date as u16);
    [a, b, c, d]
}

/// The Gregorian date of a day since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn put(out: &mut Vec<u8>, fields: &[&[u8]]) {
    for field in fields {
        out.extend_from_slice(field);
    }
}

const fn le16(number: u16) -> [u8; 2] {
    number.to_le_bytes()
}

const fn le32(number: u32) -> [u8; 4] {
    number.to_le_bytes()
}

const fn le64(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::{civil, dos_time};

    #[test]
    fn dates_of_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_778), (2026, 11, 21));
        assert_eq!(dos_time(315_532_800), [0, 0, 0x21, 0], "1980 begins");
        assert_eq!(dos_time(0), [0, 0, 0x21, 0], "what was before is 1980 too");
    }
}
