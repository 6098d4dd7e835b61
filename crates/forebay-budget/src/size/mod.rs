//! Sizes and rates as types, so that no number crosses a crate's edge without its unit.
//!
//! People write `64MiB`, `1.5 GiB`, `10MB` or `80Mbit/s`; the text is parsed once, where the configuration is
//! read, and every error is one line that names the text, the problem and what would have been accepted.
//! `KiB`, `MiB`, … and the bare letters `K`, `M`, … are powers of 1024 (as in systemd and nginx); `KB`, `MB`, …
//! are powers of 1000. Letter case does not matter.

mod parse;
mod serde_impl;
#[cfg(test)]
mod tests;

use std::{fmt, ops, str::FromStr, time::Duration};

pub use parse::ParseUnitError;

/// A number of bytes.
///
/// Reads `4096`, `64MiB`, `1.5 GiB`, `10MB`; shows itself in the largest binary unit (`64 MiB`). Serialises
/// as an integer, deserialises from an integer or from text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// A number of bytes per second.
///
/// Reads everything that [`ByteSize`] reads, with or without `/s`, and bits: `80Mbit/s`. Serialises as an
/// integer of bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl ByteSize {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `n` bytes.
    pub const fn b(n: u64) -> Self {
        Self(n)
    }

    /// `n` × 1024 bytes; the largest size if that overflows.
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// `n` × 1024² bytes; the largest size if that overflows.
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// `n` × 1024³ bytes; the largest size if that overflows.
    pub const fn gib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 30))
    }

    /// The number of bytes.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The number of bytes as an index; the largest index where the machine's are narrower.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// This many bytes `n` times; the largest size if that overflows.
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// The difference, or zero if `other` is larger.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The next whole multiple of `step` at or above this size.
    pub const fn round_up(self, step: Self) -> Self {
        match self.0.checked_next_multiple_of(step.0) {
            Some(bytes) => Self(bytes),
            None => self,
        }
    }
}

impl Rate {
    /// `n` bytes per second.
    pub const fn b(n: u64) -> Self {
        Self(n)
    }

    /// `n` KiB per second.
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// `n` MiB per second.
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// Bytes per second.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The bytes that pass at this rate within `time`, rounded down.
    pub fn bytes_in(self, time: Duration) -> u64 {
        let bytes = u128::from(self.0).saturating_mul(time.as_nanos()) / 1_000_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// How long `bytes` take at this rate, rounded up; the longest duration at a rate of zero.
    pub fn time_for(self, bytes: u64) -> Duration {
        if self.0 == 0 {
            return if bytes == 0 { Duration::ZERO } else { Duration::MAX };
        }
        let nanos = (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(self.0));
        let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        let rest = u32::try_from(nanos % 1_000_000_000).unwrap_or(0);
        Duration::new(seconds, rest)
    }
}

impl ops::Add for ByteSize {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for ByteSize {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::ZERO, ops::Add::add)
    }
}

impl From<ByteSize> for u64 {
    fn from(size: ByteSize) -> Self {
        size.0
    }
}

impl FromStr for ByteSize {
    type Err = ParseUnitError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse::size(text).map(Self)
    }
}

impl FromStr for Rate {
    type Err = ParseUnitError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse::rate(text).map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&human(self.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", human(self.0)))
    }
}

/// The largest binary unit that is not above the size, with at most two decimals.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let power = bytes.checked_ilog2().map_or(0, |log| log / 10) as usize;
    let unit = 1_u64 << (10 * power);
    let hundredths = u128::from(bytes % unit) * 100 / u128::from(unit);
    let whole = bytes / unit;
    match hundredths {
        0 => format!("{whole} {}", UNITS[power]),
        part if part % 10 == 0 => format!("{whole}.{} {}", part / 10, UNITS[power]),
        part => format!("{whole}.{part:02} {}", UNITS[power]),
    }
}
