//! `forebay cat`: objects to standard output, one after the other.

use std::ffi::OsString;

use crate::{args::Base, moving, output::Outcome};

pub(crate) fn run(base: &Base, places: &[OsString], version: Option<String>) -> Outcome {
    moving::cat(base, places, version)
}
