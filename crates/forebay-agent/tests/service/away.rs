//! An edge that is not there.

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use forebay_agent::Action;
use forebay_agent::api::{Api, ApiOptions, router};
use forebay_agent::queue::JobState;
use forebay_agent::service::Presence;
use forebay_testkit::fake::{Fault, Gate, Verb, When};
use forebay_testkit::fake_edge::{FakeEdge, Flavour};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::rig::{Door, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_edge_holds_up_no_other_and_forgets_before_it_fetches_when_it_is_back() {
    let (well, dead) = (edge(), edge());
    dead.fill("/old", Duration::ZERO);
    let mut door = Door::to(dead.addr()).await;
    let rig = Rig::start(&[("well", well.addr()), ("dead", door.addr)]).await;
    let warm = rig.submit(Action::Warm, &["well", "dead"], &["/old", "/1", "/2", "/3"]).await;
    rig.wait_for(warm, |job| job.rows.succeeded == 4).await;
    let is_away = || rig.service.edges().any(|edge| edge.presence != Presence::Here);
    rig.wait_for(warm, |_| is_away()).await;
    let many = many();
    let purge = rig.submit(Action::Purge, &["dead"], &many).await;
    // The try that was under way may have been that of an object. The next one comes after the purges, and begins with them.
    let before = next_try(&rig);
    rig.wait_for(purge, |_| next_try(&rig) > before && rig.in_hand("dead") == [0, 0]).await;
    door.open().await;
    assert_eq!(rig.over(warm).await.state, JobState::Succeeded);
    assert_eq!(rig.over(purge).await.state, JobState::Succeeded);
    assert_eq!(purges_before_get(&dead, 1), many.len());
    let rows = [rig.rows(warm).await, rig.rows(purge).await].concat();
    assert!(
        rows.iter().all(|row| row.attempts <= 1),
        "nobody could be asked, so nothing was tried: {rows:?}"
    );
}

/// What is to go first is known from the last try on.
#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_comes_back_while_nobody_looks_forgets_before_it_fetches() {
    let dead = edge();
    dead.fill("/purged/0", Duration::ZERO);
    let mut door = Door::to(dead.addr()).await;
    let rig = Rig::start(&[("dead", door.addr)]).await;
    let warm = rig.submit(Action::Warm, &["dead"], &["/1", "/2", "/3"]).await;
    let many = many();
    let purge = rig.submit(Action::Purge, &["dead"], &many).await;
    rig.wait_for(warm, |_| next_try(&rig).is_some()).await;
    let before = next_try(&rig);
    rig.wait_for(purge, |_| next_try(&rig) > before && rig.in_hand("dead") == [0, 0]).await;
    door.open().await;
    let rig = rig.started_again(&[("dead", door.addr)]).await;
    assert_eq!(rig.over(purge).await.state, JobState::Succeeded);
    assert_eq!(rig.over(warm).await.state, JobState::Succeeded);
    assert_eq!(purges_before_get(&dead, 1), many.len());
}

/// What comes after the last try has begun goes first, too, and does not wait for the end of that try.
#[tokio::test(flavor = "multi_thread")]
async fn purges_that_come_while_an_edge_is_tried_with_an_object_go_before_all_others() {
    let (dead, gate) = (edge(), Gate::new());
    dead.script().push(When::verb(Verb::Get).always(), Fault::stall_after(10, &gate));
    let mut door = Door::to(dead.addr()).await;
    let rig = Rig::start(&[("dead", door.addr)]).await;
    let warm = rig.submit(Action::Warm, &["dead"], &["/1", "/2", "/3"]).await;
    rig.wait_for(warm, |_| next_try(&rig).is_some() && rig.in_hand("dead") == [0, 0]).await;
    door.open().await;
    tokio::time::timeout(Duration::from_secs(30), gate.wait(1)).await.unwrap();
    let many = many();
    let purge = rig.submit(Action::Purge, &["dead"], &many).await;
    assert_eq!(rig.over(purge).await.state, JobState::Succeeded);
    dead.script().clear();
    gate.open();
    assert_eq!(rig.over(warm).await.state, JobState::Succeeded);
    assert_eq!(purges_before_get(&dead, 2), many.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_waits_for_an_edge_that_is_away_says_so() {
    let edge = edge();
    let mut door = Door::to(edge.addr()).await;
    let rig = Rig::start(&[("dead", door.addr)]).await;
    let job = rig.submit(Action::Warm, &["dead"], &["/1"]).await;
    let api = Api::new(rig.book.clone(), rig.service.clone(), ApiOptions::default());
    let shown = async |form: &str| {
        let target = format!("/v1/jobs/{job}/urls?{form}");
        let answer = router(api.clone()).oneshot(Request::get(target).body(Body::empty()).unwrap()).await;
        #[expect(clippy::disallowed_methods, reason = "a test's answers are small")]
        let body = axum::body::to_bytes(answer.unwrap().into_body(), 1 << 20).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let says_so = async |form: &str, words: &str| {
        while !shown(form).await.contains(words) {
            tokio::task::yield_now().await;
        }
    };
    let both = async {
        says_so("", r#""state":"waiting","presence":"away""#).await;
        says_so("format=csv", ",waiting,away,").await;
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    door.open().await;
    rig.over(job).await;
    assert!(!shown("").await.contains("presence"));
}

/// Paths to be purged: more than anybody would get done by chance before something else.
fn many() -> [&'static str; 300] {
    static PATHS: LazyLock<Vec<String>> =
        LazyLock::new(|| (0..300).map(|n| format!("/purged/{n}")).collect());
    std::array::from_fn(|n| PATHS[n].as_str())
}

/// Purges that an edge was asked for before this object, counted from 1.
fn purges_before_get(edge: &FakeEdge, nth: usize) -> usize {
    let asked: Vec<_> = edge.seen().iter().map(|seen| seen.target.verb).collect();
    let gets = asked.iter().enumerate().filter(|(_, verb)| **verb == Verb::Get);
    let (until, _) = gets.clone().nth(nth - 1).unwrap();
    asked[..until].iter().filter(|verb| **verb == Verb::Purge).count()
}

/// When the edge that is away is tried again.
fn next_try(rig: &Rig) -> Option<Instant> {
    rig.service.edges().find_map(|edge| match edge.presence {
        Presence::Here => None,
        Presence::Away { next, .. } => Some(next),
    })
}

fn edge() -> FakeEdge {
    let edge = FakeEdge::start(Flavour::Ats(Default::default())).unwrap();
    edge.put_everywhere(1000);
    edge
}
