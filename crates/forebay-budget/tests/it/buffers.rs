//! Buffers are paid for from the first byte to the last slice, and on the shelf after that.

use std::time::Duration;

use forebay_budget::{BufferPool, ByteSize, Class, Lease, Ledger, PooledBuf};

fn ledger() -> Ledger {
    Ledger::new([(Class::Reads, ByteSize::kib(4)), (Class::IdleBuffers, ByteSize::kib(1))])
}

fn pool(ledger: &Ledger) -> BufferPool {
    BufferPool::new("test", ledger.clone(), ByteSize::kib(1))
}

fn paid(ledger: &Ledger) -> Lease {
    ledger.try_acquire(Class::Reads, 1024).unwrap()
}

#[test]
fn frozen_bytes_hold_the_lease_until_the_last_slice_is_gone() {
    let ledger = ledger();
    let mut buffer = pool(&ledger).take(paid(&ledger));
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
    let pool = pool(&ledger);
    let buffers: Vec<_> = (0..4).map(|_| pool.take(paid(&ledger))).collect();
    drop(buffers);
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (1, 1024));
    let again = pool.take(paid(&ledger));
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (0, 0));
    drop((again, pool));
    assert_eq!(ledger.usage(Class::IdleBuffers).in_use, 0);
}

/// Looks, as it is dropped, at what the shelf holds.
struct Watching(BufferPool, std::sync::Arc<std::sync::Mutex<Option<u64>>>);

impl Drop for Watching {
    fn drop(&mut self) {
        *self.1.lock().unwrap() = Some(self.0.stats().kept);
    }
}

#[test]
fn memory_is_on_the_shelf_before_its_payer_is_let_go() {
    let ledger = ledger();
    let pool = pool(&ledger);
    let seen = std::sync::Arc::default();
    drop(pool.take(Watching(pool.clone(), std::sync::Arc::clone(&seen))));
    assert_eq!(*seen.lock().unwrap(), Some(1));
}

#[test]
fn an_empty_freeze_pins_nothing_and_a_long_one_is_cut() {
    let ledger = ledger();
    let empty = pool(&ledger).take(paid(&ledger)).freeze(0);
    assert!(empty.is_empty() && ledger.idle());
    assert_eq!(pool(&ledger).take(paid(&ledger)).freeze(usize::MAX).len(), 1024);
}

#[test]
fn a_buffer_without_a_pool_is_paid_for_just_so() {
    let ledger = ledger();
    let bytes = PooledBuf::alone(10, paid(&ledger)).freeze(10);
    assert_eq!((bytes.len(), ledger.usage(Class::Reads).in_use), (10, 1024));
    drop(bytes);
    assert!(ledger.idle());
    assert_eq!(ledger.usage(Class::IdleBuffers).in_use, 0);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_that_nobody_wants_goes_back_to_the_allocator() {
    let ledger = Ledger::new([(Class::Reads, ByteSize::kib(4)), (Class::IdleBuffers, ByteSize::kib(4))]);
    let pool = pool(&ledger);
    drop([pool.take(paid(&ledger)), pool.take(paid(&ledger)), pool.take(paid(&ledger))]);
    assert_eq!(pool.stats().kept, 3);
    tokio::time::advance(Duration::from_secs(31)).await;
    // In use, it forgets the oldest as it goes.
    drop(pool.take(paid(&ledger)));
    let stats = pool.stats();
    assert_eq!((stats.kept, stats.allocated_total, stats.reused_total), (2, 3, 1));
    pool.trim(Duration::from_secs(30));
    assert_eq!(pool.stats().kept, 1);
    pool.trim(Duration::ZERO);
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_rests_is_emptied() {
    let ledger = ledger();
    let pool = pool(&ledger);
    drop(pool.take(paid(&ledger)));
    let kept = tokio::time::timeout(Duration::from_secs(61), pool.keep_trimmed()).await;
    assert!(kept.is_err());
    assert_eq!((pool.stats().kept, ledger.usage(Class::IdleBuffers).in_use), (0, 0));
}
