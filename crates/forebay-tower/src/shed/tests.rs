//! The queue has a length and a time, is fair, and forgets who left.

use std::num::NonZeroUsize;
use std::task::Poll;
use std::time::Duration;

use http::{Request, StatusCode};
use tokio::time::advance;
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::testing::{Answers, Fed, call, poll};

const LIMITS: QueueLimits = QueueLimits { length: 2, time: Duration::from_secs(3) };

fn layer() -> (LoadShedLayer, Slots) {
    let slots = Slots::new(NonZeroUsize::MIN);
    (LoadShedLayer::new(slots.clone(), LIMITS), slots)
}

fn request() -> Request<Fed> {
    Request::new(Fed::default())
}

fn waiting(layer: &LoadShedLayer) -> std::pin::Pin<Box<ResponseFuture<Answers, Request<Fed>>>> {
    let mut future = Box::pin(layer.layer(Answers::default()).call(request()));
    assert!(poll(&mut future).is_pending());
    future
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_served_in_their_order() {
    let (layer, slots) = layer();
    let running = call(&layer, Answers::default(), request());
    let (mut first, mut second) = (waiting(&layer), waiting(&layer));
    assert_eq!(layer.figures().waiting, 2);

    drop(running);
    assert!(poll(&mut second).is_pending());
    let Poll::Ready(Ok(response)) = poll(&mut first) else { panic!("the first in line is not served") };
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((slots.in_use(), layer.figures().waiting), (1, 1));
    drop(response);
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(_))));
    assert_eq!((slots.in_use(), layer.figures().waiting), (0, 0), "the answer was dropped with its slot");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once() {
    let (layer, _slots) = layer();
    let _running = call(&layer, Answers::default(), request());
    let _line = (waiting(&layer), waiting(&layer));
    let refused = call(&layer, Answers::default(), request());
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "3");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_its_time() {
    let (layer, _slots) = layer();
    let _running = call(&layer, Answers::default(), request());
    let mut late = waiting(&layer);
    advance(LIMITS.time).await;
    let Poll::Ready(Ok(response)) = poll(&mut late) else { panic!("still waiting") };
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(layer.figures().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_line_leaves_nothing_behind() {
    let (layer, slots) = layer();
    let running = call(&layer, Answers::default(), request());
    let (first, mut second) = (waiting(&layer), waiting(&layer));
    // 1. The slot is handed to the first in line. 2. It leaves before it is polled again.
    drop(running);
    drop(first);
    // 3. The slot goes to the next one and is not lost.
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(_))));
    assert_eq!((slots.in_use(), layer.figures().waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_line_says_how_long_it_is_and_when_it_does_not_move() {
    let (layer, _slots) = layer();
    let idle = QueueFigures { slots: 1, waiting_max: 2, ..QueueFigures::default() };
    assert_eq!(layer.figures(), idle);
    let running = call(&layer, Answers::default(), request());
    let mut first = waiting(&layer);
    advance(Duration::from_millis(999)).await;
    assert_eq!(layer.figures(), QueueFigures { in_use: 1, waiting: 1, ..idle });
    advance(Duration::from_millis(2)).await;
    assert!(layer.figures().saturated, "the first has waited for more than a second");
    drop(running);
    drop(poll(&mut first));
    assert_eq!(layer.figures(), QueueFigures { waited: Duration::from_millis(1001), ..idle });

    let _running = call(&layer, Answers::default(), request());
    let _line = (waiting(&layer), waiting(&layer));
    assert!(layer.figures().saturated, "the line is full");
    drop(call(&layer, Answers::default(), request()));
    assert_eq!(layer.figures().refused_total, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_took_too_long_is_counted_as_refused() {
    let (layer, _slots) = layer();
    let _running = call(&layer, Answers::default(), request());
    let mut late = waiting(&layer);
    advance(LIMITS.time).await;
    assert!(poll(&mut late).is_ready());
    assert_eq!((layer.figures().refused_total, layer.figures().waited), (1, LIMITS.time));
}
