//! Every setting of edges takes effect.

use std::collections::BTreeSet;

use super::edges::Known;
use crate::config::{self, Key, Schema};

/// Each setting with another value than its default.
const OTHERS: &[(&str, &str)] = &[
    ("edge", "[\"http://10.0.0.1\", \"http://10.0.0.2\"]"),
    ("edge-kind", "\"ats\""),
    ("edge-form", "\"forward\""),
    ("edge-host", "\"inside.example.test\""),
    ("edge-tls-name", "\"edge\""),
    ("edge-header", "[\"X-Who: us\"]"),
    ("edge-user-agent", "\"warmer/1\""),
    ("purge-method", "\"BAN\""),
    ("purge-body", "\"soft\""),
    ("variant", "[\"Accept-Encoding: gzip\"]"),
    ("proof", "\"always\""),
    ("edge-control", "7"),
    ("edge-bulk", "7"),
    ("edge-requests", "100"),
    ("edge-bandwidth", "\"1MB/s\""),
    ("edge-in-flight", "\"1GiB\""),
    ("edge-window", "[\"02:00-06:00\"]"),
    ("edge-tries", "2"),
    ("edge-patience", "\"5s\""),
    ("object-max", "\"1GiB\""),
];

/// Settings of the connections: where they are tested in the real program.
const IN_THE_PROGRAM: &[(&str, &str)] = &[
    ("edge-insecure", "an_edge_by_its_address_shows_the_certificate_of_the_public_host"),
    ("edge-timeout", "a_body_that_stands_still_and_a_head_that_does_not_come_are_given_up"),
    ("edge-stall", "a_body_that_stands_still_and_a_head_that_does_not_come_are_given_up"),
];

/// What the work is told, in words.
fn told(setting: Option<(&str, &str)>) -> String {
    let edge = "edge = [\"http://10.0.0.1\"]\n";
    let line = setting.map(|(name, value)| format!("{name} = {value}\n")).unwrap_or_default();
    let edge = if line.starts_with("edge = ") { "" } else { edge };
    let config = config::parse(&format!("[edge]\n{edge}{line}")).unwrap();
    let known = Known::read(&config, false).unwrap();
    format!("{known:?}")
}

#[test]
fn every_setting_of_edges_changes_what_the_work_is_told() {
    assert_eq!(told(None), told(None), "nothing else changes it");
    for (name, value) in OTHERS {
        assert_ne!(told(None), told(Some((name, value))), "`{name}` changes nothing");
    }
}

#[test]
fn every_setting_of_edges_is_tried() {
    let tried = OTHERS.iter().map(|(name, _)| *name).chain(IN_THE_PROGRAM.iter().map(|(name, _)| *name));
    let of_edges = |key: &&Key| key.section == "edge";
    let known: BTreeSet<_> = Schema::get().keys().filter(of_edges).map(|key| key.name).collect();
    assert_eq!(tried.collect::<BTreeSet<_>>(), known);
    let tests = ["requests.rs", "broken.rs"].map(|file| {
        std::fs::read_to_string(format!("{}/tests/it/edges/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    });
    for (name, test) in IN_THE_PROGRAM {
        assert!(tests.concat().contains(&format!("fn {test}()")), "{name}: there is no test {test}");
    }
}
