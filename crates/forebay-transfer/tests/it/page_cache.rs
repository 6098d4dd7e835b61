//! What transfers leave of the page cache.

use forebay_budget::ByteSize;
use forebay_testkit::notice;
use forebay_transfer::{GetOptions, PageCache, PutOptions};

use crate::put::place;
use crate::world::{World, in_memory, pieces};

const LEN: u64 = 70 << 20;

/// Ways to say it, and whether pages stay.
fn ways() -> [(PageCache, bool); 4] {
    let (less, all) = (ByteSize::b(LEN - 1), ByteSize::b(LEN));
    [
        (PageCache::Kept, true),
        (PageCache::LetGoBeyond(all), true),
        (PageCache::LetGoBeyond(less), false),
        (PageCache::LetGo, false),
    ]
}

fn check(path: &std::path::Path, page_cache: PageCache, stays: bool) {
    match in_memory(&std::fs::File::open(path).unwrap()) {
        Some(found) => assert_eq!(found > 0, stays, "{page_cache:?}: {found} of 17"),
        None => notice::skipped("this file system does not tell what is in memory"),
    }
}

#[tokio::test]
async fn pages_that_were_written_are_let_go_where_that_is_wanted() {
    for (page_cache, stays) in ways() {
        let world = World::with(LEN);
        let options = GetOptions { page_cache, part_size: Some(ByteSize::mib(4)), ..pieces() };
        world.get_with(&options).await.unwrap();
        check(&world.path(), page_cache, stays);
        world.assert_whole(LEN);
    }
}

#[tokio::test]
async fn pages_that_were_read_are_let_go_where_that_is_wanted() {
    for (page_cache, stays) in ways() {
        let place = place().await;
        let path = place.file(LEN);
        std::fs::File::open(&path).unwrap().sync_all().unwrap();
        place.again(&path, &PutOptions { page_cache, ..PutOptions::default() }).await.unwrap();
        check(&path, page_cache, stays);
        place.assert_whole(LEN);
    }
}
