//! A slot is held to the true end of the body, whichever of the three it is.

use std::num::NonZeroUsize;
use std::task::Poll;

use http::{Request, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::refusal::Refusal;
use crate::testing::{Answers, Fed, Step, call, data, fails, frame, poll, takes};

fn slots(n: usize) -> Slots {
    Slots::new(NonZeroUsize::new(n).unwrap())
}

fn request() -> Request<Fed> {
    Request::new(Fed::default())
}

#[test]
fn a_slot_is_held_while_the_body_flows() {
    let slots = slots(1);
    let layer = InFlightLayer::new(slots.clone());
    let body = Fed::new([data(3)]);
    let response = call(&layer, Answers::new([body.clone()]), request());
    assert_eq!(slots.in_use(), 1, "the head is sent, the body is not");

    let mut flowing = response.into_body();
    takes(&mut flowing, 3);
    assert_eq!(slots.in_use(), 1);
    let refused = call(&layer, Answers::default(), request());
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.extensions().get::<Refusal>().unwrap().reason(), "in_flight");

    body.feed(Step::End);
    assert!(matches!(frame(&mut flowing), Poll::Ready(None)));
    drop(flowing);
    assert_eq!(slots.in_use(), 0);
}

#[test]
fn an_abandoned_body_returns_its_slot() {
    let slots = slots(1);
    let layer = InFlightLayer::new(slots.clone());
    let mut body = call(&layer, Answers::new([Fed::new([data(3)]).sized(10)]), request()).into_body();
    takes(&mut body, 3);
    drop(body);
    assert_eq!(slots.in_use(), 0);
}

#[test]
fn a_failed_body_returns_its_slot() {
    let slots = slots(1);
    let layer = InFlightLayer::new(slots.clone());
    let failing = Answers::new([Fed::new([Step::Error("disk")])]);
    let mut body = call(&layer, failing, request()).into_body();
    assert_eq!(fails(&mut body), "disk");
    drop(body);
    assert_eq!(slots.in_use(), 0);
}

#[test]
fn a_response_that_is_never_awaited_returns_its_slot() {
    let slots = slots(1);
    let never = tower::service_fn(|_: Request<Fed>| {
        std::future::pending::<Result<http::Response<Fed>, std::convert::Infallible>>()
    });
    let mut future = Box::pin(InFlightLayer::new(slots.clone()).layer(never).call(request()));
    assert!(poll(&mut future).is_pending());
    assert_eq!(slots.in_use(), 1);
    drop(future);
    assert_eq!(slots.in_use(), 0);
}

#[test]
fn length_end_and_trailers_pass_unchanged() {
    let trailers = http::HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
    let steps = [data(2), Step::Trailers(trailers.clone()), Step::End];
    let response = call(&InFlightLayer::new(slots(1)), Answers::new([Fed::new(steps).sized(2)]), request());
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(2));
    takes(&mut body, 2);
    let Poll::Ready(Some(Ok(frame))) = frame(&mut body) else { panic!("no trailers") };
    assert_eq!(frame.trailers_ref(), Some(&trailers));
}
