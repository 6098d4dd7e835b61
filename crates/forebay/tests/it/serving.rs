//! A server as clients, operators and scripts meet it.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
    time::Duration,
};

use forebay_testkit::{cert::Certificate, raw, raw::RawConn};

use crate::run::{Root, admin, poll};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn it_says_on_one_line_where_it_serves_and_serves_there() {
    let root = Root::new();
    let server = root.serve(&[]);
    let expected =
        format!("forebay is ready on http://{}/ (admin http://{}/)\n", server.addr, server.admin.unwrap());
    assert!(poll(|| server.said().contains(&expected)), "{}", server.said());

    let response = raw::get(server.addr, "/small.txt").unwrap();
    assert_eq!((response.head.status, response.body.as_slice()), (200, b"a small file\n".as_slice()));
    assert_eq!(raw::get(server.addr, "/missing").unwrap().head.status, 404);
    assert_eq!(server.stop(PATIENCE).unwrap().code(), Some(0));
}

#[test]
fn standard_output_holds_the_ready_line_and_nothing_else() {
    let root = Root::new();
    let mut child =
        root.command(&["--admin", "off"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.next().unwrap().unwrap();
    let address = ready.strip_prefix("forebay is ready on http://").unwrap().strip_suffix('/').unwrap();
    raw::get(address.parse().unwrap(), "/small.txt").unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines.next().is_none());
}

#[test]
fn operators_see_health_the_plan_the_settings_and_the_log_level() {
    let root = Root::new();
    let server = root.serve(&["--min-rate", "7KiB/s"]);
    let addr = server.admin.unwrap();
    assert_eq!(admin(addr, "/healthz").0, 200);
    assert_eq!(admin(addr, "/readyz").0, 200);
    assert!(admin(addr, "/metrics").1.contains("# EOF"));
    let (_, memory) = admin(addr, "/memory?format=json");
    assert!(memory.contains("connections"), "{memory}");
    let (_, config) = admin(addr, "/config");
    assert!(config.contains("7KiB/s"), "{config}");
    let (_, level) = admin(addr, "/log-level");
    assert!(level.contains("info"), "{level}");
}

#[test]
fn files_go_out_without_a_copy_and_the_operator_can_see_it() {
    let root = Root::new();
    let server = root.serve(&[]);
    let whole = raw::get(server.addr, "/large").unwrap();
    assert_eq!(whole.body.len(), 256 << 20);
    let (_, metrics) = admin(server.admin.unwrap(), "/metrics");
    let sent: f64 = metrics
        .lines()
        .find(|line| line.contains("sendfile") && !line.starts_with('#'))
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or_default();
    assert!(sent >= f64::from(256 << 20), "{metrics}");
}

#[test]
fn https_is_served_with_the_given_certificate_and_a_new_one_after_sighup() {
    let root = Root::new();
    let keys = tempfile::tempdir().unwrap();
    let first = Certificate::create(keys.path(), "server").unwrap();
    let (cert, key) = (first.cert_path.to_str().unwrap(), first.key_path.to_str().unwrap());
    let server = root.serve(&["--tls-cert", cert, "--tls-key", key]);
    assert!(poll(|| server.said().contains("ready on https://")), "{}", server.said());
    let trusting = |certificate: &Certificate| {
        let client = certificate.client(&["http/1.1"]).unwrap();
        RawConn::connect_tls(server.addr, client)?.request("GET", "/small.txt", "Connection: close\r\n")
    };
    assert_eq!(trusting(&first).unwrap().head.status, 200);

    let second = Certificate::create(keys.path(), "server").unwrap();
    assert!(trusting(&second).is_err(), "before it is told, it uses the old one");
    server.signal(rustix::process::Signal::HUP).unwrap();
    assert!(poll(|| trusting(&second).is_ok()), "{}", server.said());
}

#[test]
fn a_reload_changes_the_log_level_and_names_what_needs_a_restart() {
    let root = Root::new();
    let file = root.path().join("forebay.toml");
    let server = root.serve(&[]);
    fs::write(&file, "[log]\nlog-level = \"debug\"\n[limits]\nidle-timeout = \"5s\"\n").unwrap();
    server.signal(rustix::process::Signal::HUP).unwrap();
    assert!(poll(|| server.said().contains("idle-timeout")), "{}", server.said());
    assert!(admin(server.admin.unwrap(), "/log-level").1.contains("debug"));

    fs::write(&file, "[log]\nlog-lvl = \"debug\"\n").unwrap();
    server.signal(rustix::process::Signal::HUP).unwrap();
    assert!(poll(|| server.said().contains("did you mean `log-level`")), "{}", server.said());
    assert_eq!(raw::get(server.addr, "/small.txt").unwrap().head.status, 200);
}

#[test]
fn profiles_are_compiled_in_and_off_until_asked_for() {
    let root = Root::new();
    let server = root.serve(&[]);
    let operators = server.admin.unwrap();
    assert_eq!(admin(operators, "/debug/pprof/active"), (200, "off\n".to_owned()));
    for profile in ["heap", "profile"] {
        let answer = raw::get(operators, &format!("/debug/pprof/{profile}?seconds=1")).unwrap();
        assert_eq!((answer.head.status, &answer.body[..2]), (200, &[0x1f, 0x8b][..]), "{profile}");
    }
    assert_eq!(admin(operators, "/debug/pprof/active"), (200, "off\n".to_owned()));
}

#[test]
fn it_is_small_while_idle() {
    let root = Root::new();
    let server = root.serve(&[]);
    // The promise is 20 MiB for the release build.
    let rss = server.figures().resident;
    assert!(rss < 60 << 20, "{rss}");
}
