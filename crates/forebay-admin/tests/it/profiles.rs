//! Profiles, read by `go tool pprof` as an operator reads them.
//!
//! Where there is no Go the tool's part is left out, loudly; the rest of a profile is checked by unit tests.

use std::{
    fs,
    hint::black_box,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use axum::body::Body;
use http::{Request, StatusCode};
use tempfile::TempDir;

use crate::fixture::{Answer, process};

/// Sampling is a state of the whole process: its tests take turns (under nextest each is a process of its own).
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[inline(never)]
fn fill_the_reservoir(blocks: usize) -> Vec<Vec<u8>> {
    let mut held = Vec::new();
    for block in 0..blocks {
        held.push(black_box(vec![block as u8; 64 * 1024]));
    }
    held
}

#[inline(never)]
fn turn_the_turbine(stop: &AtomicBool) -> u64 {
    let mut sum = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        for step in 0..10_000_u64 {
            sum = black_box(sum.rotate_left(5) ^ step);
        }
    }
    sum
}

/// What the tool prints of a profile; `None` where there is no Go.
fn pprof(answer: &Answer, arguments: &[&str]) -> Option<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.body[..2], [0x1f, 0x8b], "a profile is compressed with gzip");
    let place = TempDir::new().unwrap();
    let file = place.path().join("profile.pb.gz");
    fs::write(&file, &answer.body).unwrap();
    let output = Command::new("go")
        .args(["tool", "pprof", "-symbolize=none"])
        .args(arguments)
        .arg(&file)
        .env("PPROF_TMPDIR", place.path())
        .env("HOME", place.path())
        .output();
    let Ok(output) = output else {
        forebay_testkit::notice::skipped("there is no `go` here to read the profile with");
        return None;
    };
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    Some(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heap_profile_names_who_holds_memory_with_file_and_line() {
    let _turn = TURN.lock().await;
    let process = process();
    let on = Request::put("/debug/pprof/active").body(Body::from("on")).unwrap();
    assert_eq!(process.ask(on).await.text(), "on\n");
    let held = fill_the_reservoir(512);
    let answer = process.get("/debug/pprof/heap").await;
    let off = Request::put("/debug/pprof/active").body(Body::from("off")).unwrap();
    assert_eq!(process.ask(off).await.text(), "off\n");
    drop(held);

    let Some(top) = pprof(&answer, &["-top", "-cum", "-unit=MB"]) else { return };
    let line =
        top.lines().find(|line| line.contains("fill_the_reservoir")).unwrap_or_else(|| panic!("{top}"));
    // flat, flat %, sum %, cumulative: 32 MiB are held.
    let held: f64 = line.split_whitespace().nth(3).unwrap().trim_end_matches("MB").parse().unwrap();
    assert!((24.0..44.0).contains(&held), "{top}");
    assert!(!top.contains("prof_backtrace"), "frames of the allocator are dropped:\n{top}");
    let list = pprof(&answer, &["-list=fill_the_reservoir$"]).unwrap();
    let line = list.lines().find(|line| line.contains("held.push")).unwrap_or_else(|| panic!("{list}"));
    assert!(line.contains("MB"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_shows_what_was_allocated_in_it_and_leaves_sampling_as_it_was() {
    let _turn = TURN.lock().await;
    let process = process();
    assert_eq!(process.get("/debug/pprof/active").await.text(), "off\n");
    let stop = Arc::new(AtomicBool::new(false));
    let worker = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                drop(black_box(fill_the_reservoir(4)));
            }
        })
    };
    let answer = process.get("/debug/pprof/heap?seconds=1").await;
    stop.store(true, Ordering::Relaxed);
    worker.join().unwrap();
    assert_eq!(process.get("/debug/pprof/active").await.text(), "off\n");

    let Some(space) = pprof(&answer, &["-sample_index=alloc_space", "-top", "-cum", "-unit=MB"]) else {
        return;
    };
    let line =
        space.lines().find(|line| line.contains("fill_the_reservoir")).unwrap_or_else(|| panic!("{space}"));
    let flow: f64 = line.split_whitespace().nth(3).unwrap().trim_end_matches("MB").parse().unwrap();
    assert!(flow > 10.0, "{space}");
    let objects = pprof(&answer, &["-sample_index=alloc_objects", "-top", "-cum"]).unwrap();
    assert!(objects.contains("fill_the_reservoir"), "{objects}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_window_leaves_sampling_as_it_was() {
    let _turn = TURN.lock().await;
    let process = process();
    let state = async || process.get("/debug/pprof/active").await.text().to_owned();
    tokio::select! {
        biased;
        answer = process.get("/debug/pprof/heap?seconds=60") => panic!("{:?}", answer.status),
        () = async { while state().await == "off\n" { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(state().await, "off\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_profile_names_who_is_busy_with_file_and_line() {
    let _turn = TURN.lock().await;
    let process = process();
    let stop = Arc::new(AtomicBool::new(false));
    let worker = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || turn_the_turbine(&stop))
    };
    let answer = process.get("/debug/pprof/profile?seconds=1").await;
    stop.store(true, Ordering::Relaxed);
    worker.join().unwrap();

    let Some(top) = pprof(&answer, &["-top", "-cum"]) else { return };
    let line = top.lines().find(|line| line.contains("turn_the_turbine")).unwrap_or_else(|| panic!("{top}"));
    let share: f64 = line.split_whitespace().nth(4).unwrap().trim_end_matches('%').parse().unwrap();
    assert!(share > 50.0, "{top}");
    assert!(!top.contains("on_sigprof"), "the handler's own frames are left out:\n{top}");
    let list = pprof(&answer, &["-list=turn_the_turbine$"]).unwrap();
    let line = list.lines().find(|line| line.contains("rotate_left")).unwrap_or_else(|| panic!("{list}"));
    assert!(line.contains("ms") || line.contains('s'), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_profile_at_a_time_and_only_for_a_reasonable_time() {
    let _turn = TURN.lock().await;
    let process = process();
    let first = process.get("/debug/pprof/profile?seconds=60");
    let others = async {
        loop {
            let answer = process.get("/debug/pprof/heap?seconds=1").await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                return answer;
            }
        }
    };
    let refused = tokio::select! {
        biased;
        answer = first => panic!("{:?}", answer.status),
        answer = others => answer,
    };
    assert!(refused.text().contains("another profile"));
    assert_eq!(refused.headers["x-go-pprof"], "1", "so that the tool prints the text");
    for seconds in ["0", "301", "-1", "x"] {
        let answer = process.get(&format!("/debug/pprof/profile?seconds={seconds}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sampling_that_nobody_waits_for_ends_with_its_request() {
    let _turn = TURN.lock().await;
    let process = process();
    let abandoned =
        tokio::time::timeout(Duration::from_millis(50), process.get("/debug/pprof/profile?seconds=60"));
    assert!(abandoned.await.is_err());
    assert_eq!(process.get("/debug/pprof/profile?seconds=1").await.status, StatusCode::OK);
}
