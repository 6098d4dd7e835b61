//! What can go wrong with a transfer, as kinds that a caller acts on, and what it left behind.
//!
//! Whoever reads the message wants to know three things: what happened, what to do, and whether the work so far is lost. The last
//! is [`Left`]: a transfer that may go on says so, and one that may not has cleaned up.

use std::error::Error;
use std::fmt;
use std::io;

use forebay_budget::Refused;
use forebay_store::{StoreError, StoreErrorKind};

/// A transfer that did not end well.
pub struct TransferError {
    kind: TransferErrorKind,
    left: Left,
    what: Box<str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferErrorKind {
    /// There is no such object or file.
    NotFound,
    /// The source changed while it was being moved. Nothing of the two versions was mixed.
    Changed,
    /// A condition of the caller does not hold: the target exists already, or is another version.
    Precondition,
    /// The other side refuses who we are.
    Denied,
    /// The other side was asked as often as is sensible and does not answer, or asks to be left alone.
    Unavailable,
    /// What was asked for makes no sense to the other side and never will.
    Invalid,
    /// The local file cannot be opened, read, written or renamed.
    Local,
    /// The disk is full, or would be.
    NoSpace,
    /// The bytes are not those that were promised, or could not be proven as far as was demanded.
    Integrity,
    /// The budget has no room for it.
    Memory,
}

/// What a failed transfer left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// A part of it, and a journal: the same transfer goes on where this one ended.
    Resumable,
}

impl TransferError {
    /// A failure in words that name the fix.
    pub fn new(kind: TransferErrorKind, what: impl Into<Box<str>>) -> Self {
        Self { kind, left: Left::Nothing, what: what.into(), cause: None }
    }

    /// The same, with what led to it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same, with what it left behind.
    #[must_use]
    pub fn leaving(mut self, left: Left) -> Self {
        self.left = left;
        self
    }

    /// A failure of the other side, which is called `place`.
    pub fn of_store(place: &str, error: StoreError) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::NotFound => TransferErrorKind::NotFound,
            StoreErrorKind::Changed => TransferErrorKind::Changed,
            StoreErrorKind::Precondition => TransferErrorKind::Precondition,
            StoreErrorKind::Denied => TransferErrorKind::Denied,
            StoreErrorKind::Throttled | StoreErrorKind::Unavailable => TransferErrorKind::Unavailable,
            StoreErrorKind::Full => TransferErrorKind::NoSpace,
            StoreErrorKind::Conflict | StoreErrorKind::Invalid => TransferErrorKind::Invalid,
        };
        Self::new(kind, place).because(error)
    }

    /// A failure of the local file system; `what` says of what and doing what.
    pub fn of_file(what: impl Into<Box<str>>, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => TransferErrorKind::NotFound,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => TransferErrorKind::NoSpace,
            _ => TransferErrorKind::Local,
        };
        Self::new(kind, what).because(error)
    }

    /// What a caller can do about it.
    pub const fn kind(&self) -> TransferErrorKind {
        self.kind
    }

    /// What it left behind.
    pub const fn left(&self) -> Left {
        self.left
    }
}

impl From<Refused> for TransferError {
    fn from(refused: Refused) -> Self {
        Self::new(TransferErrorKind::Memory, "not enough memory is planned for it (--memory)")
            .because(refused)
    }
}

/// What a store says that is written by transfers.
impl From<TransferError> for StoreError {
    fn from(error: TransferError) -> Self {
        let told = error.cause.as_ref().and_then(|cause| cause.downcast_ref::<Self>());
        let kind = match (told, error.kind) {
            (Some(told), _) => told.kind(),
            (None, TransferErrorKind::NotFound) => StoreErrorKind::NotFound,
            (None, TransferErrorKind::Changed) => StoreErrorKind::Changed,
            (None, TransferErrorKind::Precondition) => StoreErrorKind::Precondition,
            (None, TransferErrorKind::Denied) => StoreErrorKind::Denied,
            (None, TransferErrorKind::Invalid) => StoreErrorKind::Invalid,
            (None, TransferErrorKind::NoSpace) => StoreErrorKind::Full,
            (
                None,
                TransferErrorKind::Unavailable
                | TransferErrorKind::Local
                | TransferErrorKind::Integrity
                | TransferErrorKind::Memory,
            ) => StoreErrorKind::Unavailable,
        };
        let wait = told.and_then(Self::retry_after);
        let is_ours = told.map_or(error.kind == TransferErrorKind::Memory, Self::is_ours);
        Self::with_cause(kind, error).with_retry_after(wait).with_ours(is_ours)
    }
}

impl TransferErrorKind {
    /// The word in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Changed => "changed",
            Self::Precondition => "precondition",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Invalid => "invalid",
            Self::Local => "local",
            Self::NoSpace => "no_space",
            Self::Integrity => "integrity",
            Self::Memory => "memory",
        }
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        if self.left == Left::Resumable {
            f.write_str(" (what arrived is kept: run the same command again to go on)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransferError({:?}: {self})", self.kind)
    }
}

impl Error for TransferError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Display already shows the cause itself; the chain goes on behind it.
        self.cause.as_ref().and_then(|cause| cause.source())
    }
}
