//! Downloads to a file, of objects and from servers of every kind.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, UNIX_EPOCH};

use forebay_store::remote::Pin;
use forebay_testkit::fake::{Fault, Framing, When};
use forebay_testkit::fake_origin::{Page, Ranges};
use forebay_transfer::verify::{Demand, Level};
use forebay_transfer::{Existing, GetOptions, Left, Parents, Source, Space, TransferErrorKind};

use crate::world::{KIB, PATTERN, World, pieces};

#[tokio::test]
async fn an_object_of_any_length_arrives_whole() {
    for len in [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 1000 * KIB + 3] {
        let world = World::with(len);
        let got = world.get().await.unwrap();
        assert_eq!((got.len, got.resumed, got.proof.level), (len, 0, Level::Length), "{len}");
        world.assert_whole(len);
        let seen = world.progress.seen();
        assert_eq!((seen.total, seen.done, seen.moved, seen.objects), (len, len, len, 1));
    }
}

#[tokio::test]
async fn a_small_object_costs_one_request_and_a_large_one_none_too_many() {
    let world = World::with(1000 * KIB);
    world.get_with(&GetOptions::default()).await.unwrap();
    assert_eq!(world.server.seen().len(), 1);
    world.server.forget();
    world.get().await.unwrap();
    assert_eq!(world.server.seen().len(), 16);
}

#[tokio::test]
async fn a_length_that_is_known_needs_no_range() {
    let world = World::with(10);
    let source = Source { pin: Pin { len: Some(10), ..Pin::default() }, ..world.source() };
    world.engine.get_file(&source, &world.path(), &pieces(), &world.progress).await.unwrap();
    assert_eq!(world.server.seen()[0].range(), None);
    world.assert_whole(10);
}

#[tokio::test]
async fn servers_without_ranges_lengths_or_tags_are_read_in_one_go() {
    let len = 300 * KIB;
    let page = || Page::pattern(PATTERN, len);
    for (name, page, level) in [
        ("no ranges", page().ranges(Ranges::Ignored), Level::Length),
        ("no tag and no date", page().without_etag().without_date(), Level::Length),
        ("chunked", page().framing(Framing::Chunked).ranges(Ranges::Ignored), Level::None),
        ("until close", page().framing(Framing::UntilClose).ranges(Ranges::Ignored), Level::None),
    ] {
        let world = World::new();
        world.put(page);
        let got = world.get().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((got.len, got.proof.level), (len, level), "{name}");
        world.assert_whole(len);
    }
}

#[tokio::test]
async fn the_file_has_the_objects_time_and_keeps_the_permissions_of_the_one_it_replaces() {
    let world = World::new();
    let time = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    world.put(Page::pattern(PATTERN, 10).modified(time));
    std::fs::write(world.path(), b"old").unwrap();
    std::fs::set_permissions(world.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    world.get().await.unwrap();
    let found = std::fs::metadata(world.path()).unwrap();
    assert_eq!((found.modified().unwrap(), found.mode() & 0o777), (time, 0o640));
    world.assert_whole(10);
}

#[tokio::test]
async fn targets_that_cannot_be_written_are_refused_before_any_request() {
    let world = World::with(10);
    let dir = world.dir.path();
    std::fs::create_dir(dir.join("folder")).unwrap();
    std::fs::write(dir.join("locked"), b"old").unwrap();
    std::fs::set_permissions(dir.join("locked"), std::fs::Permissions::from_mode(0o444)).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.join("dangling")).unwrap();
    for (path, says) in [
        ("folder", "is a directory: name a file in it"),
        ("locked", "is read-only: change its permissions, or name another file"),
        ("missing/file", "cannot be written: its directory does not exist, make it first"),
        ("dangling", "cannot follow the link"),
        ("locked/file", "cannot"),
    ] {
        let error = world
            .engine
            .get_file(&world.source(), &dir.join(path), &pieces(), &world.progress)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{path}: {error}");
        assert_eq!(error.left(), Left::Nothing);
    }
    assert_eq!(world.server.seen().len(), 0);
    assert_eq!(std::fs::read(dir.join("locked")).unwrap(), b"old");
}

#[tokio::test]
async fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let world = World::with(10);
    std::fs::write(world.dir.path().join("real"), b"old").unwrap();
    std::os::unix::fs::symlink("real", world.path()).unwrap();
    world.get().await.unwrap();
    assert!(std::fs::symlink_metadata(world.path()).unwrap().is_symlink());
    assert_eq!(std::fs::read(world.dir.path().join("real")).unwrap().len(), 10);
}

#[tokio::test]
async fn a_file_that_is_to_be_kept_is_kept_even_if_it_appears_under_way() {
    let world = World::with(200 * KIB);
    let options = GetOptions { existing: Existing::Kept, ..pieces() };
    let path = world.path();
    let appears = move || std::fs::write(&path, b"mine").unwrap();
    world.server.script().push(When::get("/o").after(1), Fault::meanwhile(10, appears));
    for _ in 0..2 {
        let error = world.get_with(&options).await.unwrap_err();
        assert_eq!(error.kind(), TransferErrorKind::Precondition, "{error}");
        assert_eq!(std::fs::read(world.path()).unwrap(), b"mine");
        assert_eq!(world.names(), ["target"]);
    }
}

#[tokio::test]
async fn directories_are_made_where_that_is_wanted_and_zeros_need_no_space() {
    let world = World::new();
    world.put(Page::bytes(vec![0; 3 << 20]));
    let path = world.dir.path().join("a/b/c");
    let options = GetOptions { parents: Parents::Made, space: Space::AsWritten, ..pieces() };
    world.engine.get_file(&world.source(), &path, &options, &world.progress).await.unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().len(), 3 << 20);
}

#[tokio::test]
async fn a_digest_of_the_users_is_checked_and_other_bytes_are_refused() {
    let world = World::with(200 * KIB);
    let sha = forebay_testkit::digest::of_bytes(&PATTERN.bytes(0, 200 << 10));
    let with = |digest: &str| GetOptions { demand: Demand::Digest(digest.parse().unwrap()), ..pieces() };
    let got = world.get_with(&with(&format!("sha256:{sha}"))).await.unwrap();
    assert_eq!(got.proof.level, Level::FullObject);
    let wrong = with("crc64nvme:0123456789abcdef");
    let error = world.get_with(&wrong).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Integrity, Left::Nothing), "{error}");
    world.assert_whole(200 * KIB);
}

#[tokio::test]
async fn a_proof_that_cannot_be_had_is_refused_before_the_bytes_are_fetched() {
    let world = World::with(200 * KIB);
    let error = world.get_with(&GetOptions { demand: Demand::Full, ..pieces() }).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Integrity, Left::Nothing));
    assert_eq!(world.server.seen().len(), 1);
    assert!(world.names().is_empty());
}
