//! Reading what jemalloc dumps: the text format `heap_v2`.
//!
//! ```text
//! heap_v2/524288
//!   t*: 28106: 56637512 [0: 0]
//!   t0: 28106: 56637512 [0: 0]
//! @ 0x5f1a 0x7c2b 0x8d3c
//!   t*: 13: 6688 [40: 20480]
//!   t0: 13: 6688 [40: 20480]
//!
//! MAPPED_LIBRARIES:
//! …
//! ```
//!
//! After `heap_v2/` stands the mean distance of samples in bytes. A stack, innermost address first, is followed by
//! one line per thread and one for all (`t*`): objects and bytes now, and in brackets since sampling began, if
//! jemalloc keeps that (`prof_accum`). The file comes from our own process, but it is text, and is read as if a
//! stranger had written it: whatever does not look like this is an error, and lines have a greatest length.

use std::io::{self, BufRead, Read};

use super::samples::{Counts, Samples};

/// A stack of jemalloc has at most 128 addresses of at most 19 characters.
const LINE_BYTES_MAX: usize = 4096;

/// Reads a whole dump.
pub(super) fn parse(mut from: impl BufRead) -> io::Result<Samples> {
    let mut line = String::new();
    next_line(&mut from, &mut line)?;
    let interval = line.strip_prefix("heap_v2/").and_then(|interval| interval.parse().ok());
    let interval = interval.filter(|interval| *interval > 0).ok_or_else(|| odd("its first line", &line))?;
    let mut samples = Samples::new(interval);
    let mut stack = Vec::new();
    while next_line(&mut from, &mut line)? {
        if line.starts_with("MAPPED_LIBRARIES:") {
            break;
        }
        if let Some(addresses) = line.strip_prefix('@') {
            read_stack(addresses, &mut stack).ok_or_else(|| odd("a stack", &line))?;
        } else if let Some(counts) = line.trim_start().strip_prefix("t*:")
            && !stack.is_empty()
        {
            let counts = read_counts(counts).ok_or_else(|| odd("a count", &line))?;
            samples.add(&stack, counts);
            stack.clear();
        }
    }
    Ok(samples)
}

/// The next line without its end; false at the end of the file.
fn next_line(from: &mut impl BufRead, line: &mut String) -> io::Result<bool> {
    line.clear();
    let read = from.by_ref().take(LINE_BYTES_MAX as u64).read_line(line)?;
    if read == LINE_BYTES_MAX && !line.ends_with('\n') {
        return Err(odd("a line without end", &line[..line.floor_char_boundary(40)]));
    }
    line.truncate(line.trim_end().len());
    Ok(read > 0)
}

fn read_stack(text: &str, stack: &mut Vec<usize>) -> Option<()> {
    stack.clear();
    for address in text.split_ascii_whitespace() {
        stack.push(usize::from_str_radix(address.strip_prefix("0x")?, 16).ok()?);
    }
    Some(())
}

/// ` objects: bytes [objects: bytes]`
fn read_counts(text: &str) -> Option<Counts> {
    let (now, ever) = text.strip_suffix(']')?.split_once('[')?;
    let pair = |text: &str| {
        let (objects, bytes) = text.split_once(':')?;
        Some((objects.trim().parse::<u64>().ok()?, bytes.trim().parse::<u64>().ok()?))
    };
    let (in_use_objects, in_use_bytes) = pair(now)?;
    let (alloc_objects, alloc_bytes) = pair(ever)?;
    Some(Counts { in_use_objects, in_use_bytes, alloc_objects, alloc_bytes })
}

fn odd(what: &str, line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a heap_v2 dump: {what}: {line:?}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DUMP: &str = "heap_v2/524288\n  t*: 3: 30 [5: 50]\n  t0: 3: 30 [5: 50] main\n@ 0x10 0x20\n  \
        t*: 1: 10 [2: 20]\n  t0: 1: 10 [2: 20]\n@ 0x30\n  t*: 2: 20 [3: 30]\n\nMAPPED_LIBRARIES:\n@ nonsense\n";

    #[test]
    fn stacks_and_their_counts_are_read_and_the_rest_is_left() {
        let samples = parse(DUMP.as_bytes()).unwrap();
        assert_eq!(samples.interval(), 524_288);
        let of = |stack: &[usize]| samples.counts(stack);
        let first = Counts { in_use_objects: 1, in_use_bytes: 10, alloc_objects: 2, alloc_bytes: 20 };
        assert_eq!(of(&[0x10, 0x20]), Some(first));
        let second = Counts { in_use_objects: 2, in_use_bytes: 20, alloc_objects: 3, alloc_bytes: 30 };
        assert_eq!(of(&[0x30]), Some(second));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn other_files_are_refused_with_the_line_that_is_odd() {
        for text in [
            "",
            "heap_v3/1\n",
            "heap_v2/0\n",
            "heap_v2/x\n",
            "heap_v2/9\n@ 12\n",
            "heap_v2/9\n@ 0x1\nt*: 1: 2\n",
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().kind(), io::ErrorKind::InvalidData, "{text:?}");
        }
        let endless = format!("heap_v2/9\n{}", "x".repeat(3 * LINE_BYTES_MAX));
        assert!(parse(endless.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", lines in prop::collection::vec("(@|  t\\*:| |0x|[0-9a-f]|:|\\[|\\])*", 0..20)) {
            let _ = parse(text.as_bytes());
            let _ = parse(format!("heap_v2/4096\n{}", lines.join("\n")).as_bytes());
        }

        #[test]
        fn what_is_written_is_read(
            stack in prop::collection::vec(1_usize.., 1..128),
            now in (any::<u32>(), any::<u32>()),
            ever in (any::<u64>(), any::<u64>()),
        ) {
            let addresses: String = stack.iter().map(|address| format!(" {address:#x}")).collect();
            let counts = format!("{}: {} [{}: {}]", now.0, now.1, ever.0, ever.1);
            let text = format!("heap_v2/524288\n  t*: {counts}\n@{addresses}\n  t*: {counts}\n");
            let samples = parse(text.as_bytes()).unwrap();
            let read = samples.counts(&stack).unwrap();
            prop_assert_eq!((read.in_use_objects, read.in_use_bytes), (now.0.into(), now.1.into()));
            prop_assert_eq!((read.alloc_objects, read.alloc_bytes), ever);
        }
    }
}
