//! What a test could not show on this machine, said where somebody sees it.
//!
//! A test that passes has its output thrown away, by every runner. So a test without its counter, its peer or its
//! privilege would be green and silent for years. It says so here: on standard error, and in the file that
//! `cargo xtask test` names and prints as the last thing it does.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// The variable that names the file.
pub const NOTICES: &str = "XTASK_NOTICES";

/// This test, or a part of it, is left out, for this reason.
pub fn skipped(why: impl Display) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let notice = format!("{test}: {why}");
    eprintln!("\n*** SKIPPED {notice}");
    if let Some(file) = std::env::var_os(NOTICES) {
        append(Path::new(&file), &notice);
    }
}

/// Adds a line to the file of notices.
pub fn append(file: &Path, notice: &str) {
    // One call appends one line, so that many tests may write at once. Who cannot write has said it on standard error.
    let file = OpenOptions::new().create(true).append(true).open(file);
    let _unwritable = file.and_then(|mut file| file.write_all(format!("{notice}\n").as_bytes()));
}
