//! A range of bytes: resolved, never empty of meaning.
//!
//! This is the range after RFC 9110's suffixes and open ends have been resolved against an object's length; it
//! says `start..end` like every other range in Rust.

use std::fmt;

/// The bytes from `start` up to, and not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// The bytes `start..end`; `None` if the end lies before the start.
    pub const fn new(start: u64, end: u64) -> Option<Self> {
        if start <= end { Some(Self { start, end }) } else { None }
    }

    /// All of an object of `len` bytes.
    pub const fn whole(len: u64) -> Self {
        Self { start: 0, end: len }
    }

    /// The first byte.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// One past the last byte.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes.
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether it holds no byte.
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}
