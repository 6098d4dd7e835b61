//! Downloads that break, and what is left of them.

use std::sync::Arc;
use std::time::Duration;

use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::ObjectKey;
use forebay_testkit::fake::{Cut, Fault, Framing, Gate, When};
use forebay_testkit::fake_origin::{Page, Ranges};
use forebay_testkit::fault_proxy::{FaultProxy, Trouble};
use forebay_testkit::pattern::Pattern;
use forebay_transfer::verify::Demand;
use forebay_transfer::{GetOptions, Left, Source, TransferErrorKind};

use crate::world::{KIB, World, pieces};

const LEN: u64 = 500 * KIB;

#[tokio::test]
async fn broken_answers_are_continued_from_their_byte() {
    for (name, fault) in [
        ("reset", Fault::reset_after(30_000)),
        ("short", Fault::short_after(30_000)),
        ("reset at once", Fault::reset_after(0)),
        ("stall", Fault::stall_after(30_000, &Gate::new())),
        ("hang up", Fault::HangUp(Cut::Reset)),
        ("slow down", Fault::slow_down(None)),
        ("internal error", Fault::internal_error()),
        ("ignores the range", Fault::IgnoreRange),
        ("another first byte", Fault::WrongRange { first: 5, last: 0, total: 0 }),
    ] {
        let world = World::with(LEN);
        world.server.script().push(When::get("/o").after(2), fault);
        world.get().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        world.assert_whole(LEN);
        assert_eq!(world.server.script().left(), 0, "{name}");
        let seen = world.progress.seen();
        assert_eq!((seen.done, seen.moved), (LEN, LEN), "{name}: nothing was fetched twice");
    }
}

#[tokio::test]
async fn an_object_that_changes_under_way_is_never_mixed() {
    for after in 0..8 {
        let world = World::with(LEN);
        let other = Page::pattern(Pattern::new(8), LEN).etag("\"v2\"");
        let action = world.server.replacing("/o", other);
        world.server.script().push(When::get("/o").after(after), Fault::Meanwhile { after: 1000, action });
        let ended = world.get().await;
        match ended {
            // Every request had been answered when it changed.
            Ok(_) => world.assert_whole(LEN),
            Err(error) => {
                assert_eq!(
                    (error.kind(), error.left()),
                    (TransferErrorKind::Changed, Left::Nothing),
                    "{error}"
                );
                assert!(world.names().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_failed_download_goes_on_where_it_ended() {
    let world = World::with(LEN);
    // The fifth piece fails for good, after half of it.
    let half = Fault::reset_after(32_000);
    let gone = vec![
        half,
        Fault::internal_error(),
        Fault::internal_error(),
        Fault::internal_error(),
        Fault::internal_error(),
    ];
    world.server.script().push_all(When::get("/o").after(4), gone);
    world.server.script().push(When::get("/o").after(5).always(), Fault::internal_error());
    let error = world.get().await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Unavailable, Left::Resumable), "{error}");
    assert!(error.to_string().contains("run the same command again to go on"), "{error}");
    let moved = world.progress.seen().moved;
    assert!(moved > 0 && moved < LEN);
    assert_eq!(world.names().len(), 2);

    world.server.script().clear();
    let got = world.get().await.unwrap();
    assert_eq!(got.resumed, moved, "nothing that had arrived was fetched again");
    world.assert_whole(LEN);
    assert_eq!(world.progress.seen().moved, LEN);
}

#[tokio::test]
async fn what_an_earlier_run_left_of_another_version_is_not_used() {
    let world = World::with(LEN);
    world.server.script().push(When::get("/o").after(3).always(), Fault::internal_error());
    assert_eq!(world.get().await.unwrap_err().left(), Left::Resumable);
    world.server.script().clear();
    world.put(Page::pattern(crate::world::PATTERN, LEN + 9).etag("\"v3\""));
    let got = world.get().await.unwrap();
    assert_eq!((got.resumed, got.len), (0, LEN + 9));
    world.assert_whole(LEN + 9);
}

#[tokio::test]
async fn a_partial_file_that_is_not_the_journals_own_is_not_used() {
    let world = World::with(LEN);
    world.server.script().push(When::get("/o").after(3).always(), Fault::internal_error());
    world.get().await.unwrap_err();
    world.server.script().clear();
    let part = world.names().into_iter().find(|name| name.ends_with(".part")).unwrap();
    let part = world.dir.path().join(part);
    let copy = part.with_extension("copy");
    std::fs::write(&copy, vec![0; LEN as usize]).unwrap();
    std::fs::rename(copy, part).unwrap();
    assert_eq!(world.get().await.unwrap().resumed, 0);
    world.assert_whole(LEN);
}

#[tokio::test]
async fn a_journal_is_not_believed_of_a_file_that_was_removed_and_made_again() {
    let world = World::with(LEN);
    world.server.script().push(When::get("/o").after(3).always(), Fault::internal_error());
    world.get().await.unwrap_err();
    world.server.script().clear();
    let part = world.names().into_iter().find(|name| name.ends_with(".part")).unwrap();
    std::fs::remove_file(world.dir.path().join(part)).unwrap();
    // Where the file system gives a free inode to the next file, the new one has that of the old.
    assert_eq!(world.get().await.unwrap().resumed, 0);
    world.assert_whole(LEN);
}

#[tokio::test]
async fn a_journal_does_not_outlive_a_download_of_something_else_to_the_same_target() {
    let other = || Page::pattern(Pattern::new(9), LEN).etag("\"p\"");
    for page in [other().ranges(Ranges::Ignored), other().framing(Framing::Chunked).ranges(Ranges::Ignored)] {
        let world = World::with(LEN);
        world.server.script().push(When::get("/o").after(3).always(), Fault::internal_error());
        assert_eq!(world.get().await.unwrap_err().left(), Left::Resumable);
        world.server.script().clear();

        world.server.put("/p", page);
        world.server.script().push(When::get("/p").always(), Fault::reset_after(400_000));
        let source = Source { key: ObjectKey::new("p").unwrap(), ..world.source() };
        let error =
            world.engine.get_file(&source, &world.path(), &pieces(), &world.progress).await.unwrap_err();
        assert_eq!(error.left(), Left::Nothing, "{error}");
        world.server.script().clear();

        assert_eq!(world.get().await.unwrap().resumed, 0);
        world.assert_whole(LEN);
    }
}

#[tokio::test]
async fn a_download_of_which_only_the_last_step_is_missing_takes_it() {
    let world = World::with(LEN);
    let blocked = world.path();
    let block = move || std::fs::create_dir(&blocked).unwrap();
    world.server.script().push(When::get("/o").after(7), Fault::meanwhile(0, block));
    let error = world.get().await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Local, Left::Resumable), "{error}");
    std::fs::remove_dir(world.path()).unwrap();
    let got = tokio::time::timeout(Duration::from_secs(20), world.get()).await.expect("it ends").unwrap();
    assert_eq!(got.resumed, LEN);
    world.assert_whole(LEN);
}

#[tokio::test]
async fn a_download_that_is_dropped_goes_on_where_it_was() {
    let world = World::with(LEN);
    let gate = Gate::new();
    // One stands still in its middle, and is the last to be asked for again.
    world.server.script().push(When::get("/o").after(5), Fault::stall_after(40_000, &gate));
    {
        let options = pieces();
        let get = world.get_with(&options);
        let half = async {
            while world.progress.seen().moved < LEN / 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = half => {}
            ended = get => panic!("{ended:?}"),
        }
    }
    gate.open();
    let got = world.get().await.unwrap();
    assert!(got.resumed >= LEN / 2, "{}", got.resumed);
    world.assert_whole(LEN);
}

#[tokio::test]
async fn a_server_that_cannot_continue_leaves_nothing_and_says_why() {
    let world = World::new();
    world.put(Page::pattern(crate::world::PATTERN, LEN).ranges(Ranges::Ignored));
    world.server.script().push(When::get("/o").always(), Fault::reset_after(100_000));
    let error = world.get().await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Unavailable, Left::Nothing));
    assert!(error.to_string().contains("does not serve ranges"), "{error}");
    assert!(world.names().is_empty());
}

#[tokio::test]
async fn a_bit_that_flips_on_the_way_is_found_and_nothing_is_published() {
    let world = World::with(LEN);
    let sha = forebay_testkit::digest::of_bytes(&crate::world::PATTERN.bytes(0, LEN as usize));
    let options = GetOptions { demand: Demand::Digest(format!("sha256:{sha}").parse().unwrap()), ..pieces() };
    world.server.script().push(When::get("/o").after(2), Fault::Flip { at: 77 });
    let error = world.get_with(&options).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::Integrity, Left::Nothing), "{error}");
    assert!(world.names().is_empty());
}

#[tokio::test]
async fn a_network_that_cuts_connections_at_random_costs_time_and_no_byte() {
    let mut connections = 0;
    for seed in 0..5 {
        let world = World::with(4 << 20);
        let proxy = FaultProxy::start(world.server.addr()).unwrap();
        let cut = |after, how| Trouble::Cut { after, how };
        let troubles =
            vec![Trouble::Refuse, cut(30_000, Cut::Reset), cut(50_000, Cut::Clean), cut(1, Cut::Reset)];
        proxy.draw_lots(seed, 3, troubles);
        let base = format!("http://{}/", proxy.addr).parse().unwrap();
        let origin = Origin::new(base, world.client.clone(), OriginOptions::default()).unwrap();
        let source = Source::new(Arc::new(origin), ObjectKey::new("o").unwrap());
        world.engine.get_file(&source, &world.path(), &pieces(), &world.progress).await.unwrap();
        world.assert_whole(4 << 20);
        connections += proxy.connections();
    }
    assert!(connections > 5 * 4, "four at once were enough each time, so none was cut: {connections}");
}

#[tokio::test]
async fn two_downloads_to_one_target_do_not_mix() {
    let world = World::with(LEN);
    let gate = Gate::new();
    world.server.script().push(When::get("/o"), Fault::Hang(gate.clone()));
    let first = world.get();
    let second = async {
        gate.wait(1).await;
        let refused = world.get().await;
        gate.open();
        refused
    };
    let (first, second) = futures_util::join!(first, second);
    assert!(second.unwrap_err().to_string().contains("is being written by another transfer"));
    first.unwrap();
    world.assert_whole(LEN);
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_said_at_once() {
    let world = World::with(LEN);
    world.server.remove("/o");
    let error = world.get().await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::NotFound, Left::Nothing), "{error}");
    world.server.script().push(When::any(), Fault::access_denied());
    assert_eq!(world.get().await.unwrap_err().kind(), TransferErrorKind::Denied);
    world.server.script().push(When::any().always(), Fault::slow_down(Some(1)));
    let began = tokio::time::Instant::now();
    assert_eq!(world.get().await.unwrap_err().kind(), TransferErrorKind::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(1), "who asks for more than we wait is not waited for");
    assert!(world.names().is_empty());
}

#[tokio::test]
async fn a_partial_file_that_belongs_to_somebody_else_is_not_written() {
    let world = World::with(LEN);
    world.server.script().push(When::get("/o").after(3).always(), Fault::internal_error());
    world.get().await.unwrap_err();
    world.server.script().clear();
    let part = world.names().into_iter().find(|name| name.ends_with(".part")).unwrap();
    if std::os::unix::fs::chown(world.dir.path().join(part), Some(65_534), None).is_err() {
        return forebay_testkit::notice::skipped("files cannot be given to somebody else here");
    }
    let error = world.get().await.unwrap_err();
    assert_eq!(error.kind(), TransferErrorKind::Local);
    assert!(error.to_string().contains("belongs to somebody else: remove it"), "{error}");
}
