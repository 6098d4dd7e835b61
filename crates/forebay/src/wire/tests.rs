//! No setting is dead: each one, changed, changes what the parts of the server are told.

use std::{collections::BTreeSet, io};

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, MemoryFacts, NofileLimits, Plan};
use forebay_net::Watch;
use forebay_tower::LogQueue;

use super::{content, network, stack};
use crate::{
    config,
    config::{Key, Schema},
    planned,
    runtime::Counts,
    telemetry,
};

/// Each setting with another value than its default, and what else has to be set for it to count.
const OTHERS: &[(&str, &str, &str)] = &[
    ("tls-cert", "\"cert.pem\"", "[serve]\ntls-key = \"key.pem\""),
    ("tls-key", "\"key.pem\"", "[serve]\ntls-cert = \"cert.pem\""),
    ("http2", "false", ""),
    ("memory", "\"100MiB\"", ""),
    ("connections", "\"17\"", ""),
    ("queue-timeout", "\"3s\"", ""),
    ("head-timeout", "\"11s\"", ""),
    ("idle-timeout", "\"61s\"", ""),
    ("stall-timeout", "\"31s\"", ""),
    ("min-rate", "\"2KiB/s\"", ""),
    ("min-rate-grace", "\"21s\"", ""),
    ("handshake-timeout", "\"11s\"", ""),
    ("drain-timeout", "\"31s\"", ""),
    ("requests", "\"5\"", ""),
    ("answer-timeout", "\"5s\"", ""),
    ("body-max", "\"5KiB\"", ""),
    ("request-rate", "\"5\"", ""),
    ("client-bandwidth", "\"5KiB/s\"", ""),
    ("total-bandwidth", "\"5KiB/s\"", ""),
    ("trusted-proxies", "[\"10.0.0.0/8\"]", ""),
    ("listing", "false", ""),
    ("archive", "false", ""),
    ("index", "\"index.html\"", ""),
    ("root-index", "\"home.html\"", ""),
    ("spa-fallback", "\"home.html\"", ""),
    ("compress", "false", ""),
    ("precompressed", "false", ""),
    ("cache-control", "[\"*.css: no-store\"]", ""),
    ("hidden", "true", ""),
    ("symlinks", "\"never\"", ""),
    ("upload", "\"create\"", ""),
    ("upload-durable", "false", ""),
    ("disk-reserve", "\"1GiB\"", ""),
    ("password-memory", "\"1MiB\"", "[access]\nallow = [\"/ * read\"]\npassword-file = \"passwords\""),
    ("log-level", "\"debug\"", ""),
    ("log-format", "\"text\"", ""),
    ("access-log", "false", ""),
    ("capture", "\"9\"", ""),
    ("capture-collapse", "true", ""),
    ("workers", "\"7\"", ""),
    ("blocking-threads", "\"999\"", ""),
    ("cold-pages", "\"trust\"", ""),
];

/// Settings whose effect is not in what parts are told: where they are tested in the real program.
const IN_THE_PROGRAM: &[(&str, &str)] = &[
    ("root", "it_says_on_one_line_where_it_serves_and_serves_there"),
    ("listen", "it_says_on_one_line_where_it_serves_and_serves_there"),
    ("admin", "it_says_on_one_line_where_it_serves_and_serves_there"),
    ("request-burst", "one_client_cannot_ask_more_often_than_allowed"),
    ("allow", "tokens_passwords_and_links_open_what_the_rules_say"),
    ("token-file", "tokens_passwords_and_links_open_what_the_rules_say"),
    ("password-file", "tokens_passwords_and_links_open_what_the_rules_say"),
    ("link-key-file", "tokens_passwords_and_links_open_what_the_rules_say"),
    ("link-life-max", "tokens_passwords_and_links_open_what_the_rules_say"),
    ("redact", "the_access_log_captures_and_hides_what_it_was_told_to"),
];

/// What the parts of a server are told, in words.
fn told(settings: &str) -> String {
    let config = config::parse(settings).unwrap();
    let nofile = NofileLimits { soft_before: 4096, soft: 4096, hard: 4096 };
    let plan = Plan::compute(&planned::limits(&config), &MemoryFacts::default(), nofile).unwrap();
    let (ledger, fds) = (Ledger::new([(Class::LogQueue, ByteSize::mib(1))]), FdLedger::new(1));
    let queue = LogQueue::start(io::sink(), &ledger, ByteSize::kib(64)).unwrap();
    let mut layers = stack::options(&config, &plan, &queue);
    // The queue itself is in another state each time.
    let log = layers.access_log.take().map(|(_, options)| options);
    let serving = network::for_clients(&plan, &config, ledger.clone(), fds.clone(), None, Watch::new());
    format!(
        "{plan:?} {serving:?} {layers:?} {log:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
        network::socket_sizes(&plan, &config),
        content::gateway(&config, &plan),
        content::local(&config, &ledger, &fds),
        config.upload.upload.as_ref().map(|verbs| verbs.0),
        telemetry::form(config.log.log_format),
        Counts::of(&config.runtime),
        config.log.log_level.as_str(),
    )
}

/// A file of settings: what is needed besides, and perhaps the setting itself.
fn file(besides: &str, setting: Option<(&str, &str)>) -> String {
    let Some((name, value)) = setting else { return besides.to_owned() };
    let section = Schema::get().key(name).unwrap().section;
    let head = format!("[{section}]");
    let line = format!("{head}\n{name} = {value}");
    if besides.contains(&head) { besides.replace(&head, &line) } else { format!("{besides}\n{line}\n") }
}

#[test]
fn every_setting_changes_what_some_part_is_told() {
    assert_eq!(told(""), told(""), "nothing else changes it");
    for (name, value, besides) in OTHERS {
        // TLS is told by both files together: without the one there is no configuration to compare with.
        let before = if name.starts_with("tls-") { "" } else { besides };
        let (before, after) = (told(before), told(&file(besides, Some((name, value)))));
        assert_ne!(before, after, "`{name}` changes nothing");
    }
}

#[test]
fn every_setting_of_the_default_file_is_tried() {
    let tried = OTHERS.iter().map(|(name, ..)| *name).chain(IN_THE_PROGRAM.iter().map(|(name, _)| *name));
    // Those of stores, transfers, edges and the agent are told to others: see `reach`, `edging` and `wire::agent`.
    let of_servers = |key: &&Key| !matches!(key.section, "remote" | "transfer" | "edge" | "agent");
    let known: BTreeSet<_> = Schema::get().keys().filter(of_servers).map(|key| key.name).collect();
    assert_eq!(tried.collect::<BTreeSet<_>>(), known);
    let tests = ["serving.rs", "settings.rs", "taking_in.rs"].map(|file| {
        std::fs::read_to_string(format!("{}/tests/it/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    });
    for (name, test) in IN_THE_PROGRAM {
        assert!(tests.concat().contains(&format!("fn {test}()")), "{name}: there is no test {test}");
    }
}
