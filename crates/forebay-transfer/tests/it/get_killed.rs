//! Downloads that end without a word: the process is killed, the disk is full.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_budget::ByteSize;
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::ObjectKey;
use forebay_testkit::fake::{Fault, Gate, When};
use forebay_testkit::small_disk::SmallDisk;
use forebay_transfer::{GetOptions, Left, Progress, Source, Space, TransferErrorKind};

use crate::world::{KIB, World, client, engine, ledger, pieces};

const LEN: u64 = 64 * 64 * KIB;

/// What the process that is killed does: it gets what the file `url` names.
#[tokio::test]
#[ignore = "a part of another test, which starts it in a process of its own"]
async fn the_child_that_is_killed() {
    let Ok(url) = std::fs::read_to_string("url") else { return };
    let ledger = ledger();
    let origin = Origin::new(url.parse().unwrap(), client(&ledger), OriginOptions::default()).unwrap();
    let source = Source::new(std::sync::Arc::new(origin), ObjectKey::new("o").unwrap());
    let options = pieces();
    engine(ledger).get_file(&source, Path::new("target"), &options, &Progress::new()).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_had_fetched_is_not_fetched_again() {
    for trial in 0..10 {
        let world = World::with(LEN);
        let requests = 2 + trial * 6;
        let gate = Gate::new();
        world.server.script().push(When::get("/o").after(requests), Fault::stall_after(20_000, &gate));
        let url = world.dir.path().join("url");
        std::fs::write(&url, world.server.url("/")).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "get_killed::the_child_that_is_killed", "--ignored"])
            .current_dir(world.dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert!(gate.wait_blocking(1, Duration::from_secs(60)), "the child asked for its pieces");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        gate.open();
        std::fs::remove_file(url).unwrap();
        let got = world.get().await.unwrap();
        world.assert_whole(LEN);
        // Of the pieces that were asked for before, four at once were not done when the last was asked for.
        assert!(got.resumed >= requests.saturating_sub(4) * 64 * KIB, "{} after {requests}", got.resumed);
        assert_eq!(got.resumed + world.progress.seen().moved, LEN);
    }
}

#[tokio::test]
async fn a_full_disk_is_known_before_or_leaves_what_can_go_on() {
    let Some(disk) = SmallDisk::mount(4) else { return };
    let path = disk.path().join("target");
    let world = World::with(5 << 20);
    let get = async |options: GetOptions| {
        world.engine.get_file(&world.source(), &path, &options, &world.progress).await
    };
    let error = get(pieces()).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::NoSpace, Left::Nothing), "{error}");
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0);

    world.put(forebay_testkit::fake_origin::Page::pattern(crate::world::PATTERN, 3 << 20).etag("\"v1\""));
    let filler = disk.path().join("filler");
    let fills = {
        let filler = filler.clone();
        move || std::fs::write(&filler, vec![1; 2 << 20]).unwrap_or_default()
    };
    world.server.script().push(When::get("/o").after(4), Fault::meanwhile(0, fills));
    let options =
        GetOptions { space: Space::AsWritten, part_size: Some(ByteSize::kib(64)), ..GetOptions::default() };
    let error = get(options.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.left()), (TransferErrorKind::NoSpace, Left::Resumable), "{error}");
    std::fs::remove_file(filler).unwrap();
    let got = get(options).await.unwrap();
    assert!(got.resumed > 0);
    crate::world::PATTERN.check(0, &std::fs::read(&path).unwrap()).unwrap();
}
