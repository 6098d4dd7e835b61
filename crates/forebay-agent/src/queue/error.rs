//! What a queue may answer instead, as kinds that a caller acts on.

use std::path::PathBuf;

use super::NatsError;

/// Why a queue did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Another process has the directory.
    #[error("the queue in {} is in use by {}", .dir.display(), holder(*.pid))]
    InUse {
        /// Which.
        dir: PathBuf,
        /// Who, if it said so.
        pid: Option<u32>,
    },
    /// It was written by a newer forebay.
    #[error(
        "the queue is of a newer forebay (schema {found}, this one knows {known}): use that one, or another directory"
    )]
    Newer {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// There is a database, and it is not a queue of ours.
    #[error("{} is not a queue of forebay: name another directory", .0.display())]
    Foreign(PathBuf),
    /// What is on the disk cannot be what was written.
    #[error(
        "the queue is damaged ({0}): stop the agent, move its directory away, and submit anew what had not ended"
    )]
    Damaged(String),
    /// The disk is full. Nothing of what was asked has been done.
    #[error("the disk of the queue is full: nothing of it was done")]
    NoSpace,
    /// The directory cannot be read or written.
    #[error("the queue's directory: {0}")]
    Storage(String),
    /// As much waits as may.
    #[error("the queue is full: {most} {what} wait already, try again when some are done")]
    Full {
        /// Of what: rows or jobs.
        what: &'static str,
        /// The limit.
        most: u64,
    },
    /// A job with more URLs than a job may have.
    #[error("a job has {most} URLs at most: make several of it")]
    TooManyUrls {
        /// The limit.
        most: u64,
    },
    /// What is wanted makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The idempotency key was used for another request.
    #[error("this idempotency key belongs to another request")]
    Conflict,
    /// A request with this idempotency key is being taken in.
    #[error("a request with this idempotency key is being taken in: ask again when it has ended")]
    UnderWay,
    /// There is no such job (any more).
    #[error("there is no such job")]
    NoSuchJob,
    /// The job was cancelled, which is for good.
    #[error("the job was cancelled: submit it anew")]
    Cancelled,
    /// The queue of a fleet cannot be used.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// The queue is being closed.
    #[error("the queue is closed")]
    Closed,
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

impl QueueError {
    /// Whether the same may succeed later: a disk was full, or a server away.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::NoSpace | Self::Storage(_) | Self::Nats(_))
    }

    /// Whether it is the disk's: what was asked for in the same breath was not done either.
    pub(crate) const fn is_of_storage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::NoSpace | Self::Storage(_))
    }
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoSpace,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            Some(_) => Self::Storage(error.to_string()),
            // It was read, and is not what we write.
            None => Self::Damaged(error.to_string()),
        }
    }
}
