//! Care for edges: one that is slow, dead or at its limits delays only itself; what is capped stays below its cap; and Ctrl-C leaves no
//! edge worse off.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use forebay_testkit::{
    edges::ats::Via,
    fake::{Fault, Gate, Verb, When},
    fake_edge::{FakeEdge, Flavour},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::asked::{OBJECT, Said, Site, at, json, program, url};
use crate::run::poll;

const PATIENCE: Duration = Duration::from_secs(20);

fn urls(count: usize) -> String {
    (0..count).map(|n| url(&format!("/{n}")) + "\n").collect()
}

#[test]
fn a_slow_edge_delays_only_itself() {
    let site = Site::new();
    let slow = Site::new();
    let gate = Gate::new();
    slow.edge.script().push(When::verb(Verb::Purge).always(), Fault::Hang(gate.clone()));
    site.write("urls.txt", urls(200));
    let mut command = site.command(&["purge", "--from", "urls.txt", "--json", "--edge", &at(&slow.edge)]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // All of the fast edge is told while the slow one has answered nothing.
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    let fast = rows.by_ref().take(200).map(Result::unwrap).collect::<Vec<_>>();
    let name = site.edge.addr().to_string();
    assert!(fast.iter().all(|row| row.contains(&name)), "{fast:?}");
    assert!(slow.edge.tally().under_way > 0);
    assert!(slow.edge.tally().under_way_most <= 32, "{:?}", slow.edge.tally());
    gate.open();
    assert_eq!(rows.count(), 201, "the others, and the summary");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_dead_edge_fails_its_urls_without_waiting_for_each() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = Site::new();
    site.write("urls.txt", urls(2000));
    for kind in ["kind=ats", "kind=auto"] {
        let edge = format!("http://{dead} name=dead {kind}");
        let begun = Instant::now();
        let said = site.json(&[
            "purge",
            "--from",
            "urls.txt",
            "--edge",
            &edge,
            "--edge-patience",
            "6s",
            "--edge-tries",
            "3",
        ]);
        // With its patience for each URL, two thousand of them would take minutes.
        assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
        assert_eq!((said.code, said.rows.len()), (3, 4000));
        let failures = said.summary["edges"]["dead"]["failures"].as_object().unwrap();
        assert!(failures.contains_key("connect") && failures.contains_key("down"), "{failures:?}");
        assert_eq!(said.summary["failed"], 2000);
        assert!(said.stderr.is_empty(), "{}", said.stderr);
    }
}

#[test]
fn an_edge_that_asks_for_time_is_given_it() {
    let site = Site::new();
    site.edge.script().push(When::verb(Verb::Purge).times(3), Fault::refuse(429, "slow down"));
    site.edge.script().push(When::verb(Verb::Purge), Fault::slow_down(Some(1)));
    let begun = Instant::now();
    let said = site.json(&["purge", &url("/a")]);
    assert_eq!((said.code, said.rows[0]["attempts"].as_u64()), (0, Some(5)), "{said:?}");
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn requests_in_a_second_and_at_once_stay_below_their_caps() {
    let site = Site::new();
    site.write("urls.txt", urls(60));
    let begun = Instant::now();
    let said = site.json(&["purge", "--from", "urls.txt", "--edge-requests", "20", "--edge-control", "3"]);
    assert_eq!(said.code, 0, "{said:?}");
    // The first second's worth goes at once.
    assert!(begun.elapsed() >= Duration::from_millis(1500), "{:?}", begun.elapsed());
    assert!(site.edge.tally().under_way_most <= 3, "{:?}", site.edge.tally());
}

#[test]
fn objects_at_once_stay_below_their_cap() {
    let site = Site::new();
    let gate = Gate::new();
    site.edge.script().push(When::verb(Verb::Get).always(), Fault::stall_after(10, &gate));
    site.write("urls.txt", urls(10));
    let child = begin(site.command(&["warm", "--from", "urls.txt", "--edge-bulk", "2", "--proof", "never"]));
    assert!(gate.wait_blocking(2, PATIENCE));
    gate.open();
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!(said.words(), [("warmed".to_owned(), 10)].into(), "{said:?}");
    assert!(site.edge.tally().under_way_most <= 2 + 1, "a probe beside two objects: {:?}", site.edge.tally());
}

#[test]
fn bytes_in_flight_are_admitted_before_they_are_asked_for() {
    let site = Site::new();
    site.edge.put_everywhere(1 << 20);
    let gate = Gate::new();
    // The first says how long objects are; of those that follow, only one fits.
    site.edge.script().push(When::verb(Verb::Get).after(1).always(), Fault::stall_after(10, &gate));
    site.write("urls.txt", urls(8));
    let words = ["warm", "--from", "urls.txt", "--edge-in-flight", "1MiB", "--edge-bulk", "8"];
    let child = begin(site.command(&words));
    assert!(gate.wait_blocking(1, PATIENCE));
    // The proof of the first is beside it.
    let most = site.edge.tally().under_way_most;
    gate.open();
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!(said.words(), [("warmed".to_owned(), 8)].into(), "{said:?}");
    assert!(most <= 9, "{most}");
}

#[test]
fn the_bandwidth_of_an_edge_holds_over_all_objects() {
    let site = Site::new();
    site.edge.put_everywhere(500_000);
    site.write("urls.txt", urls(4));
    let begun = Instant::now();
    let said = site.json(&["warm", "--from", "urls.txt", "--edge-bandwidth", "1MB/s"]);
    assert_eq!((said.code, said.summary["bytes"].as_u64()), (0, Some(2_000_000)), "{said:?}");
    assert!(begun.elapsed() >= Duration::from_millis(1000), "{:?}", begun.elapsed());
}

#[test]
fn outside_its_window_an_edge_is_purged_and_not_warmed() {
    let site = Site::new();
    // An hour that began eleven hours from now, whenever that is.
    let hour = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() / 3600 % 24;
    let window = format!("{:02}:00-{:02}:00", (hour + 11) % 24, (hour + 12) % 24);
    let said = site.json(&["purge", &url("/a"), "--edge-window", &window]);
    assert_eq!(said.code, 0, "{said:?}");
    let child = begin(site.command(&["warm", &url("/a"), "--edge-window", &window]));
    assert!(poll(|| site.edge.asked("/a").look == 1), "it asks what is there");
    let output = interrupt(child);
    assert_eq!((output.status.code(), site.edge.asked("/a").get), (Some(130), 0));
}

/// Starts it with lines of JSON, to be interrupted.
fn begin(mut command: Command) -> Child {
    command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Ctrl-C, which reaches the program through `timeout` that it runs under.
fn press(child: &Child) {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    let pid = children.split_whitespace().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
}

fn interrupt(child: Child) -> Output {
    press(&child);
    child.wait_with_output().unwrap()
}

/// So many objects are on their way, and half as many wait at the door.
const ON_THEIR_WAY: usize = 6;

/// A capped warm of many objects, interrupted; and how many of them the edge has been asked for at the end.
fn interrupted(site: &Site, edge: &str) -> (Output, usize) {
    site.edge.put_everywhere(1_000_000);
    site.write("urls.txt", urls(50));
    let mut command = program(&["warm", "--from", "urls.txt", "--edge", edge, "--edge-bulk", "6"]);
    command.args(["--edge-bandwidth", "2MB/s"]).current_dir(site.dir.path());
    let gate = Gate::new();
    site.edge.script().push(When::verb(Verb::Get).always(), Fault::stall_after(10, &gate));
    let mut child = begin(command);
    assert!(gate.wait_blocking(ON_THEIR_WAY, PATIENCE));
    press(&child);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    // What is to be finished goes on when it has been said; what is left ends without that.
    while stderr.read_line(&mut said).unwrap() > 0 {
        if said.contains("finishing") {
            gate.open();
        }
    }
    let output = child.wait_with_output().unwrap();
    gate.open();
    let begun = (0..50).filter(|n| site.edge.asked(&format!("/{n}")).get > 0).count();
    (Output { stderr: said.into_bytes(), ..output }, begun)
}

#[test]
fn a_capped_warm_is_finished_at_an_edge_that_would_fetch_the_rest_at_full_speed() {
    let site = Site::new();
    let (output, begun) = interrupted(&site, &at(&site.edge));
    let said = Said::of(&output);
    assert_eq!(said.code, 130, "{said:?}");
    assert!(said.stderr.contains("finishing"), "{}", said.stderr);
    assert_eq!(said.words(), [("warmed".to_owned(), begun as u64)].into(), "all that was begun, and no more");
    assert_eq!(begun, ON_THEIR_WAY, "nothing is begun any more");
    assert_eq!(said.summary["left"], 50 - begun);
    assert!(said.rows.iter().all(|row| row["bytes"] == 1_000_000 && row["after"] == "hit"), "{said:?}");
}

#[test]
fn a_capped_warm_is_left_at_an_edge_that_stops_with_its_client() {
    let edge = FakeEdge::start(Flavour::Ats(Via::Codes)).unwrap();
    let site = Site::of(edge);
    let begun = Instant::now();
    let (output, _) = interrupted(&site, &format!("http://{} kind=squid", site.edge.addr()));
    let said = Said::of(&output);
    assert_eq!(said.code, 130);
    assert!(said.summary["left"].as_u64().unwrap() >= 44, "{said:?}");
    assert!(!said.stderr.contains("finishing"), "{}", said.stderr);
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn a_second_interrupt_leaves_at_once() {
    let site = Site::new();
    let gate = Gate::new();
    site.edge.script().push(When::get("/a").always(), Fault::stall_after(10, &gate));
    let mut child = begin(site.command(&["warm", &url("/a"), "--edge-bandwidth", "1MB/s"]));
    assert!(gate.wait_blocking(1, PATIENCE));
    press(&child);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("once more to leave at once"), "{said}");
    press(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    gate.open();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(Said::of(&output).summary["left"], 1, "{rest}");
}

#[test]
fn many_edges_are_worked_at_once() {
    let sites: Vec<Site> = (0..12).map(|_| Site::new()).collect();
    sites[0].write("urls.txt", urls(30));
    let mut command = program(&["refresh", "--from", "urls.txt"]);
    for site in &sites {
        command.args(["--edge", &at(&site.edge)]);
    }
    command.current_dir(sites[0].dir.path());
    let said = json(command);
    assert_eq!((said.code, said.rows.len()), (0, 12 * 30), "{:?}", said.summary);
    assert_eq!(said.summary["bytes"], 12 * 30 * OBJECT);
    assert!(sites.iter().all(|site| (0..30).all(|n| site.edge.has(&format!("/{n}")))));
}
