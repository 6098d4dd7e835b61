//! A place that fails is not made to fail harder by those who ask again.

use std::sync::Arc;
use std::time::Duration;

use forebay_net::client::{Client, ClientOptions};
use forebay_net::retry::PeerOptions;
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::{ObjectKey, ReadAsk, Remote, ResumableBody, Tenacity};
use forebay_store::{StoreError, StoreErrorKind};
use forebay_testkit::fake::{Fault, When};
use forebay_testkit::fake_origin::{FakeOrigin, Page};
use futures_util::future::join_all;
use tokio::time::Instant;

const TENACITY: Tenacity =
    Tenacity { tries_max: 5, wait_min: Duration::from_millis(1), wait_max: Duration::from_millis(50) };

fn place(server: &FakeOrigin, brakes: PeerOptions, client: ClientOptions) -> Arc<dyn Remote> {
    let options = OriginOptions { brakes, ..OriginOptions::default() };
    Arc::new(Origin::new(server.url("/").parse().unwrap(), Client::new(client), options).unwrap())
}

async fn open(place: &Arc<dyn Remote>) -> Result<ResumableBody, StoreError> {
    let ask = ReadAsk { key: ObjectKey::new("a").unwrap(), range: None, pin: None };
    ResumableBody::open(Arc::clone(place), ask, TENACITY).await
}

/// Everybody's own loop: what the brakes stand in for.
async fn naive(place: &Arc<dyn Remote>) {
    let key = ObjectKey::new("a").unwrap();
    for _ in 0..TENACITY.tries_max {
        if place.read(&key, None, None).await.is_ok() {
            return;
        }
        tokio::time::sleep(TENACITY.wait_min).await;
    }
}

#[tokio::test]
async fn an_origin_that_fails_for_all_is_not_asked_by_each_as_often_as_he_likes() {
    const CALLERS: u64 = 300;
    let server = FakeOrigin::start().unwrap();
    server.script().push(When::any().always(), Fault::internal_error());
    let brakes = PeerOptions::default();
    let began = Instant::now();
    let place = place(&server, brakes, ClientOptions::default());
    let answers = join_all((0..CALLERS).map(|_| open(&place))).await;
    assert!(answers.iter().all(|answer| answer.is_err()));
    let tokens = u64::from(brakes.burst) + u64::from(brakes.per_second) * (began.elapsed().as_secs() + 1);
    let (asked, _) = server.counts();
    assert!(asked <= CALLERS + tokens, "{asked} requests of {CALLERS} callers and {tokens} tokens");

    let (before, _) = server.counts();
    join_all((0..CALLERS).map(|_| naive(&place))).await;
    let naively = server.counts().0 - before;
    assert!(naively > CALLERS + tokens, "the naive loop asks no more than that: {naively}");
}

#[tokio::test]
async fn an_origin_that_answers_nobody_is_left_alone_and_callers_learn_for_how_long() {
    let server = FakeOrigin::start().unwrap();
    server.script().push(When::any().always(), Fault::internal_error());
    let rest_min = Duration::from_secs(3600);
    let brakes = PeerOptions {
        failures_min: 10,
        failing_for: Duration::ZERO,
        rest_min,
        rest_max: rest_min,
        ..PeerOptions::default()
    };
    let place = place(&server, brakes, ClientOptions::default());
    let mut last = None;
    for _ in 0..200 {
        last = open(&place).await.err();
    }
    let last = last.unwrap();
    assert_eq!((last.kind(), last.is_ours()), (StoreErrorKind::Unavailable, true), "{last}");
    assert!(last.retry_after().is_some_and(|wait| wait > rest_min / 2 && wait <= rest_min), "{last}");
    assert_eq!(server.counts().0, u64::from(brakes.failures_min));
    assert!(place.peer().stats().left_alone_total >= 190, "{:?}", place.peer().stats());
}

#[tokio::test]
async fn an_answer_that_is_no_object_is_a_sign_of_life() {
    let server = FakeOrigin::start().unwrap();
    let brakes = PeerOptions { failures_min: 3, failing_for: Duration::ZERO, ..PeerOptions::default() };
    let place = place(&server, brakes, ClientOptions::default());
    for _ in 0..10 {
        // Two failures, then a 404.
        for _ in 0..2 {
            server.script().push(When::any(), Fault::internal_error());
        }
        assert_eq!(open(&place).await.unwrap_err().kind(), StoreErrorKind::NotFound);
    }
    assert_eq!(place.peer().stats().rests_total, 0);
}

#[tokio::test]
async fn want_of_a_connection_of_ours_is_not_held_against_the_origin() {
    let server = FakeOrigin::start().unwrap();
    server.put("/a", Page::bytes(vec![7; 1 << 20]));
    let brakes = PeerOptions { failures_min: 2, failing_for: Duration::ZERO, ..PeerOptions::default() };
    let options = ClientOptions {
        connections_max: 1,
        acquire_timeout: Duration::from_millis(5),
        ..ClientOptions::default()
    };
    let place = place(&server, brakes, options);
    let held = open(&place).await.unwrap();
    for _ in 0..3 {
        let refused = open(&place).await.unwrap_err();
        assert!(refused.is_ours(), "{refused}");
    }
    drop(held);
    open(&place).await.unwrap();
    assert_eq!((server.counts().0, place.peer().stats().rests_total), (2, 0));
}

#[tokio::test]
async fn a_body_under_way_waits_for_the_rest_of_its_origin_and_goes_on() {
    const LEN: usize = 1 << 20;
    let server = FakeOrigin::start().unwrap();
    server.put("/a", Page::bytes(vec![7; LEN]));
    let brakes = PeerOptions {
        failures_min: 2,
        failing_for: Duration::ZERO,
        rest_min: Duration::from_millis(20),
        ..PeerOptions::default()
    };
    let place = place(&server, brakes, ClientOptions::default());
    server.script().push(When::get("/a"), Fault::reset_after(100_000));
    server.script().push(When::get("/a"), Fault::internal_error());
    let mut body = open(&place).await.unwrap();
    let mut len = 0;
    while let Some(bytes) = body.chunk().await {
        len += bytes.unwrap().len();
    }
    assert_eq!((len, body.remaining()), (LEN, Some(0)));
    assert_eq!(place.peer().stats().rests_total, 1);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_the_callers() {
    let server = FakeOrigin::start().unwrap();
    server.script().push(When::any().always(), Fault::slow_down(Some(60)));
    let place = place(&server, PeerOptions::default(), ClientOptions::default());
    let error = open(&place).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (StoreErrorKind::Throttled, Some(Duration::from_secs(60)))
    );
    assert_eq!(server.counts().0, 1);
}
