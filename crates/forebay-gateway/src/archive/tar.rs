//! tar records: POSIX.1-2001 (`pax`) over `ustar`.
//!
//! A plain `ustar` header says all there is to say of most files. A pax record goes before it where it
//! cannot: a path of more than 100 bytes or not ASCII, and a length of 8 GiB or more. A path that is not
//! UTF-8 is marked `hdrcharset=BINARY`, so that it is restored byte by byte.

use super::Member;

/// Everything in a tar file is a multiple of this, in bytes.
pub const BLOCK: usize = 512;

/// Longest path that fits into the plain header.
const NAME_MAX: usize = 100;
/// Largest number that fits into eleven octal digits.
const SIZE_MAX: u64 = 0o77_777_777_777;

/// The two empty blocks that end an archive.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// What stands before the bytes of a member.
#[must_use]
pub fn header(member: &Member<'_>) -> Vec<u8> {
    let mut records = Vec::new();
    if member.path.len() > NAME_MAX || !member.path.is_ascii() {
        if std::str::from_utf8(member.path).is_err() {
            record(&mut records, b"hdrcharset", b"BINARY");
        }
        record(&mut records, b"path", member.path);
    }
    if member.len > SIZE_MAX {
        record(&mut records, b"size", member.len.to_string().as_bytes());
    }
    let mut out = Vec::with_capacity(BLOCK);
    if !records.is_empty() {
        let about = Member { path: b"PaxHeaders/attributes", len: records.len() as u64, ..*member };
        block(&mut out, &about, b'x');
        out.extend_from_slice(&records);
        out.resize(out.len() + padding(records.len() as u64), 0);
    }
    block(&mut out, member, if member.is_directory() { b'5' } else { b'0' });
    out
}

/// How many zeros follow `len` bytes of a member.
#[must_use]
pub fn padding(len: u64) -> usize {
    let rest = (len % BLOCK as u64) as usize;
    if rest == 0 { 0 } else { BLOCK - rest }
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself.
fn record(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while rest + digits(len) != len {
        len = rest + digits(len);
    }
    out.extend_from_slice(len.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(key);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

fn block(out: &mut Vec<u8>, member: &Member<'_>, kind: u8) {
    let mut block = [0; BLOCK];
    let name = &member.path[..member.path.len().min(NAME_MAX)];
    block[..name.len()].copy_from_slice(name);
    octal(&mut block[100..108], if kind == b'5' { 0o755 } else { 0o644 });
    octal(&mut block[108..116], 0);
    octal(&mut block[116..124], 0);
    octal(&mut block[124..136], member.len.min(SIZE_MAX));
    octal(&mut block[136..148], member.modified.min(SIZE_MAX));
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    // The checksum is of the block with eight spaces in its own place.
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    octal(&mut block[148..155], sum);
    out.extend_from_slice(&block);
}

/// Octal digits and a NUL.
fn octal(field: &mut [u8], mut number: u64) {
    let last = field.len() - 1;
    field[last] = 0;
    for digit in field[..last].iter_mut().rev() {
        *digit = b'0' + (number & 7) as u8;
        number >>= 3;
    }
}
