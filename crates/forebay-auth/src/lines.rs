//! Files of lines: what stands in one is read by whoever knows what it means, and an error says on which line.

use std::fmt;

/// An error with the number of its line, counted from 1. It never shows the line, which may be half a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLine<E> {
    /// Which line.
    pub line: usize,
    /// What is wrong with it.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for AtLine<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

impl<E: std::error::Error + 'static> std::error::Error for AtLine<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// Reads every line that says something; empty ones and those that begin with `#` do not.
pub(crate) fn read<'a, T, E>(
    text: &'a str,
    mut entry: impl FnMut(&'a str) -> Result<T, E>,
) -> Result<Vec<T>, AtLine<E>> {
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| entry(line).map_err(|error| AtLine { line: at + 1, error }))
        .collect()
}
