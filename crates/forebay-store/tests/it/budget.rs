//! Everything that is held is paid for, and everything comes back.

use std::sync::Arc;
use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use forebay_store::{
    ByteRange, Content, LIMIT_MAX, ListAsk, LocalOptions, PAGE_BYTES, PageBudget, SCAN_BYTES, Sandbox, Store,
    StoreErrorKind,
};
use futures_util::FutureExt;

use crate::bench::{Bench, fetch, idle, key, list_error, open, read};

const LARGE: usize = 100_000;

/// A runtime with one thread for what blocks: whoever takes it holds up all others.
fn one_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap()
}

fn bench(small_files: ByteSize, listings: ByteSize, fds: u64) -> Bench {
    let ledger = Ledger::new([(Class::SmallFiles, small_files), (Class::Listings, listings)]);
    Bench::with(ledger, FdLedger::new(fds))
}

#[tokio::test(start_paused = true)]
async fn a_span_keeps_its_descriptor_paid_after_object_and_cache_have_let_go() {
    let bench = Bench::new();
    bench.put("large", vec![7; LARGE]);
    let store = bench.store();
    let object = open(&store, "large").await.unwrap();
    let content = object.read(ByteRange::new(5, 10).unwrap()).unwrap();
    drop((object, store));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(bench.fds.usage().in_use, 1);
    assert_eq!(crate::bench::bytes(&content).await, [7; 5]);
    drop(content);
    idle(&bench).await;
}

#[tokio::test(start_paused = true)]
async fn a_small_file_holds_no_descriptor_but_its_bytes_until_the_last_slice() {
    let bench = Bench::new();
    bench.put("small", vec![7; 10_000]);
    for store in bench.both() {
        let object = open(&store, "small").await.unwrap();
        assert_eq!(bench.fds.usage().in_use, 0);
        let Content::Bytes(slice) = object.read(ByteRange::new(1, 3).unwrap()).unwrap() else {
            panic!("{object:?}")
        };
        drop((object, store));
        tokio::time::advance(Duration::from_secs(5)).await;
        let held = bench.ledger.usage(Class::SmallFiles).in_use;
        assert!((10_000..11_000).contains(&held), "{held}");
        drop(slice);
        idle(&bench).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_memory_small_files_are_served_from_their_descriptor_and_nothing_is_kept() {
    let bench = bench(ByteSize::b(0), ByteSize::mib(1), 8);
    bench.put("small", "bytes");
    for store in bench.both() {
        let object = open(&store, "small").await.unwrap();
        assert_eq!((read(&object).await, bench.fds.usage().in_use), (b"bytes".to_vec(), 1));
        assert_eq!(store.recent(), 0);
        drop(object);
        assert!(bench.fds.idle() && bench.ledger.idle());
    }
}

#[tokio::test(start_paused = true)]
async fn when_descriptors_run_out_the_cache_gives_its_own_back_first() {
    let bench = bench(ByteSize::mib(1), ByteSize::mib(1), 4);
    for index in 0..20 {
        bench.put(&format!("{index}"), vec![0; LARGE]);
    }
    let store = bench.store();
    let before = tokio::time::Instant::now();
    for index in 0..20 {
        assert_eq!(open(&store, format!("{index}")).await.unwrap().meta().len, LARGE as u64);
        assert!(bench.fds.usage().in_use <= 4);
    }
    assert!(store.recent() > 0, "something is kept while there is room");
    assert!(before.elapsed() < Duration::from_secs(1), "nobody waited");
}

#[tokio::test(start_paused = true)]
async fn without_a_descriptor_an_open_waits_shortly_and_is_then_unavailable() {
    let bench = bench(ByteSize::mib(1), ByteSize::mib(1), 2);
    for name in ["a", "b", "c"] {
        bench.put(name, vec![0; LARGE]);
    }
    for store in bench.both() {
        let taken = bench.fds.try_acquire(2).unwrap();
        let before = tokio::time::Instant::now();
        assert_eq!(open(&store, "a").await.unwrap_err(), StoreErrorKind::Unavailable);
        assert_eq!(before.elapsed().as_secs(), 2);
        drop(taken);
        assert_eq!(read(&open(&store, "a").await.unwrap()).await.len(), LARGE);
    }
    idle(&bench).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_an_object_waits_for_nothing_that_others_hold() {
    let bench = bench(ByteSize::mib(1), ByteSize::mib(1), 3);
    for name in ["a", "b"] {
        bench.put(name, vec![0; LARGE]);
    }
    for store in bench.both() {
        let held = open(&store, "a").await.unwrap();
        let rest = bench.fds.try_acquire(bench.fds.usage().free()).unwrap();
        let before = tokio::time::Instant::now();
        let refused = store.try_open(&key("b")).await.unwrap_err();
        assert_eq!((refused.kind(), before.elapsed()), (StoreErrorKind::Unavailable, Duration::ZERO));
        drop(rest);
        let second = store.try_open(&key("b")).await.unwrap();
        assert_eq!((read(&second).await.len(), read(&held).await.len()), (LARGE, LARGE));
    }
    idle(&bench).await;
}

#[test]
fn whoever_holds_an_object_does_not_queue_for_the_disk() {
    let bench = Bench::new();
    bench.put("a", "x");
    let options = LocalOptions { openers_max: 1, sandbox: Sandbox::Stepwise, ..bench.options() };
    let store = bench.store_with(options);
    one_thread().block_on(async {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let thread = tokio::task::spawn_blocking(move || wait.recv());
        let (a, missing) = (key("a"), key("missing"));
        // Its turn is taken with the first poll, and it cannot go on.
        let mut first = Box::pin(store.open(&missing));
        assert!(first.as_mut().now_or_never().is_none());
        let refused = store.try_open(&a).now_or_never().expect("no wait").unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
        go.send(()).unwrap();
        thread.await.unwrap().unwrap();
        assert_eq!(first.await.unwrap_err().kind(), StoreErrorKind::NotFound);
        assert_eq!(read(&store.try_open(&a).await.unwrap()).await, b"x");
    });
}

#[tokio::test(start_paused = true)]
async fn a_waiting_open_goes_on_when_a_descriptor_comes_back() {
    let bench = bench(ByteSize::mib(1), ByteSize::mib(1), 1);
    bench.put("a", vec![0; LARGE]);
    let store = bench.store();
    let taken = bench.fds.try_acquire(1).unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(taken);
    };
    let (opened, ()) = tokio::join!(open(&store, "a"), release);
    assert!(opened.is_ok());
}

/// 200,000 entries would take a minute to create here; the peak is the same for any number beyond a page.
#[tokio::test(start_paused = true)]
async fn a_page_of_a_huge_directory_costs_what_one_of_a_small_one_may_cost() {
    let bench = Bench::new();
    for index in 0..5000 {
        bench.put(&format!("dir/{index:0>100}"), "");
    }
    bench.put("few/entry", "");
    let store = bench.store();
    let ask = ListAsk { limit: LIMIT_MAX, ..ListAsk::default() };
    let page = store.list(&key("few"), &ask).await.unwrap();
    assert!(bench.ledger.usage(Class::Listings).in_use < 500, "a page is shrunk to what it holds");
    drop(page);
    let peak = bench.ledger.usage(Class::Listings).peak;
    assert_eq!(peak, PAGE_BYTES + SCAN_BYTES);

    let page = store.list(&key("dir"), &ask).await.unwrap();
    let cost = page.entries.cost();
    assert!(page.entries.len() > 300 && page.next.is_some() && cost <= PAGE_BYTES);
    assert_eq!(bench.ledger.usage(Class::Listings).in_use, cost);
    assert_eq!(bench.ledger.usage(Class::Listings).peak, peak);
    drop(page);
    idle(&bench).await;
}

#[tokio::test(start_paused = true)]
async fn without_memory_for_a_page_a_listing_waits_shortly_and_is_then_unavailable() {
    let bench = bench(ByteSize::mib(1), ByteSize::kib(400), 8);
    bench.put("a", "");
    let store = bench.store();
    let taken = bench.ledger.try_acquire(Class::Listings, 300 << 10).unwrap();
    let ask = ListAsk { limit: LIMIT_MAX, ..ListAsk::default() };
    assert_eq!(list_error(&store, "", ask.clone()).await, StoreErrorKind::Unavailable);
    drop(taken);
    assert_eq!(store.list(&key(""), &ask).await.unwrap().entries.len(), 1);
    idle(&bench).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_early_leaves_nothing_held() {
    let bench = Bench::new();
    bench.put("dir/small", "x");
    bench.put("dir/large", vec![0; LARGE]);
    for store in bench.both() {
        for _ in 0..50 {
            let (large, dir) = (key("dir/large"), key("dir"));
            drop(store.open(&large).now_or_never());
            drop(store.list(&dir, &ListAsk { limit: 5, ..ListAsk::default() }).now_or_never());
        }
        idle(&bench).await;
    }
}

/// The client leaves while its page waits for a thread.
#[test]
fn a_page_that_nobody_waits_for_any_more_is_paid_until_it_is_made() {
    let bench = Bench::new();
    bench.put("dir/small", "x");
    one_thread().block_on(async {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let thread = tokio::task::spawn_blocking(move || wait.recv());
        let cost = PAGE_BYTES + SCAN_BYTES;
        let lease = Arc::new(bench.ledger.try_acquire(Class::Listings, cost).unwrap());
        let (store, dir) = (bench.store(), key("dir"));
        let budget = PageBudget::Prepaid { bytes: PAGE_BYTES, lease };
        let ask = ListAsk { limit: 5, budget, ..ListAsk::default() };
        drop(store.list(&dir, &ask).now_or_never());
        drop(ask);
        assert_eq!(bench.ledger.usage(Class::Listings).in_use, cost, "the job is still to run");
        go.send(()).unwrap();
        thread.await.unwrap().unwrap();
        idle(&bench).await;
    });
}

#[tokio::test(start_paused = true)]
async fn many_opens_and_listings_at_once_stay_within_the_ledger() {
    let bench = bench(ByteSize::kib(64), ByteSize::kib(700), 12);
    for index in 0..40 {
        bench.put(&format!("d/{index}"), vec![index; usize::from(index) * 4000]);
    }
    for store in bench.both() {
        let opens = (0..40u8).map(|index| {
            let store = store.clone();
            async move {
                assert_eq!(
                    fetch(&store, format!("d/{index}")).await.unwrap().len(),
                    usize::from(index) * 4000
                )
            }
        });
        let lists = (0..40).map(|_| async {
            let ask = ListAsk { limit: LIMIT_MAX, ..ListAsk::default() };
            assert_eq!(store.list(&key("d"), &ask).await.unwrap().entries.len(), 40);
        });
        tokio::join!(futures_util::future::join_all(opens), futures_util::future::join_all(lists));
        idle(&bench).await;
    }
    let usage = bench.fds.usage();
    assert!(usage.peak <= usage.capacity);
}

#[tokio::test(start_paused = true)]
async fn no_descriptor_is_open_that_is_not_paid() {
    let bench = Bench::new();
    for index in 0..30 {
        bench.put(&format!("d/{index}"), vec![0; LARGE]);
    }
    let store = bench.store_with(LocalOptions { recent_max: 16, ..bench.options() });
    let open_files = || {
        let fds = std::fs::read_dir("/proc/self/fd").unwrap();
        let targets = fds.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
        targets.filter(|target| target.starts_with(bench.root())).count() as u64
    };
    for round in 0..3 {
        for index in 0..30 {
            assert_eq!(fetch(&store, format!("d/{index}")).await.unwrap().len(), LARGE, "{round}");
        }
        // One more: the root itself.
        assert_eq!(open_files(), bench.fds.usage().in_use + 1);
    }
    idle(&bench).await;
    assert_eq!(open_files(), 1);
}

/// Many workers, few descriptors, little memory, and files that are replaced all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_storm_every_object_is_one_version_and_everything_comes_back() {
    let bench = bench(ByteSize::kib(40), ByteSize::mib(1), 6);
    let lens = [100, 9000, 70_000];
    let replace = |index: usize, version: u8| {
        let temp = bench.top().join("outside/new");
        std::fs::write(&temp, vec![version; lens[index % 3]]).unwrap();
        std::fs::rename(temp, bench.root().join(format!("{index}"))).unwrap();
    };
    (0..9).for_each(|index| replace(index, 0));
    for store in bench.both() {
        let workers: Vec<_> = (0..8usize)
            .map(|worker| {
                let store = store.clone();
                tokio::spawn(async move {
                    for round in 0..200 {
                        let index = (worker * 7 + round * 5) % 9;
                        let bytes = fetch(&store, format!("{index}")).await.unwrap();
                        assert_eq!(bytes.len(), lens[index % 3]);
                        assert!(bytes.iter().all(|byte| *byte == bytes[0]), "two versions in one object");
                    }
                })
            })
            .collect();
        for version in 1..100 {
            (0..9).for_each(|index| replace(index, version));
            tokio::task::yield_now().await;
        }
        for worker in workers {
            worker.await.unwrap();
        }
    }
    idle(&bench).await;
    assert!(bench.fds.usage().peak <= 6);
}
