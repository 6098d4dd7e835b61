//! Workers that wait are told when there is something, and nothing is missed.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_agent::queue::{Queue as _, QueueError};
use forebay_agent::{Action, FailureClass, Lane};

use crate::world::{SPAN, World, name, order, with};

/// Whether a future has to wait; for that nobody else must have to do anything for it.
fn waits<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
}

#[tokio::test]
async fn who_waits_is_told_of_what_comes() {
    let world = World::new().await;
    let edge = name("a");
    // Nobody has looked yet.
    world.book.ready(&edge, Lane::Bulk).await.unwrap();
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let mut ready = pin!(world.book.ready(&edge, Lane::Bulk));
    assert!(waits(ready.as_mut()));
    world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    assert!(waits(ready.as_mut()), "that is for the other lane");
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    ready.await.unwrap();
}

#[tokio::test]
async fn who_waits_is_told_when_something_becomes_due() {
    let world = World::new().await;
    let edge = name("a");
    let at = world.now().after(SPAN);
    world.submit(with(order(Action::Warm, &["a"]), |terms| terms.at = Some(at)), &["1"]).await;
    world.book.ready(&edge, Lane::Bulk).await.unwrap();
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let mut ready = pin!(world.book.ready(&edge, Lane::Bulk));
    assert!(waits(ready.as_mut()));
    world.clock.pass(SPAN);
    ready.await.unwrap();
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn who_waits_is_told_when_a_row_comes_back_or_its_way_is_free() {
    let world = World::new().await;
    let edge = name("a");
    world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let mut purge = world.lease("a", Lane::Control).await;
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    assert!(world.lease("a", Lane::Control).await.is_empty());
    let both = [Lane::Control, Lane::Bulk];
    for lane in both {
        world.book.ready(&edge, lane).await.unwrap();
        assert!(world.lease("a", lane).await.is_empty());
    }
    {
        let mut control = pin!(world.book.ready(&edge, Lane::Control));
        assert!(waits(control.as_mut()));
        world.give_back(purge[0].lease, world.now(), Some(FailureClass::Reset)).await;
        control.await.unwrap();
        purge = world.lease("a", Lane::Control).await;
    }
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let mut bulk = pin!(world.book.ready(&edge, Lane::Bulk));
    assert!(waits(bulk.as_mut()));
    world.succeed(purge[0].lease).await;
    bulk.await.unwrap();
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn who_waits_is_told_when_an_edge_has_caught_up() {
    let world = World::new().await;
    let edge = name("a");
    world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    world.submit(order(Action::Warm, &["a"]), &["2"]).await;
    world.book.catch_up(&edge).await.unwrap();
    world.book.ready(&edge, Lane::Bulk).await.unwrap();
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let purge = world.lease("a", Lane::Control).await;
    let mut ready = pin!(world.book.ready(&edge, Lane::Bulk));
    assert!(waits(ready.as_mut()));
    world.succeed(purge[0].lease).await;
    ready.await.unwrap();
}

#[tokio::test]
async fn a_lease_that_ends_is_seen_without_anybody_asking() {
    let world = World::new().await;
    let edge = name("a");
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    world.book.ready(&edge, Lane::Bulk).await.unwrap();
    assert_eq!(world.lease("a", Lane::Bulk).await.len(), 1);
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let ready = world.book.ready(&edge, Lane::Bulk);
    world.clock.pass(SPAN);
    // The writer looks around once a second.
    tokio::time::timeout(Duration::from_secs(20), ready).await.unwrap().unwrap();
    assert_eq!(world.lease("a", Lane::Bulk).await.len(), 1);
}

#[tokio::test]
async fn who_waits_is_told_that_the_queue_is_closed() {
    let world = World::new().await;
    let edge = name("a");
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let (book, other) = (world.book.clone(), world.book.clone());
    world.book.ready(&edge, Lane::Bulk).await.unwrap();
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let waiting = tokio::spawn(async move { book.ready(&name("a"), Lane::Bulk).await });
    world.book.clone().close().await;
    assert_eq!(waiting.await.unwrap(), Err(QueueError::Closed));
    assert_eq!(other.lease(&edge, Lane::Bulk, 1, SPAN).await, Err(QueueError::Closed));
    assert_eq!(other.ready(&edge, Lane::Bulk).await, Err(QueueError::Closed));
}
