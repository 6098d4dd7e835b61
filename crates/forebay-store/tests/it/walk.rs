//! Walks of trees on disk: bounded by depth, and never through a link to a directory.

use forebay_budget::{Class, Lease};
use forebay_store::{DEPTH_MAX, StoreErrorKind, Walk};

use crate::bench::{Bench, idle, key, shared};

fn lease(bench: &Bench) -> Lease {
    bench.ledger.try_acquire(Class::Archives, Walk::COST).unwrap()
}

async fn paths(bench: &Bench) -> Result<Vec<String>, StoreErrorKind> {
    let mut walk = Walk::new(shared(&bench.store()), key(""), lease(bench)).unwrap();
    let mut paths = Vec::new();
    while let Some(step) = walk.next().await.map_err(|error| error.kind())? {
        paths.push(step.path().escape_ascii().to_string());
    }
    Ok(paths)
}

#[tokio::test(start_paused = true)]
async fn links_to_files_are_walked_and_links_to_directories_are_not_entered() {
    let bench = Bench::new();
    bench.put("dir/file", "x");
    bench.link("dir/circle", "..");
    bench.link("file", "dir/file");
    bench.link("outside", "../outside");
    assert_eq!(paths(&bench).await.unwrap(), ["dir", "dir/file", "file"]);
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_too_deep_is_an_error_and_not_a_smaller_archive() {
    let bench = Bench::new();
    let depth = |n: usize| vec!["d"; n].join("/");
    bench.put(&format!("{}/file", depth(DEPTH_MAX)), "x");
    assert_eq!(paths(&bench).await.unwrap().len(), DEPTH_MAX + 1);
    bench.put(&format!("{}/file", depth(DEPTH_MAX + 1)), "x");
    assert_eq!(paths(&bench).await, Err(StoreErrorKind::Invalid));
}

#[tokio::test(start_paused = true)]
async fn a_large_directory_is_walked_in_pages_from_the_lease_alone() {
    let bench = Bench::new();
    for index in 0..3000 {
        bench.put(&format!("a/b/{index:05}"), "");
    }
    let found = paths(&bench).await.unwrap();
    assert_eq!(found.len(), 3002);
    assert!(found[2..].is_sorted());
    assert_eq!(bench.ledger.usage(Class::Listings).peak, 0, "the walk was paid at its start");
    assert_eq!(bench.ledger.usage(Class::Archives).peak, Walk::COST);
    idle(&bench).await;
}

#[tokio::test(start_paused = true)]
async fn a_walk_needs_its_whole_lease_at_the_start() {
    let bench = Bench::new();
    let mut short = lease(&bench);
    short.shrink_to(Walk::COST - 1);
    let error = Walk::new(shared(&bench.store()), key(""), short).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
}
