//! A list of URLs of any length, in a bounded amount of memory.
//!
//! Each edge goes through the list at its own speed, so the list lies on disk, in a file without a name, and every edge has its own place
//! in it. It is read while it is still being written: a list that somebody types is worked off as he types.
//!
//! - [`Spool`], [`UrlList`], [`Cursor`]: the list, written once and read by many;
//! - [`read_lines`]: from a text with one URL a line; [`sitemap`]: from a sitemap.

mod lines;
pub mod sitemap;
mod spool;

pub use lines::{BadLine, read_lines};
pub use spool::{Cursor, Entry, Spool, UrlList};
