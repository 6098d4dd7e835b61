//! Buffers are paid for from the first byte to the last slice.

use std::time::Duration;

use forebay_budget::{BufferPool, ByteSize, Class, Ledger};

fn ledger() -> Ledger {
    Ledger::new([(Class::Reads, ByteSize::kib(4)), (Class::IdleBuffers, ByteSize::kib(1))])
}

#[test]
fn frozen_bytes_hold_the_lease_until_the_last_slice_is_gone() {
    let ledger = ledger();
    let pool = BufferPool::new(ledger.clone(), Class::Reads, ByteSize::kib(1), 8);
    let mut buffer = pool.try_get().unwrap();
    buffer[..5].copy_from_slice(b"water");
    let bytes = buffer.freeze(5);
    let slice = bytes.slice(1..3);
    drop(bytes);
    assert_eq!((&slice[..], ledger.usage(Class::Reads).in_use), (&b"at"[..], 1024));
    drop(slice);
    assert_eq!(ledger.usage(Class::Reads).in_use, 0);
    assert!(ledger.idle());
}

#[test]
fn the_pool_keeps_what_the_plan_pays_for_and_no_more() {
    let ledger = ledger();
    let pool = BufferPool::new(ledger.clone(), Class::Reads, ByteSize::kib(1), 8);
    let buffers: Vec<_> = (0..4).map(|_| pool.try_get().unwrap()).collect();
    assert!(pool.try_get().is_err());
    drop(buffers);
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (1, 1024));
    let again = pool.try_get().unwrap();
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (0, 0));
    drop((again, pool));
    assert_eq!(ledger.usage(Class::IdleBuffers).in_use, 0);
}

#[test]
fn an_empty_freeze_pins_nothing() {
    let ledger = ledger();
    let pool = BufferPool::new(ledger.clone(), Class::Reads, ByteSize::kib(1), 0);
    let empty = pool.try_get().unwrap().freeze(0);
    assert!(empty.is_empty() && ledger.idle());
    assert_eq!(pool.try_get().unwrap().freeze(usize::MAX).len(), 1024);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_can_be_waited_for() {
    let ledger = ledger();
    let pool = BufferPool::new(ledger.clone(), Class::Reads, ByteSize::kib(4), 1);
    let first = pool.try_get().unwrap();
    assert!(pool.get(Duration::from_secs(1)).await.is_err());
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get(Duration::from_secs(1)).await.map(|buffer| buffer.len()) }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert_eq!(waiting.await.unwrap().unwrap(), 4096);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_that_nobody_wants_goes_back_to_the_allocator() {
    let ledger = Ledger::new([(Class::Reads, ByteSize::kib(4)), (Class::IdleBuffers, ByteSize::kib(4))]);
    let pool = BufferPool::new(ledger.clone(), Class::Reads, ByteSize::kib(1), 8);
    drop((pool.try_get().unwrap(), pool.try_get().unwrap(), pool.try_get().unwrap()));
    assert_eq!(pool.stats().kept, 3);
    tokio::time::advance(Duration::from_secs(31)).await;
    // In use, it forgets the oldest as it goes.
    drop(pool.try_get().unwrap());
    let stats = pool.stats();
    assert_eq!((stats.kept, stats.allocated_total, stats.reused_total), (2, 3, 1));
    pool.trim(Duration::from_secs(30));
    assert_eq!(pool.stats().kept, 1);
    pool.trim(Duration::ZERO);
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (0, 0));
}
