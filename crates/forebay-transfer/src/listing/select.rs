//! Which of many objects: patterns, and rules made of them.
//!
//! `*` and `?` stay within one part of a name, `**` goes over slashes, `[…]` is one character of several. Braces are characters like
//! others: they are in the names of objects more often than they are meant as a choice.
//!
//! Rules are read in the order in which they were written, and the last one that matches decides. What no rule matches is taken, unless
//! the first rule takes something: whoever begins with "take `*.gz`" does not mean everything else as well.

use std::fmt;

use super::glob::{Glob, Unclosed};

/// Rules that take some names and leave others.
#[derive(Clone, Debug)]
pub struct Select {
    /// In the order in which they were written.
    rules: Vec<(Glob, Verdict)>,
    otherwise: Verdict,
}

/// What a rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Take,
    /// It is left out.
    Leave,
}

/// A key with `*`, `?` or `[` in it, which stands for all keys that it matches.
#[derive(Clone)]
pub struct Pattern {
    text: Box<str>,
    prefix: usize,
    glob: Glob,
}

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern: {problem}")]
pub struct PatternError {
    pattern: Box<str>,
    problem: Unclosed,
}

impl Select {
    /// Rules in the order in which they were written.
    ///
    /// # Errors
    ///
    /// [`PatternError`] for the first rule that is no pattern.
    pub fn new<'a>(rules: impl IntoIterator<Item = (Verdict, &'a str)>) -> Result<Self, PatternError> {
        let read = |(verdict, pattern): (Verdict, &str)| {
            let glob = Glob::new(&rule(pattern)).map_err(|problem| PatternError::of(pattern, problem))?;
            Ok((glob, verdict))
        };
        let rules: Vec<_> = rules.into_iter().map(read).collect::<Result<_, PatternError>>()?;
        let otherwise = match rules.first() {
            Some((_, Verdict::Take)) => Verdict::Leave,
            Some((_, Verdict::Leave)) | None => Verdict::Take,
        };
        Ok(Self { rules, otherwise })
    }

    /// Whether the rules take this name, which is relative to where the listing began.
    pub fn takes(&self, name: &str) -> bool {
        let last = self.rules.iter().rev().find(|(glob, _)| glob.matches(name));
        last.map_or(self.otherwise, |(_, verdict)| *verdict) == Verdict::Take
    }
}

impl Default for Select {
    /// Takes everything.
    fn default() -> Self {
        Self { rules: Vec::new(), otherwise: Verdict::Take }
    }
}

impl Pattern {
    /// The pattern that a key is, if it is one.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if it is meant as one and is none.
    pub fn of_key(key: &str) -> Result<Option<Self>, PatternError> {
        let Some(prefix) = key.find(['*', '?', '[']) else { return Ok(None) };
        let glob = Glob::new(key).map_err(|problem| PatternError::of(key, problem))?;
        Ok(Some(Self { text: key.into(), prefix, glob }))
    }

    /// What every key that it matches begins with.
    pub fn prefix(&self) -> &str {
        &self.text[..self.prefix]
    }

    /// The part of the prefix that ends with a slash: what is left out of the names below the target.
    pub fn directory(&self) -> &str {
        let prefix = self.prefix();
        &prefix[..prefix.rfind('/').map_or(0, |slash| slash + 1)]
    }

    /// Whether it stands for keys at any depth below.
    pub fn is_deep(&self) -> bool {
        self.text.contains("**")
    }

    /// Whether it stands for this key.
    pub fn matches(&self, key: &str) -> bool {
        self.glob.matches(key)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.text)
    }
}

impl PatternError {
    fn of(pattern: &str, problem: Unclosed) -> Self {
        Self { pattern: pattern.into(), problem }
    }
}

/// What a rule means in full: one without a slash means names at any depth, one with a slash at its end all below.
fn rule(pattern: &str) -> String {
    let (body, below) = match pattern.strip_suffix('/') {
        Some(body) => (body, "/**"),
        None => (pattern, ""),
    };
    match body.strip_prefix('/') {
        Some(anchored) => format!("{anchored}{below}"),
        None if body.contains('/') => format!("{body}{below}"),
        None => format!("**/{body}{below}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Leave, Take};
    use super::*;

    #[test]
    fn the_last_rule_that_matches_decides() {
        let select = Select::new([(Leave, "*.log"), (Take, "keep/*.log"), (Leave, "keep/b.log")]).unwrap();
        for (name, taken) in [
            ("a.txt", true),
            ("a.log", false),
            ("deep/down/a.log", false),
            ("keep/a.log", true),
            ("keep/b.log", false),
            ("keep/deep/a.log", false),
        ] {
            assert_eq!(select.takes(name), taken, "{name}");
        }
    }

    #[test]
    fn what_no_rule_matches_is_left_only_if_the_first_takes() {
        let only = Select::new([(Take, "*.gz")]).unwrap();
        assert!(only.takes("a/b.gz") && !only.takes("a/b.txt"));
        assert!(Select::new([(Leave, "*.gz")]).unwrap().takes("a/b.txt"));
        assert!(Select::default().takes("anything"));
    }

    #[test]
    fn a_slash_at_the_end_is_all_below_and_one_at_the_start_holds_it_there() {
        let select = Select::new([(Leave, "tmp/"), (Leave, "/top")]).unwrap();
        for (name, taken) in
            [("tmp/a", false), ("x/tmp/y/z", false), ("tmp", true), ("top", false), ("x/top", true)]
        {
            assert_eq!(select.takes(name), taken, "{name}");
        }
    }

    #[test]
    fn a_star_stays_within_its_part_and_braces_are_characters() {
        let pattern = |text| Pattern::of_key(text).unwrap().unwrap();
        assert!(pattern("logs/*.gz").matches("logs/a.gz"));
        assert!(!pattern("logs/*.gz").matches("logs/a/b.gz"));
        assert!(pattern("logs/**").matches("logs/a/b.gz"));
        assert!(pattern("{a,b}?").matches("{a,b}c"));
        assert!(!pattern("{a,b}?").matches("ac"));
        assert!(Pattern::of_key("plain{}").unwrap().is_none());
    }

    #[test]
    fn a_pattern_knows_what_its_keys_begin_with() {
        let pattern = Pattern::of_key("logs/2026-*/a.gz").unwrap().unwrap();
        assert_eq!((pattern.prefix(), pattern.directory()), ("logs/2026-", "logs/"));
        let error = Pattern::of_key("logs/[").unwrap_err().to_string();
        assert!(error.starts_with("`logs/[` is no pattern: "), "{error}");
    }
}
