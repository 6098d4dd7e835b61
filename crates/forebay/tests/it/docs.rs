//! Pages about the program say what the program says.

use std::{collections::BTreeSet, fs, path::Path};

use forebay_testkit::raw;

use crate::run::{Root, admin, poll};

fn page(name: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    fs::read_to_string(page).unwrap_or_default()
}

#[test]
fn the_reference_page_is_the_default_file() {
    assert!(
        page("config.md").trim_end() == forebay::config::markdown().trim_end(),
        "make it again: cargo run -- config --reference > docs/config.md"
    );
}

/// Name and type of each row of the tables.
fn documented() -> BTreeSet<(String, String)> {
    let page = page("metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.filter_map(|(name, rest)| Some((name.to_owned(), rest.split(' ').next()?.to_owned()))).collect()
}

/// Names and types as an exposition declares them, with the suffix that samples of counters have.
fn declared(exposition: &str) -> BTreeSet<(String, String)> {
    let types = exposition.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let full = |(name, kind): (&str, &str)| {
        let suffix = if kind == "counter" { "_total" } else { "" };
        (format!("{name}{suffix}"), kind.to_owned())
    };
    types.map(full).collect()
}

/// Every table of the page, with what the gateway and the log count: a crate alone sees only its own.
#[test]
fn the_program_has_the_metrics_of_the_page_and_no_others() {
    let root = Root::new();
    // With a limit on requests, whose queue has figures.
    let server = root.serve(&["--requests", "10"]);
    raw::get(server.addr, "/small.txt").unwrap();
    let scrape = || admin(server.admin.unwrap(), "/metrics").1;
    assert!(poll(|| scrape().contains("forebay_http_requests_total{")), "{}", scrape());
    assert_eq!(declared(&scrape()), documented());
}
