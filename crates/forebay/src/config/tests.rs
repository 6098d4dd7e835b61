//! Which place wins, and what is said of settings that are wrong.

use std::{ffi::OsString, path::Path};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{Config, Origin, Settings, parse};

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn from_env(name: &str, value: &str) -> Result<Config, String> {
    let mut settings = Settings::default();
    let variable = (OsString::from(name), OsString::from(value));
    settings
        .overlay_env([variable].into_iter())
        .and_then(|()| settings.to_config())
        .map_err(|e| e.to_string())
}

#[test]
fn the_default_file_alone_is_a_whole_configuration() {
    parse("").unwrap();
}

#[test]
fn wrong_configurations_name_the_place_and_the_way_out() {
    let errors = [
        error("[memory]\nmemroy = \"64MiB\"\n"),
        error("\n\n[limits]\nmin_rate = 0\n"),
        error("[memory]\nmin-rate = 0\n"),
        error("[limit]\n"),
        error("[weather]\n"),
        error("[memory]\nweather = 1\n"),
        error("memory = \"64MiB\"\n"),
        error("[memory]\nmemory = \"64XB\"\n"),
        error("[memory]\nmemory = 1.5\n"),
        error("[limits]\nidle-timeout = \"soon\"\n"),
        error("[memory]\n\nconnections = -1\n"),
        error("[content]\nsymlinks = \"always\"\n"),
        error("[log]\nlog-level = \"inof\"\n"),
        error("[content]\nlisting = \"perhaps\"\n"),
        error("[clients]\ntrusted-proxies = [\"10.0.0.0/33\"]\n"),
        error("[clients]\nrequest-burst = 0\n"),
        error("[serve]\nlisten = \"8080\"\n"),
        error("[serve\n"),
        error("[serve]\ntls-cert = \"cert.pem\"\n"),
        error("[serve]\nlisten = \"127.0.0.1:9090\"\n"),
        from_env("FOREBAY_MEMROY", "64MiB").unwrap_err(),
        from_env("FOREBAY_LISTING", "perhaps").unwrap_err(),
        from_env("FOREBAY_MEMORY", "much").unwrap_err(),
    ];
    assert_snapshot!("config_errors", errors.join("\n"));
}

#[test]
fn variables_that_only_look_like_ours_are_left_alone() {
    from_env("FOREBAY_SERVICE_HOST", "10.0.0.1").unwrap();
    from_env("FOREBAY_EDGE_PORT", "tcp://10.0.0.1:8080").unwrap();
    from_env("FOREBAY_PORT_8080_TCP", "tcp://10.0.0.1:8080").unwrap();
    from_env("FOREBAY_MEMORY", "").unwrap();
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let mut settings = Settings::default();
    let rate = |settings: &Settings| {
        (settings.to_config().unwrap().limits.min_rate.as_u64(), settings.origin("min-rate"))
    };
    assert_eq!(rate(&settings), (1024, Origin::Default));
    settings.overlay_file(Path::new("a.toml"), "[limits]\nmin-rate = 1").unwrap();
    assert_eq!(rate(&settings), (1, Origin::File(Path::new("a.toml").into(), 2)));
    settings.overlay_env([("FOREBAY_MIN_RATE".into(), "2".into())].into_iter()).unwrap();
    assert_eq!(rate(&settings).0, 2);
    settings.overlay_flag("min-rate", &["3"]).unwrap();
    assert_eq!(rate(&settings), (3, Origin::Flag("min-rate".to_owned())));
}

#[test]
fn lists_come_from_repeated_flags_and_from_one_variable() {
    let mut settings = Settings::default();
    settings.overlay_flag("trusted-proxies", &["10.0.0.0/8", "fd00::/8"]).unwrap();
    let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| super::Parsed(network.parse().unwrap()));
    assert_eq!(settings.to_config().unwrap().clients.trusted_proxies, networks);
    let config = from_env("FOREBAY_CACHE_CONTROL", "*.css: public, max-age=60; *.js: no-store").unwrap();
    assert_eq!(config.content.cache_control, ["*.css: public, max-age=60", "*.js: no-store"]);
}

#[test]
fn what_is_in_force_reads_back_as_a_configuration() {
    let mut settings = Settings::default();
    settings.overlay_flag("cache-control", &["*.css: \"odd\""]).unwrap();
    let again = parse(&settings.to_toml()).unwrap();
    assert_eq!(again.content.cache_control, ["*.css: \"odd\""]);
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\[[a-z]{1,8}\\]\n)?[a-z-]{0,8} ?= ?.{0,20}\n.{0,20}") {
        drop(parse(&text));
    }
}

#[test]
fn a_name_with_control_characters_is_shown_without_them() {
    for text in ["\"\t#_\" = 1", "[\"a\\u001bb\"]\n", "[serve]\n\"li\tsten\" = \"x\"\n"] {
        let said = parse(text).unwrap_err().to_string();
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}
