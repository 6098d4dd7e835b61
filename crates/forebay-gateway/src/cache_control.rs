//! `Cache-Control` by glob: the operator knows which files never change.
//!
//! Rules are tried in their order and the first that matches wins, as in every configuration file
//! that people read from top to bottom. A rule is written like a header: `PATTERN: VALUE`. A pattern
//! without a slash is about file names in any directory (`*.css`); one with a slash is about the whole
//! path without its leading slash, where `*` stays within a segment and `**` crosses them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use http::HeaderValue;

/// A rule that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Not `PATTERN: VALUE`.
    #[error(
        "a cache rule is written `PATTERN: VALUE`, for example \"assets/**: max-age=31536000, immutable\"; got {0:?}"
    )]
    Shape(String),
    /// The part before the colon is not a glob.
    #[error("the pattern of a cache rule is not valid: {0}")]
    Glob(#[from] globset::Error),
    /// The part after the colon cannot stand in a header.
    #[error("the value of a cache rule cannot stand in a header: {0:?}")]
    Value(String),
}

/// An ordered list of rules.
#[derive(Clone, Debug)]
pub struct CacheRules {
    globs: GlobSet,
    values: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    value: HeaderValue,
    no_transform: bool,
}

impl Default for CacheRules {
    fn default() -> Self {
        Self { globs: GlobSet::empty(), values: Vec::new() }
    }
}

/// What the rules say of one object.
#[derive(Clone, Copy, Debug)]
pub struct CachePolicy<'a> {
    /// The value of `Cache-Control`.
    pub value: &'a HeaderValue,
    /// It says `no-transform`: not to be compressed on the way (RFC 9111 §5.2.2.6).
    pub no_transform: bool,
}

impl CacheRules {
    /// Reads rules of the form `PATTERN: VALUE`.
    ///
    /// # Errors
    /// The first rule that cannot be used, and why.
    pub fn parse<S: AsRef<str>>(rules: impl IntoIterator<Item = S>) -> Result<Self, RuleError> {
        let mut globs = GlobSetBuilder::new();
        let mut values = Vec::new();
        for rule in rules {
            let rule = rule.as_ref();
            let (glob, value) = rule.split_once(':').ok_or_else(|| RuleError::Shape(rule.to_owned()))?;
            let (glob, value) = (glob.trim(), value.trim());
            let glob = match glob.strip_prefix('/') {
                Some(path) => path.to_owned(),
                None if glob.contains('/') => glob.to_owned(),
                None => format!("**/{glob}"),
            };
            globs.add(GlobBuilder::new(&glob).literal_separator(true).build()?);
            values.push(Rule {
                value: HeaderValue::from_str(value).map_err(|_| RuleError::Value(value.to_owned()))?,
                no_transform: value.to_ascii_lowercase().contains("no-transform"),
            });
        }
        Ok(Self { globs: globs.build()?, values })
    }

    /// The first rule that matches a name.
    #[must_use]
    pub fn policy(&self, name: &[u8]) -> Option<CachePolicy<'_>> {
        if self.values.is_empty() {
            return None;
        }
        let candidate = Candidate::new(Path::new(OsStr::from_bytes(name)));
        let first = self.globs.matches_candidate(&candidate).into_iter().min()?;
        let Rule { value, no_transform } = self.values.get(first)?;
        Some(CachePolicy { value, no_transform: *no_transform })
    }
}
