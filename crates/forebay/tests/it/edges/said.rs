//! What is printed: rows, lines of JSON, plans; and that nobody has to read it.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use forebay_testkit::fake::{Fault, Verb, When};
use rustix::process::{Pid, Signal, kill_process};

use super::asked::{OBJECT, Site, at, program, url};
use crate::run::{poll, stderr, stdout};

fn urls(count: usize) -> String {
    (0..count).map(|n| url(&format!("/{n}")) + "\n").collect()
}

#[test]
fn each_url_has_a_row_and_the_summary_is_for_the_person() {
    let site = Site::new();
    site.edge.script().push(When::get("/missing").always(), Fault::refuse(404, "no"));
    let output = site.command(&["warm", &url("/a"), &url("/missing"), "--edge-bulk", "1"]).output().unwrap();
    let (rows, said) = (stdout(&output), stderr(&output));
    let rows: Vec<_> = rows.lines().collect();
    assert_eq!((output.status.code(), rows.len()), (Some(3), 3), "{rows:?}");
    assert!(rows[0].starts_with("OUTCOME") && rows[0].ends_with("EDGE  URL"));
    let of = |path: &str| *rows.iter().find(|row| row.contains(&url(path))).unwrap();
    let words: Vec<_> = of("/a").split_whitespace().collect();
    assert_eq!((words[0], words[1]), ("warmed", "200"));
    assert!(
        of("/missing").starts_with("failed") && of("/missing").ends_with("status: 404 Not Found"),
        "{rows:?}"
    );
    assert!(said.starts_with("forebay: 1 failed, 1 warmed (1 status); in "), "{said}");
}

#[test]
fn quiet_says_only_what_failed() {
    let site = Site::new();
    site.edge.script().push(When::verb(Verb::Purge).after(3), Fault::refuse(403, "no"));
    site.write("urls.txt", urls(10));
    let output = site.command(&["purge", "--from", "urls.txt", "--quiet"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(3), 2), "{}", stdout(&output));
    site.edge.script().push(When::verb(Verb::Purge), Fault::refuse(403, "no"));
    let said = site.json(&["purge", "--from", "urls.txt", "--quiet"]);
    assert_eq!((said.rows.len(), said.summary["urls"].as_u64()), (1, Some(10)));
}

#[test]
fn a_line_of_json_has_everything_that_is_known() {
    let site = Site::new();
    let said = site.json(&["warm", &url("/a"), "--digest"]);
    let row = said.rows[0].as_object().unwrap();
    let fields: Vec<_> = row.keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "action", "after", "attempts", "before", "bytes", "digest", "edge", "line", "outcome", "status",
            "took_ms", "ttfb_ms", "url"
        ]
    );
    let sum = forebay_testkit::digest::of_bytes(
        &forebay_testkit::fake_edge::FakeEdge::BODY.bytes(0, OBJECT as usize),
    );
    assert_eq!(row["digest"], format!("sha256:{sum}"));
    assert!(row["ttfb_ms"].as_f64() <= row["took_ms"].as_f64());
    let summary: Vec<_> = said.summary.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        summary,
        [
            "bad_urls",
            "bytes",
            "edges",
            "exit",
            "failed",
            "failures",
            "left",
            "outcomes",
            "requests",
            "seconds",
            "succeeded",
            "urls"
        ]
    );
}

#[test]
fn bytes_that_are_not_those_that_were_declared_are_told_with_an_exit_code_of_their_own() {
    let site = Site::new();
    let sum = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    site.edge.script().push(When::get("/a").always(), Fault::Field("repr-digest", Some(sum.into())));
    let said = site.json(&["warm", &url("/a"), "--digest"]);
    assert_eq!((said.code, said.rows[0]["class"].as_str()), (4, Some("digest")), "{said:?}");
    assert_eq!(site.json(&["refresh", &url("/a")]).code, 0, "nobody has read them");
}

#[test]
fn a_dry_run_asks_nothing_and_with_heads_only_the_first_edge_for_lengths() {
    let (site, second) = (Site::new(), Site::new());
    site.edge.fill("/0", Duration::ZERO);
    site.edge.put("/1", 2 * OBJECT);
    site.edge.script().push(When::verb(Verb::Head).after(3), Fault::refuse(404, "no"));
    site.write("urls.txt", urls(4) + "nonsense\n");
    let other = format!("{} name=second parent={}", at(&second.edge), site.edge.addr());
    let plan = |words: &[&str]| {
        let base = ["refresh", "--from", "urls.txt", "--dry-run", "--json", "--edge", &other];
        let output = site.command(&[&base[..], words].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "there is a bad line: {}", stderr(&output));
        serde_json::from_str::<serde_json::Value>(&stdout(&output)).unwrap()
    };
    let asleep = plan(&[]);
    assert_eq!(site.edge.tally().requests, 0);
    assert_eq!(
        (&asleep["urls"], &asleep["bad_urls"], &asleep["work"], &asleep["requests"]),
        (&4.into(), &1.into(), &8.into(), &16.into())
    );
    assert!(asleep["lengths"].is_null());
    let tiers: Vec<_> =
        asleep["edges"].as_array().unwrap().iter().map(|edge| edge["tier"].as_u64().unwrap()).collect();
    assert_eq!(tiers, [1, 0]);

    let second_first = second.edge.tally().requests;
    let lengths = plan(&["--heads"]);
    let lengths = &lengths["lengths"];
    assert_eq!(
        site.edge.tally().requests + second.edge.tally().requests - second_first,
        4,
        "HEADs and nothing else"
    );
    assert_eq!(lengths["known"].as_u64().unwrap() + lengths["failed"].as_u64().unwrap(), 4, "{lengths}");
}

#[test]
fn a_dry_run_is_told_in_words() {
    let site = Site::new();
    let nginx = format!("http://{} kind=nginx name=plain", site.edge.addr());
    let output =
        program(&["purge", &url("/a"), "-n", "--edge", &nginx, "--memory", "32MiB"]).output().unwrap();
    let said = stdout(&output);
    assert!(said.starts_with("purge of 1 URL on 1 edge: 1 piece of work, at least 1 request\n"), "{said}");
    assert!(said.contains("  plain (nginx, tier 0): nginx without a purge module passes PURGE on"), "{said}");
    assert!(said.trim_end().ends_with("nothing was sent"), "{said}");
}

#[test]
fn who_has_seen_enough_of_the_rows_does_not_stop_the_work() {
    let site = Site::new();
    site.write("urls.txt", urls(3000));
    let mut command = site.command(&["purge", "--from", "urls.txt"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap());
    rows.read_line(&mut String::new()).unwrap();
    drop(rows);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(site.edge.tally().of[&Verb::Purge], 3000);
}

/// A purge of a long list of which nobody reads a row, at the moment in which nothing more is begun; and how much was.
fn held_back(site: &Site) -> (Child, u64) {
    let long = "x".repeat(200);
    let list: String = (0..30_000).map(|n| url(&format!("/{n}/{long}")) + "\n").collect();
    site.write("urls.txt", list);
    let mut command = site.command(&["purge", "--from", "urls.txt"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let purged = || site.edge.tally().of.get(&Verb::Purge).copied().unwrap_or_default();
    (child, where_it_stands(purged))
}

/// Waits until a count of something that goes on does not grow any more.
fn where_it_stands(count: impl Fn() -> u64) -> u64 {
    let (mut seen, mut since) = (0, 0);
    let stands = poll(|| {
        let now = count();
        since = if now == seen { since + 1 } else { 0 };
        seen = now;
        now > 1000 && since > 10
    });
    assert!(stands, "it is at {seen}");
    seen
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
}

#[test]
fn rows_that_nobody_reads_hold_back_what_is_not_begun_and_none_is_lost() {
    let site = Site::new();
    let (child, begun) = held_back(&site);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let rows = stdout(&output).lines().filter(|row| row.starts_with("absent")).count() as u64;
    let said = stderr(&output);
    assert!((begun..30_000).contains(&rows), "{rows} of {begun}");
    assert!(output.status.code() == Some(130) && said.contains(&format!(" {rows} absent;")), "{said}");
}

#[test]
fn rows_that_nobody_reads_hold_back_no_ctrl_c() {
    let site = Site::new();
    let (mut child, _) = held_back(&site);
    // The first ends the work, the second leaves the rows.
    let has_ended = poll(|| {
        interrupt(&child);
        child.try_wait().unwrap().is_some()
    });
    assert!(has_ended);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn who_reads_on_after_a_while_gets_all_of_it() {
    let site = Site::new();
    let (child, begun) = held_back(&site);
    let output = child.wait_with_output().unwrap();
    let rows = stdout(&output).lines().filter(|row| row.starts_with("absent")).count();
    assert!(begun < 30_000);
    assert_eq!((output.status.code(), rows), (Some(0), 30_000), "{}", stderr(&output));
}

#[test]
fn bad_lines_that_nobody_reads_of_hold_back_the_list() {
    const LINES: u64 = 100_000;
    let site = Site::new();
    let mut command = site.command(&["purge", &url("/a"), "--from", "-", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut list = child.stdin.take().unwrap();
    let taken = Arc::new(AtomicU64::new(0));
    let giving = thread::spawn({
        let taken = Arc::clone(&taken);
        move || {
            for _ in 0..LINES {
                list.write_all(b"nonsense\n").unwrap();
                taken.fetch_add(1, Relaxed);
            }
        }
    });
    let seen = where_it_stands(|| taken.load(Relaxed));
    assert!(seen < LINES / 2, "{seen} lines were taken");
    let output = child.wait_with_output().unwrap();
    giving.join().unwrap();
    let said = stdout(&output);
    assert_eq!(said.matches(r#""event":"bad_url""#).count() as u64, LINES, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn rows_that_cannot_be_written_are_not_lost_in_silence() {
    let site = Site::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = site.command(&["purge", &url("/a")]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("cannot write to standard output"), "{}", stderr(&output));
    assert_eq!(site.edge.asked("/a").purge, 1);
}

#[test]
fn nothing_secret_is_shown() {
    let site = Site::new();
    let secret = "Sekrit0fTheTest";
    let field = format!("Authorization: Bearer {secret}");
    let output = site.command(&["refresh", &url("/a"), "--edge-header", &field, "--json"]).output().unwrap();
    assert!(!stdout(&output).contains(secret) && !stderr(&output).contains(secret));
    let output = site.command(&["refresh", &url("/a"), "--edge-header", secret]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains(secret), "{}", stderr(&output));
}
