//! Settings of commands that move objects.

use forebay_budget::{ByteSize, Rate};
use serde::Deserialize;

use super::{Auto, Count, Off};

/// Moving objects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is documented, once, in the default file")]
pub struct Transfer {
    pub concurrency: Auto<Count>,
    pub part_size: Auto<ByteSize>,
    pub bwlimit: Off<Rate>,
    pub verify: Verify,
    pub no_sync: bool,
    pub page_cache: Pages,
}

/// What becomes of the page cache.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Pages {
    /// Large objects are let go of.
    Auto,
    /// The kernel decides.
    Keep,
    /// All objects are let go of.
    LetGo,
}

/// What must be proven of each object that is moved.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// As far as it costs nothing.
    Auto,
    /// That all of it has the digest that the store keeps.
    Full,
}
