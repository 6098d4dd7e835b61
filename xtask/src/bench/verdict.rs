//! What was to be reached, beside what was measured: the verdict is computed, not written.

use std::fmt::Write as _;

use super::race::Measured;

/// One row.
#[derive(Debug)]
pub(crate) struct Verdict {
    what: &'static str,
    target: &'static str,
    measured: String,
    met: Option<bool>,
}

impl Verdict {
    /// A figure that was found, and whether it will do; nothing if it was not measured.
    pub(crate) fn new(what: &'static str, target: &'static str, found: Option<(String, bool)>) -> Self {
        let met = found.as_ref().map(|(_, met)| *met);
        Self { what, target, measured: found.map_or_else(String::new, |(words, _)| words), met }
    }

    /// A ratio of at most so much.
    pub(crate) fn most(what: &'static str, target: &'static str, bound: f64, found: Option<f64>) -> Self {
        Self::new(what, target, found.map(|r| (format!("{r:.2} ×"), r <= bound)))
    }

    /// A ratio of at least so much.
    pub(crate) fn least(what: &'static str, target: &'static str, bound: f64, found: Option<f64>) -> Self {
        Self::new(what, target, found.map(|r| (format!("{r:.2} ×"), r >= bound)))
    }

    /// A peak of at most so many MiB.
    pub(crate) fn memory(
        what: &'static str,
        target: &'static str,
        bound: u64,
        found: Option<&Measured>,
    ) -> Self {
        let found = found.map(|m| (format!("{} MiB", m.peak() >> 20), m.peak() <= bound << 20));
        Self::new(what, target, found)
    }
}

/// All rows as they stand in a page.
pub(crate) fn table(rows: &[Verdict]) -> String {
    let mut out = "| what | target | measured | |\n|---|---|---|---|\n".to_owned();
    for row in rows {
        let met = match row.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        let _ = writeln!(out, "| {} | {} | {} | {met} |", row.what, row.target, row.measured);
    }
    out
}
