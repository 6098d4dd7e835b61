//! What the log lets through, checked more strictly than its library does: there, `inof` is the name of a module
//! whose every message is wanted, and the log drowns where it was to be quiet.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::Error as _};
use tracing_subscriber::EnvFilter;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A level, or several with the part of the program that each is for: `info`, `info,forebay_net=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives(String);

impl Directives {
    /// The filter that they describe.
    ///
    /// # Errors
    ///
    /// What the log's library has against them.
    pub fn to_filter(&self) -> Result<EnvFilter, String> {
        EnvFilter::builder().parse(&self.0).map_err(|error| format!("\"{}\": {error}", self.0))
    }

    /// As they were written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Directives {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
        for part in text.split(',').map(str::trim) {
            let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
            if !is_level(level) {
                return Err(format!(
                    "\"{part}\" is no log level (write one of {}, or PART=LEVEL)",
                    LEVELS.join(", ")
                ));
            }
        }
        let directives = Self(text.to_owned());
        directives.to_filter().map(|_| directives)
    }
}

impl<'de> Deserialize<'de> for Directives {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
