//! The name of a job.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Moment;

/// How a job is called everywhere: a UUID of version 7 (RFC 9562 §5.7), so that names sort by age and two agents give none twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(u128);

/// A text that names no job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a job: it looks like 019aa7c4-5b9e-7c3d-8f21-0123456789ab")]
pub struct JobIdError;

/// Where the hyphens of the text stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const LEN: usize = 36;

impl JobId {
    /// A new one.
    pub(crate) fn new(now: Moment) -> Self {
        let time = u128::from(now.0.unsigned_abs()) & 0xFFFF_FFFF_FFFF;
        let (a, b) = (u128::from(chance()) & 0xFFF, u128::from(chance()) >> 2);
        Self(time << 80 | 0x7 << 76 | a << 64 | 0b10 << 62 | b)
    }
}

/// Every `RandomState` has keys of its own, and nobody is kept out by a job's name.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |from: u32, bits: u32| self.0 >> from & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 32),
            part(80, 16),
            part(64, 16),
            part(48, 16),
            part(0, 48)
        )
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for JobId {
    type Err = JobIdError;

    fn from_str(text: &str) -> Result<Self, JobIdError> {
        let is_fine = |(at, byte): (usize, u8)| match byte {
            b'-' => HYPHENS.contains(&at),
            _ => byte.is_ascii_hexdigit() && !HYPHENS.contains(&at),
        };
        if text.len() != LEN || !text.bytes().enumerate().all(is_fine) {
            return Err(JobIdError);
        }
        u128::from_str_radix(&text.replace('-', ""), 16).map(Self).map_err(|_| JobIdError)
    }
}

impl TryFrom<String> for JobId {
    type Error = JobIdError;

    fn try_from(text: String) -> Result<Self, JobIdError> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_is_a_uuid_that_sorts_by_age() {
        let [old, new] = [1_700_000_000_000, 1_700_000_000_001].map(|at| JobId::new(Moment(at)));
        assert!(old < new && old.to_string() < new.to_string());
        let text = old.to_string();
        assert!(text.starts_with("018bcfe5-6800-7") && text.len() == LEN, "{text}");
        assert_eq!(text.parse(), Ok(old));
        for odd in ["", "x", &text[1..], &text.replace('-', "0"), &text.replace('7', "-")] {
            assert_eq!(odd.parse::<JobId>(), Err(JobIdError), "{odd}");
        }
    }
}
