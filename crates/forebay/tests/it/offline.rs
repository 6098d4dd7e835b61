//! Commands that serve nothing.

use std::fs;

use insta::assert_snapshot;

use crate::run::{run as forebay, run_with as forebay_with, stderr, stdout};

#[test]
fn a_plan_is_printed_as_a_table_and_as_json() {
    let text = forebay(&["plan", "--memory", "64MiB"]);
    assert_eq!(text.status.code(), Some(0), "{}", stderr(&text));
    assert!(stdout(&text).contains("open connections"), "{}", stdout(&text));
    assert!(stdout(&text).contains("Memory is set by: --memory"), "{}", stdout(&text));

    let json = forebay(&["plan", "--memory", "64MiB", "--json"]);
    let plan: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let lines = plan["lines"].as_array().unwrap();
    let sum: u64 = lines.iter().map(|line| line["total"].as_u64().unwrap()).sum();
    assert_eq!(sum, plan["total"].as_u64().unwrap());
    assert_eq!(plan["limit"], 64 << 20);
}

#[test]
fn the_plan_of_transfers_stands_beside_it_and_pays_for_encryption_only_where_it_is_used() {
    let plan = |words: &[&str]| -> serde_json::Value {
        let output = forebay(&[&["plan", "--memory", "64MiB", "--json"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (aws, plain) = (plan(&[]), plan(&["--endpoint-url", "http://127.0.0.1:9000"]));
    let tls = |plan: &serde_json::Value| plan["transfers"]["placed"]["upstream"]["tls"].as_u64().unwrap();
    assert_eq!((tls(&aws), tls(&plain)), (64 << 10, 0));
    assert_eq!(plan(&["--concurrency", "7"])["transfers"]["ordered"]["connections"], 7);
    let text = forebay(&["plan", "--memory", "64MiB"]);
    for part in ["parts that are held", "A window of ", "of 1 GiB: 10 MiB down, 8 MiB up"] {
        assert!(stdout(&text).contains(part), "{part}: {}", stdout(&text));
    }
    // What is too little for a server is enough for a transfer.
    let alone = forebay(&["plan", "--transfers", "--memory", "32MiB", "--json"]);
    let alone: serde_json::Value = serde_json::from_slice(&alone.stdout).unwrap();
    assert_eq!(alone["placed"]["limit"], 32 << 20);
    assert_eq!(forebay(&["plan", "--memory", "32MiB"]).status.code(), Some(2));
    let edges = ["plan", "--edges", "--memory", "32MiB", "--edge", "http://127.0.0.1:8080"];
    assert!(stdout(&forebay(&edges)).starts_with("Edges (warm, purge, refresh)"), "{:?}", forebay(&edges));
    let edges: serde_json::Value =
        serde_json::from_slice(&forebay(&[&edges[..], &["--json"]].concat()).stdout).unwrap();
    assert_eq!(
        (&edges["edges"]["limit"], &edges["agent"]["limit"]),
        (&(32 << 20).into(), &(32 << 20).into())
    );
    let none = forebay(&["plan", "--edges"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(stderr(&none).contains("no edge is named"), "{}", stderr(&none));
    let small = forebay(&["plan", "--memory", "64MiB", "--concurrency", "100000"]);
    assert_eq!(small.status.code(), Some(2), "{}", stdout(&small));
    assert!(stderr(&small).contains("transfers"), "{}", stderr(&small));
}

#[test]
fn a_plan_that_does_not_fit_names_the_setting_and_the_value() {
    let small = forebay(&["plan", "--memory", "8MiB"]);
    assert_eq!(small.status.code(), Some(2));
    assert!(stdout(&small).is_empty());
    assert!(stderr(&small).contains("set --memory to at least "), "{}", stderr(&small));

    let many = forebay(&["plan", "--memory", "64MiB", "--connections", "100000"]);
    assert_eq!(many.status.code(), Some(2));
    assert!(stderr(&many).contains("set --connections to at most "), "{}", stderr(&many));

    // What the message says to write is what fits.
    let error = stderr(&small);
    let enough = error.split("at least ").nth(1).unwrap().split([' ', ')', '\n']).next().unwrap();
    let plan = forebay(&["plan", "--memory", enough]);
    assert_eq!(plan.status.code(), Some(0), "{enough}: {}", stderr(&plan));
}

#[test]
fn a_file_is_checked_without_serving_and_a_wrong_key_is_found_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("site.toml");
    fs::write(&file, "[memory]\nmemory = \"64MiB\"\n\n[limits]\nmin-rte = \"1KiB/s\"\n").unwrap();
    let output = forebay(&["plan", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(
        stderr(&output).replace(file.to_str().unwrap(), "site.toml"),
        @"forebay: site.toml:5: there is no setting `min-rte`; did you mean `min-rate`?"
    );
}

#[test]
fn a_file_that_is_named_and_not_there_is_an_error() {
    let output = forebay(&["plan", "--config", "missing.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!(
        stderr(&output),
        @"forebay: cannot read the configuration missing.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn the_environment_sets_what_flags_do_not() {
    let output =
        forebay_with(&["config", "--min-rate", "7"], &[("FOREBAY_MIN_RATE", "8"), ("FOREBAY_CAPTURE", "9")]);
    assert!(stdout(&output).contains("min-rate = \"7\""), "{}", stdout(&output));
    assert!(stdout(&output).contains("# --min-rate"));
    assert!(stdout(&output).contains("# FOREBAY_CAPTURE"));
}

#[test]
fn doctor_says_what_to_do_about_what_is_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "content").unwrap();
    let root = dir.path().to_str().unwrap();
    let good = forebay(&["doctor", root, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    assert_eq!(good.status.code(), Some(0), "{}", stdout(&good));
    assert!(stdout(&good).contains("sendfile     file bytes go to sockets"), "{}", stdout(&good));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = dir.path().join("file");
    let bad = forebay(&["doctor", file.to_str().unwrap(), "--listen", &address, "--admin", "off"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(stdout(&bad).contains("name the directory that the file is in"), "{}", stdout(&bad));
    assert!(stdout(&bad).contains("--listen 127.0.0.1:0 takes any free one"), "{}", stdout(&bad));

    let json = forebay(&["doctor", root, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--json"]);
    let findings: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(findings.as_array().unwrap().iter().any(|finding| finding["about"] == "openat2"));
}

#[test]
fn completions_and_manual_pages_know_the_flags() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&forebay(&["completions", shell])).contains("min-rate"), "{shell}");
    }
    assert!(stdout(&forebay(&["man"])).starts_with(".ie"));
    assert!(stdout(&forebay(&["man", "serve"])).contains("\\-\\-min\\-rate"));
    assert_eq!(forebay(&["man", "sevre"]).status.code(), Some(2));
}

#[test]
fn exit_codes_tell_help_from_misuse() {
    assert_eq!(forebay(&["--help"]).status.code(), Some(0));
    assert_eq!(forebay(&["--version"]).status.code(), Some(0));
    assert_eq!(forebay(&[]).status.code(), Some(2));
    assert_eq!(forebay(&["serve", "--no-such-flag"]).status.code(), Some(2));
}
