//! A line of a journal: eight hexadecimal digits of CRC-32C, a space, JSON, a line feed.

use serde::Serialize;

/// The line that says this.
pub(super) fn line(entry: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(entry).unwrap_or_default();
    let mut line = format!("{:08x} ", crc(&json)).into_bytes();
    line.extend(json);
    line.push(b'\n');
    line
}

/// What the lines say, up to the first that is not whole.
pub(super) fn whole_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').map_while(checked)
}

fn checked(line: &[u8]) -> Option<&[u8]> {
    let (digits, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let digits = std::str::from_utf8(digits).ok()?.strip_suffix(' ')?;
    let told = u32::from_str_radix(digits, 16).ok()?;
    (u64::from(told) == crc(json)).then_some(json)
}

fn crc(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes)
}
