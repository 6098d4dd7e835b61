//! Many objects, in order, in memory that their number does not change.
//!
//! A million keys are a thousand pages, of which one is held. Two sides are compared by walking both in the same order, so that neither is
//! ever known as a whole.

mod glob;
mod item;
mod keys;
mod merge;
mod pages;
mod select;
mod tree;
mod versions;

pub use item::{Item, NameError, local_path};
pub use keys::Keys;
pub use merge::{Compare, Merge, Pair, Side, SideError, read_ahead};
pub use select::{Pattern, PatternError, Select, Verdict};
pub use tree::{Tree, TreeError, TreeFile};
pub use versions::Versions;
