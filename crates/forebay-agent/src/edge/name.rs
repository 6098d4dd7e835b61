//! The name of an edge: in results, metrics, and subjects of a message queue.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name.
const LEN_MAX: usize = 100;

/// How results and queues call an edge: letters, digits, `.`, `-`, `_`, `:` and brackets, which makes a host with a port a name. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EdgeName(Arc<str>);

/// A text that cannot be a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an edge: use 1 to 100 letters, digits, '.', '-', '_', ':', '[' or ']'")]
pub struct EdgeNameError;

impl EdgeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EdgeName {
    type Err = EdgeNameError;

    fn from_str(text: &str) -> Result<Self, EdgeNameError> {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        if text.is_empty() || text.len() > LEN_MAX || !text.chars().all(is_fine) {
            return Err(EdgeNameError);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for EdgeName {
    type Error = EdgeNameError;

    fn try_from(text: String) -> Result<Self, EdgeNameError> {
        text.parse()
    }
}

impl From<EdgeName> for String {
    fn from(name: EdgeName) -> Self {
        name.0.as_ref().into()
    }
}

impl fmt::Display for EdgeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
