//! Pages that are made from the program say what the program says.

use std::{fs, path::Path};

#[test]
fn the_reference_page_is_the_default_file() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    let page = fs::read_to_string(page).unwrap_or_default();
    assert!(
        page.trim_end() == forebay::config::markdown().trim_end(),
        "make it again: cargo run -- config --reference > docs/config.md"
    );
}
