//! What can be wrong with a configuration, said so that the reader can go to the place and change it.

use std::{io, path::PathBuf};

use thiserror::Error;

use super::layer::Origin;
use crate::place::escaped;

/// A configuration that cannot be used. Its message is one line: the place, the key, the problem, the way out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file that `--config` names cannot be read.
    #[error("cannot read the configuration {path}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: {problem}")]
    Syntax {
        /// The place.
        origin: Origin,
        /// What the parser stumbled over.
        problem: String,
    },
    /// A key, section, flag or variable that does not exist.
    #[error("{origin}: there is no setting `{}`{hint}", escaped(name))]
    Unknown {
        /// The place.
        origin: Origin,
        /// The name as it was written.
        name: String,
        /// What was probably meant.
        hint: String,
    },
    /// A value that its setting does not take.
    #[error("{}: {problem}; it takes {accepts}", place(origin, key))]
    Value {
        /// The place.
        origin: Origin,
        /// The setting.
        key: String,
        /// What is wrong with the value.
        problem: String,
        /// What the setting accepts, in words.
        accepts: &'static str,
    },
    /// Two settings that do not go together.
    #[error("{0}")]
    Conflict(String),
}

/// Why the thing is unknown: the nearest name, if one is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE_MIN: f64 = 0.7;
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE_MIN)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// A flag or a variable says which setting it is; a line of a file does not.
fn place(origin: &Origin, key: &str) -> String {
    match origin {
        Origin::Flag(_) | Origin::Env(_) => origin.to_string(),
        Origin::File(..) | Origin::Default => format!("{origin}: {key}"),
    }
}
