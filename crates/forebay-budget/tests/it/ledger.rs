//! What is granted, refused, awaited and given back.

use std::{future::Future, pin::pin, sync::Arc, thread, time::Duration};

use forebay_budget::{ByteSize, Class, Ledger, Why};
use tokio::time::{self, Instant};

const PATIENCE: Duration = Duration::from_secs(5);

fn reads(bytes: u64) -> Ledger {
    Ledger::new([(Class::Reads, ByteSize::b(bytes))])
}

#[test]
fn a_lease_is_counted_until_it_is_dropped() {
    let ledger = reads(100);
    let lease = ledger.try_acquire(Class::Reads, 60).unwrap();
    assert_eq!(ledger.usage(Class::Reads).in_use, 60);
    assert!(!ledger.idle());
    drop(lease);
    let usage = ledger.usage(Class::Reads);
    assert_eq!((usage.in_use, usage.peak, usage.granted_total), (0, 60, 1));
    assert!(ledger.idle());
}

#[test]
fn a_refusal_carries_the_numbers() {
    let ledger = reads(100);
    let _held = ledger.try_acquire(Class::Reads, 60).unwrap();
    let full = ledger.try_acquire(Class::Reads, 41).unwrap_err();
    assert_eq!((full.asked, full.free, full.capacity, full.why), (41, 40, 100, Why::Full));
    let never = ledger.try_acquire(Class::Reads, 101).unwrap_err();
    assert_eq!(never.why, Why::TooLarge);
    assert_eq!(
        never.to_string(),
        "reads: 101 B asked, 40 B free of 100 B: it is more than the whole capacity"
    );
    assert_eq!(ledger.usage(Class::Reads).refused_total, 2);
}

#[test]
fn classes_do_not_see_each_other() {
    let ledger = Ledger::new([(Class::Reads, ByteSize::b(10)), (Class::Captures, ByteSize::b(10))]);
    let _all = ledger.try_acquire(Class::Reads, 10).unwrap();
    assert!(ledger.try_acquire(Class::Captures, 10).is_ok());
    assert_eq!(ledger.try_acquire(Class::Listings, 1).unwrap_err().why, Why::TooLarge);
    assert!(ledger.try_acquire(Class::Listings, 0).is_ok());
}

#[test]
fn leases_split_merge_grow_and_shrink_without_loss() {
    let ledger = reads(100);
    let mut lease = ledger.try_acquire(Class::Reads, 50).unwrap();
    let part = lease.split(20).unwrap();
    assert_eq!((lease.bytes(), part.bytes()), (30, 20));
    assert!(lease.split(31).is_none());
    lease.merge(part).unwrap();
    lease.try_grow(50).unwrap();
    assert_eq!(lease.try_grow(1).unwrap_err().why, Why::Full);
    lease.shrink_to(10);
    lease.shrink_to(1000);
    assert_eq!((lease.bytes(), ledger.usage(Class::Reads).in_use), (10, 10));
    let foreign = reads(5).try_acquire(Class::Reads, 5).unwrap();
    assert_eq!(lease.merge(foreign).unwrap_err().bytes(), 5);
    drop(lease);
    assert!(ledger.idle());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_served_when_its_bytes_come_back() {
    let ledger = reads(100);
    let held = ledger.try_acquire(Class::Reads, 100).unwrap();
    let waiter = tokio::spawn(ledger.acquire(Class::Reads, 100, PATIENCE));
    tokio::task::yield_now().await;
    time::advance(Duration::from_secs(2)).await;
    assert_eq!(ledger.usage(Class::Reads).waiting, 1);
    drop(held);
    assert_eq!(waiter.await.unwrap().unwrap().bytes(), 100);
    let usage = ledger.usage(Class::Reads);
    assert_eq!((usage.waiting, usage.in_use, usage.waited), (0, 0, Duration::from_secs(2)));
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_leaves_nothing_behind() {
    let ledger = reads(10);
    let held = ledger.try_acquire(Class::Reads, 10).unwrap();
    let start = Instant::now();
    let refused = ledger.acquire(Class::Reads, 1, PATIENCE).await.unwrap_err();
    assert_eq!((refused.why, start.elapsed()), (Why::TimedOut, PATIENCE));
    let usage = ledger.usage(Class::Reads);
    assert_eq!((usage.waiting, usage.refused_total, usage.waited), (0, 1, PATIENCE));
    drop(held);
    assert!(ledger.idle());
}

#[tokio::test]
async fn no_patience_needs_no_timer_and_no_queue() {
    let ledger = reads(10);
    let _held = ledger.try_acquire(Class::Reads, 10).unwrap();
    assert_eq!(ledger.acquire(Class::Reads, 1, Duration::ZERO).await.unwrap_err().why, Why::Full);
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_a_length() {
    let ledger = Ledger::with_queue([(Class::Reads, ByteSize::b(10))], 1);
    let _held = ledger.try_acquire(Class::Reads, 10).unwrap();
    let _first = tokio::spawn(ledger.acquire(Class::Reads, 1, PATIENCE));
    tokio::task::yield_now().await;
    assert_eq!(ledger.acquire(Class::Reads, 1, PATIENCE).await.unwrap_err().why, Why::QueueFull);
    assert_eq!(ledger.saturated(), Some(Class::Reads));
}

#[tokio::test(start_paused = true)]
async fn a_first_waiter_that_is_stuck_saturates_the_ledger() {
    let ledger = reads(10);
    let held = ledger.try_acquire(Class::Reads, 10).unwrap();
    let waiter = tokio::spawn(ledger.acquire(Class::Reads, 1, PATIENCE));
    tokio::task::yield_now().await;
    assert_eq!(ledger.saturated(), None);
    time::advance(Duration::from_millis(1001)).await;
    assert_eq!(ledger.saturated(), Some(Class::Reads));
    drop(held);
    drop(waiter.await);
    assert_eq!(ledger.saturated(), None);
}

/// Polls once with a waker that does nothing.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut cx) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn small_requests_do_not_overtake_a_large_one() {
    let ledger = reads(100);
    let mut held: Vec<_> = (0..10).map(|_| ledger.try_acquire(Class::Reads, 10).unwrap()).collect();
    let mut large = pin!(ledger.acquire(Class::Reads, 100, PATIENCE));
    assert!(poll_once(large.as_mut()).is_none());
    let mut small = pin!(ledger.acquire(Class::Reads, 1, PATIENCE));
    assert!(poll_once(small.as_mut()).is_none());
    while held.pop().is_some() {
        assert_eq!(ledger.try_acquire(Class::Reads, 1).unwrap_err().why, Why::Full);
        assert!(poll_once(small.as_mut()).is_none());
    }
    let large = poll_once(large.as_mut()).unwrap().unwrap();
    assert_eq!(large.bytes(), 100);
    drop(large);
    assert!(poll_once(small.as_mut()).unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_lets_those_behind_it_pass() {
    let ledger = reads(100);
    let _held = ledger.try_acquire(Class::Reads, 50).unwrap();
    let mut large = Box::pin(ledger.acquire(Class::Reads, 100, PATIENCE));
    assert!(poll_once(large.as_mut()).is_none());
    let mut small = pin!(ledger.acquire(Class::Reads, 50, PATIENCE));
    assert!(poll_once(small.as_mut()).is_none());
    drop(large);
    assert!(poll_once(small.as_mut()).unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_nobody_collects_goes_back() {
    let ledger = reads(100);
    let held = ledger.try_acquire(Class::Reads, 100).unwrap();
    let mut granted = Box::pin(ledger.acquire(Class::Reads, 100, PATIENCE));
    assert!(poll_once(granted.as_mut()).is_none());
    let mut behind = pin!(ledger.acquire(Class::Reads, 100, PATIENCE));
    assert!(poll_once(behind.as_mut()).is_none());
    drop(held);
    assert_eq!(ledger.usage(Class::Reads).in_use, 100);
    drop(granted);
    assert!(poll_once(behind.as_mut()).unwrap().is_ok());
    assert!(ledger.idle());
}

#[test]
fn threads_wait_too() {
    let ledger = reads(10);
    let held = ledger.try_acquire(Class::Reads, 10).unwrap();
    let other = ledger.clone();
    let waiter = thread::spawn(move || other.acquire_blocking(Class::Reads, 10, Duration::from_secs(60)));
    while ledger.usage(Class::Reads).waiting == 0 {
        thread::yield_now();
    }
    drop(held);
    assert_eq!(waiter.join().unwrap().unwrap().bytes(), 10);
    let _held = ledger.try_acquire(Class::Reads, 10).unwrap();
    let refused = ledger.acquire_blocking(Class::Reads, 1, Duration::from_millis(1)).unwrap_err();
    assert_eq!(refused.why, Why::TimedOut);
}

#[test]
fn many_threads_never_pass_the_capacity_and_return_everything() {
    let ledger = Arc::new(reads(100));
    let workers: Vec<_> = (1..=8_u64)
        .map(|seed| {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || {
                for round in 0..2_000 {
                    let bytes = (seed * 31 + round * 17) % 60;
                    let lease =
                        ledger.acquire_blocking(Class::Reads, bytes, Duration::from_secs(60)).unwrap();
                    assert!(ledger.usage(Class::Reads).in_use <= 100);
                    drop(lease);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let usage = ledger.usage(Class::Reads);
    assert_eq!((usage.in_use, usage.waiting, usage.granted_total), (0, 0, 16_000));
    assert!(usage.peak <= 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_come_wait_and_go_leave_nothing_behind() {
    let ledger = reads(100);
    let tasks: Vec<_> = (0..400_u64)
        .map(|n| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for round in 0..20 {
                    let bytes = (n * 7 + round * 13) % 100;
                    let patience = Duration::from_micros((n * round) % 50);
                    let lease = ledger.acquire(Class::Reads, bytes, patience).await;
                    tokio::task::yield_now().await;
                    drop(lease);
                }
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        if n % 3 == 0 {
            task.abort();
        }
        drop(task.await);
    }
    assert!(ledger.idle(), "{ledger:?}");
    assert_eq!(ledger.usage(Class::Reads).waiting, 0);
}
