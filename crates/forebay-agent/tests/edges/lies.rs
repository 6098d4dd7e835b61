//! An edge that fails, or says what is not so: nothing of that is reported as done, and each has its class.

use std::time::Duration;

use forebay_agent::edge::EdgeKind;
use forebay_agent::work::{Proof, WorkOptions, Worker};
use forebay_agent::{Action, Target};
use forebay_budget::ByteSize;
use forebay_net::retry::RetryPolicy;
use forebay_testkit::edges::HOST;
use forebay_testkit::edges::ats::Via;
use forebay_testkit::fake::{Cut, Fault, Framing, Verb, When};
use forebay_testkit::fake_edge::{FakeEdge, Flavour, Habit};

use crate::rig::{Manner, line, worker};

const BYTES: u64 = 300_000;

fn edge() -> FakeEdge {
    let edge = FakeEdge::start(Flavour::Ats(Via::Codes)).unwrap();
    edge.put_everywhere(BYTES);
    edge
}

/// A worker at it that tries so often.
fn tries(edge: &FakeEdge, times: u32, proof: Proof) -> Worker {
    let retry = RetryPolicy {
        failures_max: times,
        transient_base: Duration::from_millis(1),
        ..RetryPolicy::default()
    };
    let options = WorkOptions { retry, object_max: ByteSize::mib(1), ..WorkOptions::default() };
    worker(edge.addr(), Manner { kind: Some(EdgeKind::Ats), proof, ..Manner::default() }, options)
}

async fn run(worker: &Worker, action: Action, path: &str) -> String {
    line(&worker.run(action, &Target::parse(&format!("http://{HOST}{path}")).unwrap()).await)
}

#[tokio::test]
async fn a_body_that_is_not_what_its_head_said_is_no_object() {
    let chunked = || Fault::Framing(Framing::Chunked);
    for (faults, said) in [
        (vec![Fault::short_after(1000)], "short"),
        (vec![chunked(), Fault::short_after(1000)], "short"),
        (vec![Fault::reset_after(1000)], "reset"),
        (vec![Fault::Long(7)], "too-long"),
        (vec![Fault::Endless], "too-long"),
        (vec![chunked(), Fault::Endless], "too-long"),
        (vec![chunked()], "warmed"),
        (vec![Fault::Framing(Framing::UntilClose)], "warmed"),
    ] {
        let edge = edge();
        edge.script().push_all(When::get("/a"), faults.clone());
        let outcome = run(&tries(&edge, 1, Proof::Warm), Action::Warm, "/a").await;
        assert_eq!(outcome.split(' ').next(), Some(said), "{faults:?}: {outcome}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_object_is_told_by_its_class() {
    for (fault, said) in [
        (Fault::internal_error(), "server"),
        (Fault::Refuse { status: 429, code: "Too Many Requests", retry_after: None }, "throttled"),
        (Fault::slow_down(Some(1)), "throttled"),
        (Fault::refuse(403, "Forbidden"), "status"),
        (Fault::redirect(302, "http://elsewhere.example.test/"), "redirect"),
        (Fault::HangUp(Cut::Reset), "reset"),
        (Fault::LoseAnswer(Cut::Clean), "reset"),
    ] {
        let edge = edge();
        edge.script().push(When::get("/a").always(), fault.clone());
        let outcome = run(&tries(&edge, 1, Proof::Warm), Action::Warm, "/a").await;
        assert_eq!(outcome.split(' ').next(), Some(said), "{fault:?}: {outcome}");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for fault in [Fault::reset_after(1000), Fault::internal_error(), Fault::HangUp(Cut::Reset)] {
        let edge = edge();
        edge.script().push(When::get("/a"), fault);
        assert_eq!(run(&tries(&edge, 2, Proof::Warm), Action::Warm, "/a").await, "warmed miss hit");
        assert_eq!(edge.tally().of[&Verb::Get], 2);
    }
}

#[tokio::test]
async fn an_edge_that_keeps_what_it_purged_or_loses_what_it_fetched_is_found_out() {
    let edge = edge();
    edge.behave_with("/nothing", Habit::KeepsNothing);
    edge.behave_with("/forgets", Habit::Forgets);
    edge.behave_with("/for-ever", Habit::KeepsForEver);
    edge.fill("/for-ever", Duration::from_secs(90));
    let worker = tries(&edge, 1, Proof::Always);
    assert_eq!(run(&worker, Action::Warm, "/nothing").await, "not-stored miss miss");
    assert_eq!(run(&worker, Action::Warm, "/forgets").await, "not-stored miss miss");
    assert_eq!(run(&worker, Action::Purge, "/for-ever").await, "still-there hit hit");
    assert_eq!(run(&worker, Action::Refresh, "/for-ever").await, "still-there hit hit");
    let credulous = tries(&edge, 1, Proof::Never);
    assert_eq!(run(&credulous, Action::Warm, "/forgets").await, "warmed miss hit");
    assert_eq!(run(&credulous, Action::Purge, "/for-ever").await, "removed hit miss");
}

#[tokio::test]
async fn what_somebody_has_fetched_since_the_purge_is_not_still_there() {
    let edge = edge();
    edge.behave(Habit::KeepsForEver);
    edge.fill("/busy", Duration::ZERO);
    assert_eq!(run(&tries(&edge, 1, Proof::Always), Action::Purge, "/busy").await, "removed hit hit");
}
