//! How stale an answer can be, what a tag promises, and that a hit costs nothing that blocks.

use std::collections::HashMap;
use std::fs::{File, FileTimes};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_store::{LocalOptions, Store, StoreErrorKind, Strength, Validator};

use crate::bench::{Bench, a_second_later, fetch, idle, key, open, read, runtime};

async fn tag(bench: &Bench, settle: Duration) -> Validator {
    let store = bench.store_with(LocalOptions { settle, ..bench.options() });
    open(&store, "file").await.unwrap().meta().validator.clone().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_second_open_is_answered_at_once() {
    let bench = Bench::new();
    bench.put("small", "x");
    bench.put("large", vec![1; 100_000]);
    for store in bench.both() {
        for path in ["small", "large", "missing", ""] {
            drop(open(&store, path).await);
            assert!(store.open(&key(path)).is_now(), "{path} by {store:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_in_memory_is_opened_on_the_worker_the_first_time() {
    let bench = Bench::new();
    bench.put("large", vec![1; 100_000]);
    let store = bench.store_with(LocalOptions { recent_max: 0, ..bench.options() });
    drop(open(&store, "large").await);
    assert!(store.open(&key("large")).is_now(), "its name is in the kernel's memory");
}

/// Our own walk cannot tell what is in memory, so its misses always leave the worker.
#[tokio::test(start_paused = true)]
async fn what_might_block_is_opened_on_the_blocking_pool() {
    let bench = Bench::new();
    bench.put("small", "x");
    let [_, stepwise] = bench.both();
    let (small, missing) = (key("small"), key("missing"));
    assert!(!stepwise.open(&small).is_now() && !stepwise.open(&missing).is_now());
    assert_eq!(fetch(&stepwise, "small").await.unwrap(), b"x");
    assert!(stepwise.open(&small).is_now());
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_at_most_a_second_old() {
    let bench = Bench::new();
    bench.put("file", "old");
    // More than a second is cut to one.
    let store = bench.store_with(LocalOptions { recent_age: Duration::from_secs(60), ..bench.options() });
    assert_eq!(fetch(&store, "file").await.unwrap(), b"old");
    assert_eq!(fetch(&store, "new").await, Err(StoreErrorKind::NotFound));
    bench.put("file", "newer");
    bench.put("new", "here");
    tokio::time::advance(Duration::from_millis(999)).await;
    assert_eq!(fetch(&store, "file").await.unwrap(), b"old");
    assert_eq!(fetch(&store, "new").await, Err(StoreErrorKind::NotFound));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(fetch(&store, "file").await.unwrap(), b"newer");
    assert_eq!(fetch(&store, "new").await.unwrap(), b"here");
}

/// The bytes of a kept descriptor change under its old tag if nobody asks again.
#[tokio::test(start_paused = true)]
async fn a_large_file_overwritten_in_place_gets_a_new_tag_at_once() {
    let bench = Bench::new();
    bench.put("file", vec![1; 100_000]);
    let store = bench.store();
    let before = open(&store, "file").await.unwrap();
    File::options().write(true).open(bench.root().join("file")).unwrap().write_all_at(&[2; 9], 50).unwrap();
    let after = open(&store, "file").await.unwrap();
    assert!(read(&after).await[50..59] == [2; 9]);
    let [before, after] = [before, after].map(|object| object.meta().validator.clone().unwrap());
    assert!(!before.weak_eq(&after));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_has_just_changed_has_a_weak_tag_and_the_same_one_later() {
    let bench = Bench::new();
    bench.put("file", "x");
    let young = tag(&bench, Duration::from_secs(3600)).await;
    let settled = tag(&bench, Duration::ZERO).await;
    assert_eq!((young.strength(), settled.strength()), (Strength::Weak, Strength::Strong));
    assert!(young.weak_eq(&settled) && !young.strong_eq(&settled));
}

/// What `cp -p`, `rsync -t` and `touch -r` do: other bytes of the same length, and the old time put back.
#[tokio::test(start_paused = true)]
async fn putting_back_the_modification_time_does_not_put_back_the_tag() {
    let bench = Bench::new();
    bench.put("file", "aaaa");
    let before = tag(&bench, Duration::ZERO).await;
    let file = File::options().write(true).open(bench.root().join("file")).unwrap();
    let times = FileTimes::new().set_modified(file.metadata().unwrap().modified().unwrap());
    file.write_all_at(b"bbbb", 0).unwrap();
    file.set_times(times).unwrap();
    assert!(!before.weak_eq(&tag(&bench, Duration::ZERO).await));
}

#[tokio::test(start_paused = true)]
async fn the_cache_is_bounded_in_entries_and_empties_itself() {
    let bench = Bench::new();
    let store = bench.store_with(LocalOptions { recent_max: 32, ..bench.options() });
    for index in 0..2000 {
        bench.put(&format!("{index}"), "x");
        assert_eq!(fetch(&store, format!("{index}")).await.unwrap(), b"x");
        assert_eq!(fetch(&store, format!("missing{index}")).await, Err(StoreErrorKind::NotFound));
        assert!(store.recent() <= 64, "{}", store.recent());
    }
    assert!(store.recent() > 0);
    idle(&bench).await;
    assert_eq!(store.recent(), 0);
    // And starts again.
    assert_eq!(fetch(&store, "7").await.unwrap(), b"x");
    assert_eq!(store.recent(), 1);
    a_second_later().await;
    idle(&bench).await;
}

#[test]
fn a_runtime_that_ends_leaves_the_cache_to_the_next_one() {
    let bench = Bench::new();
    bench.put("file", "x");
    let store = bench.store();
    for _ in 0..2 {
        let runtime = runtime();
        runtime.block_on(async { assert_eq!(fetch(&store, "file").await.unwrap(), b"x") });
    }
    let runtime = runtime();
    runtime.block_on(async {
        a_second_later().await;
        drop(fetch(&store, "other").await);
        idle(&bench).await;
    });
}

/// A writer that never stops writes two halves, so that whoever reads in between sees both. Under one strong tag there
/// are never two versions, and a file that is being written has a weak one.
#[test]
fn a_file_that_is_being_written_is_never_two_versions_under_one_strong_tag() {
    let bench = Bench::new();
    bench.put("file", vec![0; 4096]);
    let settle = LocalOptions::new(bench.ledger.clone(), bench.fds.clone()).settle;
    let store = bench.store_with(LocalOptions { recent_max: 0, settle, ..bench.options() });
    let file = File::options().write(true).open(bench.root().join("file")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in (0..=u8::MAX).cycle() {
                file.write_all_at(&[round; 2048], 0).unwrap();
                file.write_all_at(&[round; 2048], 2048).unwrap();
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::yield_now();
            }
        });
        let (mut weak, mut strong) = (0, HashMap::<Vec<u8>, Vec<u8>>::new());
        runtime().block_on(async {
            for _ in 0..3000 {
                let object = open(&store, "file").await.unwrap();
                let tag = object.meta().validator.clone().unwrap();
                let bytes = read(&object).await;
                if tag.strength() == Strength::Weak {
                    weak += 1;
                } else if let Some(former) = strong.insert(tag.opaque().to_vec(), bytes.clone()) {
                    assert!(former == bytes, "two versions under one strong tag");
                }
            }
        });
        stop.store(true, Ordering::Relaxed);
        assert!(weak > 1000, "{weak} of 3000 were seen as being written");
    });
}
