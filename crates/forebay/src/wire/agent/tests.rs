//! Every setting of the agent takes effect.

use std::collections::BTreeSet;

use super::*;
use crate::config::{self, Key, Schema};

/// Each setting with another value than its default.
const OTHERS: &[(&str, &str)] = &[
    ("agent-webhook-to", "[\"https://ci.example.test/\"]"),
    ("agent-webhook-patience", "\"1h\""),
    ("agent-tries", "2"),
    ("agent-away", "\"1h\""),
    ("agent-keep", "\"1h\""),
    ("agent-body-max", "\"1KiB\""),
    ("agent-drain", "\"1s\""),
    ("agent-nats", "[\"nats://127.0.0.1:4223\"]"),
    ("agent-nats-prefix", "\"other\""),
    ("agent-nats-store", "\"1MiB\""),
    ("agent-nats-patience", "\"1m\""),
    ("agent-work", "false"),
];

/// Settings of files and sockets: where they are tested in the real program.
const IN_THE_PROGRAM: &[(&str, &str)] = &[
    ("agent-listen", "what_cannot_be_an_agent_says_why_in_one_line"),
    ("agent-queue", "what_cannot_be_an_agent_says_why_in_one_line"),
    ("agent-token-file", "tokens_of_a_file_and_of_the_environment_are_taken"),
    ("agent-nats-login", "a_nats_that_cannot_be_used_is_said_in_one_line_and_no_secret_with_it"),
    ("agent-webhook-secret-file", "who_is_told_of_a_jobs_end_can_tell_who_tells"),
];

/// What the parts of an agent are told, in words.
fn told(setting: Option<(&str, &str)>) -> String {
    let line = setting.map(|(name, value)| format!("{name} = {value}\n")).unwrap_or_default();
    // Only in a fleet may others work.
    let fleet =
        if line.starts_with("agent-nats =") { "" } else { "agent-nats = [\"nats://127.0.0.1:4222\"]\n" };
    let text = format!("[edge]\nedge = [\"http://10.0.0.1\"]\n[agent]\n{fleet}{line}");
    let config = config::parse(&text).unwrap();
    let known = Known::read(&config, false).unwrap();
    let receivers = Receivers::new(&config.agent.agent_webhook_to).unwrap();
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        book_options(&config),
        service_options(&config),
        courier_options(&config),
        super::super::fleet::nats(&config).unwrap(),
        api_options(&config, &known, Tokens::default(), receivers)
    )
}

#[test]
fn every_setting_of_the_agent_changes_what_some_part_is_told() {
    assert_eq!(told(None), told(None), "nothing else changes it");
    for (name, value) in OTHERS {
        assert_ne!(told(None), told(Some((name, value))), "`{name}` changes nothing");
    }
}

#[test]
fn every_setting_of_the_agent_is_tried() {
    let tried = OTHERS.iter().map(|(name, _)| *name).chain(IN_THE_PROGRAM.iter().map(|(name, _)| *name));
    let of_agents = |key: &&Key| key.section == "agent";
    let known: BTreeSet<_> = Schema::get().keys().filter(of_agents).map(|key| key.name).collect();
    assert_eq!(tried.collect::<BTreeSet<_>>(), known);
    let tests = ["agent.rs", "agent_webhooks.rs", "fleet.rs"].map(|file| {
        std::fs::read_to_string(format!("{}/tests/it/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    });
    for (name, test) in IN_THE_PROGRAM {
        assert!(tests.concat().contains(&format!("fn {test}()")), "{name}: there is no test {test}");
    }
}
