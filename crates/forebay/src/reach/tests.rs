//! No setting of stores and transfers is dead: each one, changed, changes what their parts are told.

use std::collections::BTreeSet;

use forebay_budget::{MemoryFacts, NofileLimits};

use super::*;
use crate::config::{self, Schema};

/// Each setting with another value than its default.
const OTHERS: &[(&str, &str)] = &[
    ("endpoint-url", "\"http://127.0.0.1:9000\""),
    ("region", "\"eu-west-1\""),
    ("profile", "\"work\""),
    ("no-sign-request", "true"),
    ("path-style", "true"),
    ("requester-pays", "true"),
    ("s3-profile", "\"ceph\""),
    ("connect-timeout", "\"11s\""),
    ("read-timeout", "\"61s\""),
    ("concurrency", "\"7\""),
    ("part-size", "\"9MiB\""),
    ("bwlimit", "\"1MiB/s\""),
    ("verify", "\"full\""),
    ("no-sync", "true"),
    ("page-cache", "\"let-go\""),
];

/// Settings whose effect needs more than words: where they are tested in the real program.
const IN_THE_PROGRAM: &[(&str, &str)] =
    &[("ca-cert", "a_store_with_a_certificate_of_its_own_is_trusted_if_that_is_said")];

/// What the parts of a transfer are told, in words.
fn told(settings: &str) -> String {
    let config = config::parse(settings).unwrap();
    let nofile = NofileLimits { soft_before: 4096, soft: 4096, hard: 4096 };
    let plan =
        TransferPlan::compute(&ask(&config, &Task::of(Work::Ordered)), &MemoryFacts::default(), nofile)
            .unwrap();
    let ledger = Ledger::new([]);
    let options = client(&config, &ledger, FdLedger::new(plan.fds), plan.upstream).unwrap();
    let times = (options.connect_timeout, options.head_timeout, options.stall_timeout);
    let concurrency = engine(&config, &plan, &ledger).concurrency;
    let s3 = s3(&config, &OtherSide::default(), &Sse::Bucket).unwrap();
    let pages = page_cache(&config, &MemoryFacts::default());
    let (rate, get) = (pace(&config).rate(), get_options(&config));
    format!("{plan:?} {times:?} {concurrency:?} {rate:?} {s3:?} {get:?} {pages:?}")
}

fn setting(name: &str, value: &str) -> String {
    format!("[{}]\n{name} = {value}\n", Schema::get().key(name).unwrap().section)
}

#[test]
fn every_setting_of_stores_and_transfers_changes_what_some_part_is_told() {
    assert_eq!(told(""), told(""), "nothing else changes it");
    for (name, value) in OTHERS {
        assert_ne!(told(""), told(&setting(name, value)), "`{name}` changes nothing");
    }
}

#[test]
fn encryption_is_paid_for_where_any_connection_may_be_encrypted() {
    let plain = config::parse("[remote]\nendpoint-url = \"http://127.0.0.1:9000\"\n").unwrap();
    let (aws, of) = (config::parse("").unwrap(), Task::of(Work::Placed));
    let other = |url: &str| OtherSide { endpoint_url: Some(url.to_owned()), ..OtherSide::default() };
    let (near, far) = (other("http://10.0.0.1"), other("https://far"));
    for (config, task, encrypted) in [
        (&plain, of, false),
        (&plain, Task { other: Some(&near), ..of }, false),
        (&plain, Task { other: Some(&far), ..of }, true),
        (&plain, Task::with_web(Work::Placed), true),
        (&aws, of, true),
    ] {
        assert_eq!(ask(config, &task).tls, encrypted, "{task:?}");
    }
}

#[test]
fn every_setting_of_stores_and_transfers_is_tried() {
    let tried = OTHERS.iter().chain(IN_THE_PROGRAM).map(|(name, _)| *name);
    let ours = Schema::get().keys().filter(|key| matches!(key.section, "remote" | "transfer"));
    assert_eq!(tried.collect::<BTreeSet<_>>(), ours.map(|key| key.name).collect());
    let tests =
        std::fs::read_to_string(format!("{}/tests/it/getting.rs", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (name, test) in IN_THE_PROGRAM {
        assert!(tests.contains(&format!("fn {test}()")), "{name}: there is no test {test}");
    }
}

#[test]
fn an_endpoint_with_a_secret_in_it_is_refused_without_showing_it() {
    for url in ["ftp://host", "host:9000", "http://name:secret@host", "http://host/?secret"] {
        let config = config::parse(&setting("endpoint-url", &format!("\"{url}\""))).unwrap();
        let failure = s3(&config, &OtherSide::default(), &Sse::Bucket).unwrap_err();
        assert!(!failure.error.to_string().contains("secret"), "{}", failure.error);
    }
}
