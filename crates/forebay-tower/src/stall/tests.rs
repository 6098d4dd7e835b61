//! Time is charged to the side that was waited for.

use std::task::Poll;
use std::time::Duration;

use forebay_budget::Rate;
use http::{Request, StatusCode};
use tokio::time::advance;
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::body::Fault;
use crate::testing::{Answers, Fed, Step, call, data, fails, frame, poll, reader, takes};

const SECOND: Duration = Duration::from_secs(1);

fn pace(min_rate: Option<u64>) -> Pace {
    Pace { idle: 10 * SECOND, min_rate: min_rate.map(Rate::b), grace: 5 * SECOND }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stands_still_is_answered_with_408() {
    let upload = Fed::new([data(100)]);
    let layer = StallLayer::new(pace(None));
    let mut future = Box::pin(layer.layer(reader()).call(Request::new(upload.clone())));
    assert!(poll(&mut future).is_pending());
    advance(9 * SECOND).await;
    upload.feed(data(1));
    assert!(poll(&mut future).is_pending());
    advance(9 * SECOND).await;
    assert!(poll(&mut future).is_pending(), "the second byte has started a new wait");
    advance(SECOND).await;
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("still waiting") };
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_trickle_is_found_by_the_minimum_rate() {
    let upload = Fed::default();
    let fault = Fault::default();
    let mut body = RequestBody::new(upload.clone(), pace(Some(100)), Some(fault.clone()));
    // One byte a second is never idle. Five seconds of grace, and a hundredth of a second per byte.
    for _ in 0..5 {
        assert!(frame(&mut body).is_pending());
        advance(Duration::from_millis(1000)).await;
        upload.feed(data(1));
        takes(&mut body, 1);
    }
    assert!(frame(&mut body).is_pending());
    advance(Duration::from_millis(100)).await;
    assert!(fails(&mut body).starts_with("too slow: the client"), "after 5.05 s of waiting");
    assert_eq!(fault.get().unwrap().reason(), "too_slow");
}

#[tokio::test(start_paused = true)]
async fn a_slow_service_is_not_the_uploaders_fault() {
    let upload = Fed::new((0..50).map(|_| data(1)));
    let mut body = RequestBody::new(upload, pace(Some(1_000_000)), None);
    for _ in 0..50 {
        takes(&mut body, 1);
        advance(60 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_produces_nothing_is_ended() {
    let fed = Fed::new([data(1)]);
    let layer = StallLayer::new(pace(None));
    let mut body = call(&layer, Answers::new([fed]), Request::new(Fed::default())).into_body();
    takes(&mut body, 1);
    assert!(frame(&mut body).is_pending());
    advance(10 * SECOND).await;
    assert!(fails(&mut body).contains("the service"));
}

#[tokio::test(start_paused = true)]
async fn a_reader_below_the_minimum_rate_is_ended_when_it_comes_back() {
    let layer = StallLayer::new(pace(Some(100)));
    let steps = (0..9).map(|_| data(100)).chain([Step::End]);
    let mut body = call(&layer, Answers::new([Fed::new(steps)]), Request::new(Fed::default())).into_body();
    takes(&mut body, 100);
    advance(5 * SECOND).await;
    takes(&mut body, 100);
    advance(2 * SECOND).await;
    assert!(
        fails(&mut body).contains("too slow: the client"),
        "7 s for 200 bytes at 100 B/s and 5 s of grace"
    );
    assert!(!http_body::Body::is_end_stream(&body), "a body that was cut does not look whole");
}

#[tokio::test(start_paused = true)]
async fn a_large_frame_earns_its_time() {
    let layer = StallLayer::new(pace(Some(100)));
    let fed = Fed::new([data(10_000), data(1)]);
    let mut body = call(&layer, Answers::new([fed]), Request::new(Fed::default())).into_body();
    takes(&mut body, 10_000);
    advance(100 * SECOND).await;
    takes(&mut body, 1);
}
