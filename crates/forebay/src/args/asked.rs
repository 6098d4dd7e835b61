//! What commands on objects are asked to do, as it was written. Nothing is judged here: places, times and patterns are
//! read when a command begins, so that what is wrong with them is said in one line.

use std::ffi::OsString;

use super::Sources;
use crate::output::Form;

/// Settings and form: what every command on objects has.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) sources: Sources,
    pub(crate) form: Form,
    /// A file with the key that objects are encrypted with (SSE-C).
    pub(crate) sse_c_key: Option<OsString>,
}

/// `get`, `put`, `cp`, `mv` and `sync`.
#[derive(Clone, Debug)]
pub(crate) struct Moving {
    pub(crate) verb: Verb,
    pub(crate) base: Base,
    /// Missing only where `files_from` names the objects.
    pub(crate) from: Option<OsString>,
    pub(crate) to: Option<OsString>,
    pub(crate) choice: Choice,
    pub(crate) when: When,
    pub(crate) stored: Stored,
    pub(crate) proof: Proof,
    pub(crate) other: OtherSide,
}

impl Moving {
    /// One object to standard output, or a version of it.
    pub(crate) fn to_stdout(base: Base, from: Option<OsString>, version: Option<String>) -> Self {
        Self {
            verb: Verb::Get,
            base,
            from,
            to: Some("-".into()),
            choice: Choice::default(),
            when: When::default(),
            stored: Stored::default(),
            proof: Proof { version, ..Proof::default() },
            other: OtherSide::default(),
        }
    }
}

/// What is done with what is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Put,
    Copy,
    Move,
    Sync,
}

/// Which of many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) depth: Depth,
    pub(crate) globs: Globs,
    /// In the order in which they were written.
    pub(crate) rules: Vec<(Rule, String)>,
    pub(crate) files_from: Option<OsString>,
}

/// One object, or all below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Depth {
    #[default]
    One,
    All,
}

/// Whether `*` in a key means many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Globs {
    #[default]
    Match,
    AsWritten,
}

/// What a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Include,
    Exclude,
}

/// What is left alone, and whether anything is done at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct When {
    pub(crate) existing: Existing,
    pub(crate) run: Run,
    pub(crate) compare: Compare,
    pub(crate) surplus: Surplus,
}

/// What becomes of targets that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Existing {
    #[default]
    Replace,
    /// Only if the source is newer.
    ReplaceOlder,
    Keep,
}

/// For real, or only in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Run {
    #[default]
    Real,
    Dry,
}

/// How `sync` tells that a target is what its source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compare {
    #[default]
    SizeAndTime,
    Size,
    /// By what the bytes are.
    Digest,
}

/// What `sync` does with targets that have no source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Surplus {
    #[default]
    Keep,
    Delete,
}

/// What is stored with an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) metadata: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) sse: Option<String>,
    pub(crate) sse_kms_key_id: Option<String>,
    /// The algorithm of the digest that the store keeps.
    pub(crate) checksum: Option<String>,
}

/// What is proven and what is expected of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    /// `sha256:HEX`, of the whole object.
    pub(crate) digest: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) expiry: Expiry,
}

/// What is thought of an object's `Expires`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expiry {
    #[default]
    Ignore,
    /// An object that has expired is not there; an expiry that cannot be read has passed.
    Respect,
    /// The same, and an expiry that cannot be read is an error.
    Strict,
}

/// Where the source of `cp`, `mv` and `sync` is, if it is in another S3 than the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OtherSide {
    pub(crate) endpoint_url: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
}

/// `ls` and `du`.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) base: Base,
    /// Nothing lists the buckets.
    pub(crate) place: Option<OsString>,
    pub(crate) choice: Choice,
    pub(crate) detail: Detail,
    pub(crate) lengths: Lengths,
    pub(crate) ages: Ages,
}

/// Which versions of an object are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ages {
    Newest,
    All,
}

/// How much a listing says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Usual,
    Long,
}

/// How lengths are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lengths {
    Bytes,
    Human,
}

/// `rm`.
#[derive(Clone, Debug)]
pub(crate) struct Removing {
    pub(crate) base: Base,
    pub(crate) places: Vec<OsString>,
    pub(crate) choice: Choice,
    /// This one, for good.
    pub(crate) version: Option<String>,
    pub(crate) run: Run,
}

/// `presign`.
#[derive(Clone, Debug)]
pub(crate) struct Presigning {
    pub(crate) base: Base,
    pub(crate) place: OsString,
    pub(crate) expires: Option<String>,
    pub(crate) method: Option<String>,
}

/// `abort-uploads`.
#[derive(Clone, Debug)]
pub(crate) struct Aborting {
    pub(crate) base: Base,
    pub(crate) place: OsString,
    pub(crate) older_than: Option<String>,
    pub(crate) run: Run,
}

/// `bench strategies`.
#[derive(Clone, Debug)]
pub(crate) struct Benching {
    pub(crate) base: Base,
    pub(crate) place: OsString,
    pub(crate) runs: Option<String>,
    pub(crate) plot: Option<OsString>,
    pub(crate) dir: Option<OsString>,
    /// Only this way, in this process.
    pub(crate) way: Option<String>,
}
