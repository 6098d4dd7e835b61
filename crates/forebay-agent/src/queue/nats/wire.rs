//! What is said between a book and a worker: JSON, so that an operator can read it on the way.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::failure::FailureClass;
use crate::outcome::Outcome;
use crate::queue::{LeaseId, Leased, Moment};
use crate::target::Target;
use crate::task::Action;

/// The language that we speak. Who speaks another is not understood.
const VERSION: u32 = 1;

/// A row for a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Work {
    v: u32,
    /// Whose it is.
    pub(super) book: String,
    pub(super) lease: String,
    pub(super) action: Action,
    url: String,
    options: String,
    attempts: u32,
    rows: u32,
}

/// What a worker says of a row.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    v: u32,
    lease: String,
    pub(super) end: End,
}

/// How it ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// With this.
    Settled(Box<Outcome>),
    /// It has not: it is to come again.
    Back {
        /// When.
        due: Moment,
        /// What kept it, if it was tried.
        because: Option<FailureClass>,
    },
}

impl Work {
    pub(super) fn new(book: &str, leased: &Leased) -> Self {
        Self {
            v: VERSION,
            book: book.into(),
            lease: leased.lease.to_string(),
            action: leased.action,
            url: leased.target.to_string(),
            options: leased.options.as_ref().into(),
            attempts: leased.attempts,
            rows: leased.rows,
        }
    }

    pub(super) fn write(&self) -> Bytes {
        write(self)
    }

    /// Nothing if it cannot be understood.
    pub(super) fn read(message: &[u8]) -> Option<(Self, Target)> {
        let work: Self = serde_json::from_slice(message).ok()?;
        let target = Target::parse(&work.url).ok()?;
        let is_fine =
            work.v == VERSION && !work.book.is_empty() && is_word(&work.book) && is_word(&work.lease);
        is_fine.then_some((work, target))
    }

    /// The row as this worker's own.
    pub(super) fn leased(self, lease: LeaseId, target: Target) -> Leased {
        let Self { action, options, attempts, rows, .. } = self;
        Leased { lease, target, action, options: options.into(), attempts, rows }
    }
}

/// What may stand in a subject.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Done {
    pub(super) fn new(lease: &str, end: End) -> Self {
        Self { v: VERSION, lease: lease.into(), end }
    }

    pub(super) fn write(&self) -> Bytes {
        write(self)
    }

    /// Nothing if it cannot be understood.
    pub(super) fn read(message: &[u8]) -> Option<(LeaseId, End)> {
        let done: Self = serde_json::from_slice(message).ok()?;
        (done.v == VERSION).then_some((done.lease.parse().ok()?, done.end))
    }
}

fn write(message: &impl Serialize) -> Bytes {
    // Nothing in a message is anything that JSON cannot say; were it so, it would not be understood.
    serde_json::to_vec(message).unwrap_or_default().into()
}
