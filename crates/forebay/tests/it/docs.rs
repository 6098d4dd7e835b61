//! Pages about the program say what the program says.

use std::{collections::BTreeSet, fs, path::Path};

use forebay_testkit::raw;

use crate::{
    agent::{self, Agent},
    run::{Root, admin, poll},
};

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

/// Name and type of each row of the tables in sections whose headings begin so.
fn documented(headings: &[&str]) -> BTreeSet<(String, String)> {
    let page = page("metrics.md");
    let is_wanted = |section: &&str| headings.iter().any(|heading| section.starts_with(heading));
    let sections = page.split("\n## ").filter(is_wanted);
    let rows = sections.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
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
    assert_eq!(declared(&scrape()), documented(&["The process", "The log", "Requests"]));
}

#[test]
fn the_agent_has_the_metrics_of_its_sections_and_no_others() {
    let edge = agent::edge();
    let agent = Agent::start(&[("name=a", &edge)], &[]);
    let (status, scrape) = admin(agent.server.admin.unwrap(), "/metrics");
    assert_eq!(status, 200, "{scrape}");
    let (declared, process) = (declared(&scrape), documented(&["The process"]));
    let own: BTreeSet<_> = declared.difference(&process).cloned().collect();
    assert_eq!(own, documented(&["The agent", "The log"]));
    // Queues of requests and pools of buffers are a server's.
    let others: Vec<_> = process.difference(&declared).map(|(name, _)| name.as_str()).collect();
    let is_servers = |name: &&str| name.starts_with("forebay_turns") || name.starts_with("forebay_pool_");
    assert!(others.iter().all(is_servers), "{others:?}");
}
