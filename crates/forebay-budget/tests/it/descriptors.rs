//! Descriptors are counted like bytes.

use std::time::Duration;

use forebay_budget::{FdLedger, Why, raise_nofile};

#[test]
fn descriptors_are_counted_until_their_lease_is_dropped() {
    let fds = FdLedger::new(3);
    let mut pair = fds.try_acquire(2).unwrap();
    let one = pair.split(1).unwrap();
    assert_eq!((pair.count(), one.count(), fds.usage().in_use), (1, 1, 2));
    let refused = fds.try_acquire(2).unwrap_err();
    assert_eq!(refused.to_string(), "file descriptors: 2 asked, 1 free of 3: not enough is free");
    pair.merge(one).unwrap();
    drop(pair);
    assert!(fds.idle());
}

#[tokio::test(start_paused = true)]
async fn descriptors_are_waited_for_in_turn() {
    let fds = FdLedger::new(1);
    let held = fds.try_acquire(1).unwrap();
    assert_eq!(fds.acquire(1, Duration::from_secs(1)).await.unwrap_err().why, Why::TimedOut);
    let waiter = tokio::spawn(fds.acquire(1, Duration::from_secs(1)));
    tokio::task::yield_now().await;
    drop(held);
    assert!(waiter.await.unwrap().is_ok());
}

#[test]
fn the_soft_limit_is_raised_to_the_hard_one() {
    let limits = raise_nofile().unwrap();
    assert_eq!(limits.soft, limits.hard);
    assert!(limits.soft_before <= limits.soft);
}

#[tokio::test(start_paused = true)]
async fn a_first_waiter_that_is_stuck_saturates_the_descriptors() {
    let fds = FdLedger::new(1);
    let held = fds.try_acquire(1).unwrap();
    let waiter = tokio::spawn(fds.acquire(1, Duration::from_secs(5)));
    tokio::task::yield_now().await;
    assert!(!fds.saturated());
    tokio::time::advance(Duration::from_millis(1001)).await;
    assert!(fds.saturated());
    drop(held);
    drop(waiter.await);
    assert!(!fds.saturated());
}
