//! What a listing of a directory on disk shows beyond the contract.

use std::fs::{File, FileTimes};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use forebay_budget::Class;
use forebay_store::{Direction, Kind, ListAsk, Order, PageBudget, SCAN_BYTES, SortBy, Store};
use proptest::prelude::*;

use crate::bench::{Bench, key, names, open, runtime};

#[tokio::test(start_paused = true)]
async fn a_link_is_listed_as_what_it_leads_to() {
    let bench = Bench::new();
    bench.put("z/file", "12345");
    bench.link("dir", "z");
    bench.link("file", "z/file");
    for store in bench.both() {
        let page = store.list(&key(""), &ListAsk { limit: 9, ..ListAsk::default() }).await.unwrap();
        let seen: Vec<_> =
            page.entries.iter().map(|entry| (entry.name[0], entry.kind, entry.linked, entry.len)).collect();
        let expected = [
            (b'd', Kind::Directory, true, 0),
            (b'f', Kind::File, true, 5),
            (b'z', Kind::Directory, false, 0),
        ];
        assert_eq!(seen[..], expected[..], "{store:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn times_before_1970_and_far_ahead_are_in_order() {
    let bench = Bench::new();
    let day = Duration::from_secs(86_400);
    let epoch = SystemTime::UNIX_EPOCH;
    for (name, time) in [
        ("old", epoch - day * 365),
        ("epoch", epoch),
        ("now", epoch + day * 20_000),
        ("far", epoch + day * 80_000),
    ] {
        bench.put(name, "");
        let times = FileTimes::new().set_modified(time);
        File::options().write(true).open(bench.root().join(name)).unwrap().set_times(times).unwrap();
    }
    let store = bench.store();
    let order = Order { by: SortBy::Modified, ..Order::default() };
    assert_eq!(names(&store, "", order, 1).await, ["old", "epoch", "now", "far"]);
    let order = Order { direction: Direction::Descending, ..order };
    assert_eq!(names(&store, "", order, 3).await, ["far", "now", "epoch", "old"]);
    assert_eq!(open(&store, "old").await.unwrap().meta().modified, Some(epoch - day * 365));
}

#[tokio::test(start_paused = true)]
async fn pages_bounded_by_bytes_join_to_the_whole() {
    let bench = Bench::new();
    for index in 0..300 {
        bench.put(&format!("{}{index}", "n".repeat(index % 200)), "");
    }
    let store = bench.store();
    let whole = names(&store, "", Order::default(), 1000).await;
    let lease = Arc::new(bench.ledger.try_acquire(Class::Listings, SCAN_BYTES + 20_000).unwrap());
    for bytes in [1, 3000, 20_000] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let budget = PageBudget::Prepaid { bytes, lease: Arc::clone(&lease) };
            let ask = ListAsk { after, limit: 1000, order: Order::default(), budget };
            let page = store.list(&key(""), &ask).await.unwrap();
            let cost = page.entries.cost();
            assert!(cost <= bytes || page.entries.len() == 1);
            seen.extend(page.entries.iter().map(|entry| entry.name.escape_ascii().to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, whole, "{bytes}");
    }
}

#[test]
fn entries_that_come_and_go_during_a_scan_are_no_error() {
    let bench = Bench::new();
    for index in 0..300 {
        bench.put(&format!("stays{index:03}"), "");
    }
    let stop = AtomicBool::new(false);
    let root = bench.root();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for index in 0..50 {
                    std::fs::write(root.join(format!("goes{index}")), "").unwrap();
                }
                for index in 0..50 {
                    std::fs::remove_file(root.join(format!("goes{index}"))).unwrap();
                }
            }
        });
        runtime().block_on(async {
            for store in bench.both() {
                for by in [SortBy::Name, SortBy::Size, SortBy::Modified] {
                    for _ in 0..15 {
                        let names = names(&store, "", Order { by, ..Order::default() }, 64).await;
                        let stays = names.iter().filter(|name| name.starts_with("stays")).count();
                        assert_eq!(stays, 300, "{by:?}");
                    }
                }
            }
        });
        stop.store(true, Ordering::Relaxed);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_names_in_any_page_size_are_listed_once(
        files in prop::collection::btree_set("[a-zA-Z0-9 é中%]{1,12}", 0..40), limit in 1usize..50,
    ) {
        let bench = Bench::new();
        for name in &files {
            bench.put(name, name);
        }
        let store = bench.store();
        let listed = runtime().block_on(names(&store, "", Order::default(), limit));
        let expected: Vec<_> = files.iter().map(|name| name.as_bytes().escape_ascii().to_string()).collect();
        prop_assert_eq!(listed, expected);
    }
}
