//! Declared lengths are judged at once, undeclared ones while they pass.

use std::task::Poll;

use forebay_budget::ByteSize;
use http::{Request, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::testing::{Answers, Fed, Step, call, data, poll, reader};

fn layer() -> BodyCeilingLayer {
    BodyCeilingLayer::new(ByteSize::b(10))
}

/// The status of the answer to a body that is read to its end.
fn status(body: Fed) -> StatusCode {
    let mut future = Box::pin(layer().layer(reader()).call(Request::new(body)));
    let Poll::Ready(Ok(response)) = poll(&mut future) else { panic!("pending") };
    response.status()
}

#[test]
fn a_declared_length_above_the_ceiling_never_reaches_the_service() {
    let service = Answers::default();
    let response = call(&layer(), service.clone(), Request::new(Fed::new([data(11)]).sized(11)));
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(*service.calls.lock(), 0);
}

#[test]
fn the_ceiling_itself_passes() {
    assert_eq!(status(Fed::new([data(10), Step::End]).sized(10)), StatusCode::OK);
    assert_eq!(status(Fed::new([data(4), data(6), Step::End])), StatusCode::OK);
}

#[test]
fn a_chunked_body_is_counted_and_answered_with_413() {
    assert_eq!(status(Fed::new([data(6), data(5), Step::End])), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn a_body_that_lies_about_its_length_fails() {
    assert_eq!(status(Fed::new([data(11), Step::End]).sized(5)), StatusCode::BAD_REQUEST);
}

#[test]
fn another_failure_stays_what_it_is() {
    assert_eq!(status(Fed::new([data(6), Step::Error("reset")])), StatusCode::BAD_REQUEST);
}
