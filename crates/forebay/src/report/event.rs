//! What happens, as lines of JSON and as words. The fields are an interface: docs/cli.md describes them.

use std::{collections::BTreeMap, fmt, time::Duration};

use forebay_budget::{ByteSize, Rate};
use forebay_transfer::{Left, Seen, TransferError, verify::Proof};
use serde::Serialize;

use super::Tally;
use crate::output::Exit;

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    Object(&'a ObjectEvent),
    Progress {
        seconds: f64,
        #[serde(flatten)]
        seen: Seen,
    },
    Error {
        kind: &'a str,
        message: String,
    },
    Summary(&'a Summary),
}

/// What became of an object.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ObjectEvent {
    pub(crate) verb: &'static str,
    pub(crate) status: Status,
    pub(crate) source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// Of `bytes`: what an earlier run had moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resumed: Option<u64>,
    /// How far it is proven: `none`, `length`, `per-part` or `full-object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verified: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Why it was left alone, or what went wrong: a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Whether the same command goes on where this one ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resumable: Option<bool>,
}

/// The word for what was copied because no digest could be compared.
pub(super) const NO_DIGEST: &str = "no_digest";

/// What became of it, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Done,
    Skipped,
    Failed,
    Deleted,
    WouldMove,
    WouldDelete,
}

/// The last line.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    done: u64,
    skipped: u64,
    deleted: u64,
    would: u64,
    failed: u64,
    bytes: u64,
    resumed: u64,
    retries: u64,
    seconds: f64,
    bytes_per_second: u64,
    verified: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "is_zero")]
    no_digest: u64,
    exit: u8,
}

/// With the signature that serde wants.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ObjectEvent {
    pub(crate) fn new(verb: &'static str, status: Status, source: String, target: Option<String>) -> Self {
        Self {
            verb,
            status,
            source,
            target,
            bytes: None,
            resumed: None,
            verified: None,
            etag: None,
            version: None,
            kind: None,
            message: None,
            resumable: None,
        }
    }

    /// The same, done.
    pub(crate) fn done(mut self, bytes: u64, resumed: u64, proof: Proof) -> Self {
        self.status = Status::Done;
        (self.bytes, self.resumed) = (Some(bytes), (resumed > 0).then_some(resumed));
        self.verified = Some(proof.level.name());
        self
    }

    /// The same, failed.
    pub(crate) fn failed(mut self, error: &TransferError) -> Self {
        self.status = Status::Failed;
        self.kind = Some(error.kind().name());
        self.message = Some(error.to_string());
        self.resumable = Some(error.left() == Left::Resumable);
        self
    }

    /// The same, moved because nothing says that it need not be.
    pub(crate) fn incomparable(mut self) -> Self {
        self.kind = Some(NO_DIGEST);
        self.message = Some("there is no digest that can be compared".to_owned());
        self
    }

    /// The same, left alone.
    pub(crate) fn skipped(mut self, kind: &'static str, why: &str) -> Self {
        self.status = Status::Skipped;
        (self.kind, self.message) = (Some(kind), Some(why.to_owned()));
        self
    }
}

impl Summary {
    pub(super) fn of(tally: &Tally, seen: Seen, took: Duration, exit: Exit) -> Self {
        let seconds = took.as_secs_f64();
        Self {
            done: tally.done,
            skipped: tally.skipped,
            deleted: tally.deleted,
            would: tally.would,
            failed: tally.failed,
            bytes: tally.bytes,
            resumed: tally.resumed,
            retries: seen.retries,
            seconds,
            bytes_per_second: (seen.moved as f64 / seconds.max(1e-6)) as u64,
            verified: tally.verified.clone(),
            no_digest: tally.no_digest,
            exit: exit as u8,
        }
    }
}

impl fmt::Display for ObjectEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, source, .. } = self;
        let arrow = self.target.as_ref().map(|target| format!(" → {target}")).unwrap_or_default();
        match self.status {
            Status::Done => write!(f, "{verb} {source}{arrow}"),
            Status::Deleted => write!(f, "deleted {source}"),
            Status::WouldMove => write!(f, "would {verb} {source}{arrow}"),
            Status::WouldDelete => write!(f, "would delete {source}"),
            Status::Skipped => {
                write!(f, "skipped {source}{arrow}: {}", self.message.as_deref().unwrap_or_default())
            }
            // The message names what it is about.
            Status::Failed => f.write_str(self.message.as_deref().unwrap_or(source)),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = Vec::new();
        for (count, word) in [
            (self.done, "done"),
            (self.deleted, "deleted"),
            (self.would, "would be done"),
            (self.skipped, "skipped"),
            (self.failed, "failed"),
        ] {
            if count > 0 {
                counts.push(format!("{count} {word}"));
            }
        }
        f.write_str(&counts.join(", "))?;
        if self.done > 0 {
            let (bytes, rate) = (ByteSize::b(self.bytes), Rate::b(self.bytes_per_second));
            write!(f, "; {bytes} in {:.1} s ({rate})", self.seconds)?;
            if self.resumed > 0 {
                write!(f, ", {} of them by an earlier run", ByteSize::b(self.resumed))?;
            }
            let levels: Vec<_> =
                self.verified.iter().map(|(level, count)| format!("{level} {count}")).collect();
            write!(f, "; verified: {}", levels.join(", "))?;
        }
        if self.no_digest > 0 {
            write!(f, "; {} of them because no digest could be compared", self.no_digest)?;
        }
        Ok(())
    }
}
