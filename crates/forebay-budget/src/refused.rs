//! The answer "no", with the numbers that explain it.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::{
    class::Class,
    gate::{Denied, Gate},
    size::ByteSize,
};

/// Memory that was asked for and not granted. All amounts are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{class}: {} asked, {} free of {}: {}",
    ByteSize::b(*asked), ByteSize::b(*free), ByteSize::b(*capacity), reason(*why, *asked, *free)
)]
pub struct Refused {
    /// The line of the plan that is full.
    pub class: Class,
    /// What was asked for.
    pub asked: u64,
    /// What was free when it was refused.
    pub free: u64,
    /// All that the class has.
    pub capacity: u64,
    /// What a caller can do about it.
    pub why: Why,
}

/// File descriptors that were asked for and not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("file descriptors: {asked} asked, {free} free of {capacity}: {}", reason(*why, *asked, *free))]
pub struct FdRefused {
    /// What was asked for.
    pub asked: u64,
    /// What was free when it was refused.
    pub free: u64,
    /// All that the ledger has.
    pub capacity: u64,
    /// What a caller can do about it.
    pub why: Why,
}

/// Why a request was refused, and so whether it makes sense to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// More than the whole capacity: it can never be granted.
    TooLarge,
    /// Not enough is free now, or others wait for it already.
    Full,
    /// Others wait already, as many as may.
    QueueFull,
    /// It waited as long as it was willing to.
    TimedOut,
}

/// The reason in words. What is free may be enough and yet be kept for somebody who came before.
fn reason(why: Why, asked: u64, free: u64) -> &'static str {
    match why {
        Why::TooLarge => "it is more than the whole capacity",
        Why::Full if free >= asked => "others were there before",
        Why::Full => "not enough is free",
        Why::QueueFull => "the queue is full",
        Why::TimedOut => "the wait took too long",
    }
}

impl Why {
    /// The word in metrics and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Full => "full",
            Self::QueueFull => "queue_full",
            Self::TimedOut => "timed_out",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Denied> for Why {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::TooLarge => Self::TooLarge,
            Denied::Full => Self::Full,
            Denied::QueueFull => Self::QueueFull,
        }
    }
}

impl Refused {
    pub(crate) fn count(gate: &Gate, class: Class, asked: u64, why: Why) -> Self {
        gate.count_refusal();
        Self { class, asked, free: gate.free(), capacity: gate.capacity(), why }
    }
}

impl FdRefused {
    pub(crate) fn count(gate: &Gate, asked: u64, why: Why) -> Self {
        gate.count_refusal();
        Self { asked, free: gate.free(), capacity: gate.capacity(), why }
    }
}
