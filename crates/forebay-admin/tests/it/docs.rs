//! What is documented is what there is.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::fixture::process;

fn repository(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

/// Names at the head of table rows (`| `name` |`) under the heading.
fn documented(heading: &str) -> BTreeSet<(String, String)> {
    let page = repository("docs/metrics.md");
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().unwrap().trim_end_matches('`').to_owned();
        (name, cells.next().unwrap().to_owned())
    })
    .collect()
}

/// Names and types as the exposition declares them, with the suffix that samples of counters have.
fn exposed(text: &str) -> BTreeSet<(String, String)> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| {
            let suffix = if kind == "counter" { "_total" } else { "" };
            (format!("{name}{suffix}"), kind.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn every_metric_of_this_crate_is_documented_and_every_documented_one_is_there() {
    let text = process().get("/metrics").await.text().to_owned();
    let documented = documented("The process");
    assert_eq!(documented, exposed(&text));
    for (name, _) in documented {
        assert!(text.lines().any(|line| line.starts_with(&name)), "{name} has no sample");
    }
}

#[test]
fn alerts_use_only_documented_metrics_and_every_alert_is_in_the_runbook() {
    let rules = repository("contrib/alerts.yml");
    let runbook = repository("docs/runbook.md");
    let mut alerts = 0;
    for line in rules.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- alert: ") {
            alerts += 1;
            assert!(runbook.contains(&format!("\n## {name}\n")), "{name} is not in the runbook");
        }
    }
    assert!(alerts > 5);
    only_documented(&rules);
}

#[test]
fn the_dashboard_is_json_and_uses_only_documented_metrics() {
    let dashboard = repository("contrib/grafana/forebay-agent.json");
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = parsed["panels"].as_array().unwrap();
    let queries = |panel: &serde_json::Value| panel["targets"].as_array().map_or(0, Vec::len);
    assert!(panels.iter().map(queries).sum::<usize>() > 20);
    for (place, panel) in panels.iter().enumerate() {
        assert_eq!(panels.iter().filter(|other| other["id"] == panel["id"]).count(), 1, "panel {place}");
    }
    only_documented(&dashboard);
}

/// Every word that looks like a metric is in the tables, but for what Prometheus makes of a histogram.
fn only_documented(text: &str) {
    let page = repository("docs/metrics.md");
    let is_there = |name: &str| page.contains(&format!("| `{name}` |"));
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    for word in words.filter(|word| word.starts_with("forebay_") || word.starts_with("process_")) {
        let of_histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| word.strip_suffix(end));
        let is_known = is_there(word)
            || of_histogram.is_some_and(|name| page.contains(&format!("| `{name}` | histogram |")));
        assert!(is_known, "{word} is not documented");
    }
}

/// A profile of a release names functions, files and lines only if the release was built with them.
#[test]
fn releases_are_built_with_line_tables_and_are_not_stripped() {
    let manifest = repository("Cargo.toml");
    let sections: Vec<_> =
        manifest.split("\n[").filter(|section| section.starts_with("profile.release")).collect();
    assert_eq!(sections.len(), 2, "our own crates, and others");
    for section in sections {
        let lines =
            ["\"limited\"", "\"line-tables-only\"", "\"full\""].map(|level| format!("\ndebug = {level}\n"));
        assert!(lines.iter().any(|line| section.contains(line)), "[{section}");
        assert!(!section.contains("strip"), "[{section}");
    }
}
