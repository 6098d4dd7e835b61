//! Directories that are not what they should be, and disks that are full.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use forebay_agent::queue::{Book, BookOptions, JobFilter, Queue as _, QueueError, RowFilter, Tally};
use forebay_agent::{Action, Lane};
use forebay_testkit::small_disk::SmallDisk;
use rusqlite::Connection;

use crate::world::{SPAN, World, last_part, name, order, target};

async fn error_of(dir: &Path) -> QueueError {
    Book::open(dir, BookOptions::default()).await.unwrap_err()
}

#[tokio::test]
async fn a_queue_that_is_in_use_says_by_whom() {
    let world = World::new().await;
    let error = error_of(world.dir.path()).await;
    let pid = std::process::id();
    assert_eq!(error, QueueError::InUse { dir: world.dir.path().into(), pid: Some(pid) });
    assert!(error.to_string().ends_with(&format!("is in use by process {pid}")), "{error}");
    // With the last clone it is free.
    let (book, dir) = (world.book.clone(), world.dir.clone());
    drop(world);
    assert!(matches!(error_of(dir.path()).await, QueueError::InUse { .. }));
    book.close().await;
    Book::open(dir.path(), BookOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_queue_of_a_newer_forebay_is_left_as_it_is() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let World { book, dir, .. } = world;
    book.close().await;
    let file = dir.path().join("queue.db");
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&file).unwrap();
    let error = error_of(dir.path()).await;
    assert_eq!(error, QueueError::Newer { found: 99, known: 1 });
    assert_eq!(fs::read(&file).unwrap(), before);
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 1).unwrap();
    let book = Book::open(dir.path(), BookOptions::default()).await.unwrap();
    assert_eq!(book.jobs(JobFilter::default(), None, 10).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn somebody_elses_database_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("queue.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(&file).unwrap();
    assert_eq!(error_of(dir.path()).await, QueueError::Foreign(file.clone()));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_queue_is_called_damaged() {
    let world = World::new().await;
    let urls: Vec<_> = (0..2000).map(|n| n.to_string()).collect();
    let job =
        world.submit(order(Action::Warm, &["a"]), &urls.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let World { book, dir, .. } = world;
    book.close().await;
    // Behind the first pages, where nobody looks at first.
    let overwrite = |from: u64, until: u64| {
        let mut file = fs::OpenOptions::new().write(true).open(dir.path().join("queue.db")).unwrap();
        file.seek(SeekFrom::Start(from)).unwrap();
        file.write_all(&vec![0xA5; usize::try_from(until - from).unwrap()]).unwrap();
    };
    let len = fs::metadata(dir.path().join("queue.db")).unwrap().len();
    overwrite(32 * 4096, len);
    let book = Book::open(dir.path(), BookOptions::default()).await.unwrap();
    let error = book.lease(&name("a"), Lane::Bulk, 1000, SPAN).await.unwrap_err();
    assert!(matches!(error, QueueError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("move its directory away"), "{error}");
    assert!(matches!(book.rows(job, RowFilter::default(), None, 1000).await, Err(QueueError::Damaged(_))));
    book.close().await;
    // And at its beginning.
    overwrite(0, 100);
    assert!(matches!(error_of(dir.path()).await, QueueError::Damaged(_)));
}

#[tokio::test]
async fn a_directory_that_cannot_be_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = error_of(&file.join("queue")).await;
    assert!(matches!(&error, QueueError::Storage(why) if why.contains("file/queue")), "{error}");
}

/// What was answered stays, what was refused was not done, and when there is room again it goes on.
#[tokio::test]
async fn a_full_disk_is_said_to_be_full_and_nothing_is_damaged() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let ballast = disk.path().join("ballast");
    let dir = disk.path().join("queue");
    let book = Book::open(&dir, BookOptions::default()).await.unwrap();
    let mut submission = book.submit(order(Action::Warm, &["a"])).await.unwrap();
    submission.add(&target("kept")).await.unwrap();
    let kept = submission.seal().await.unwrap().id;
    fs::write(&ballast, vec![0; 24 << 20]).unwrap();
    let mut submission = book.submit(order(Action::Warm, &["a"])).await.unwrap();
    let mut n = 0;
    let error = loop {
        match submission.add(&target(&format!("{n}-{}", "x".repeat(500)))).await {
            Ok(()) => n += 1,
            Err(error) => break error,
        }
        assert!(n < 100_000, "the disk is not small");
    };
    assert_eq!(error, QueueError::NoSpace);
    assert!(error.to_string().contains("full"), "{error}");
    drop(submission);
    assert_eq!(book.job(kept).await.unwrap().rows, Tally { waiting: 1, ..Tally::default() });
    fs::remove_file(&ballast).unwrap();
    // The job that did not fit is withdrawn as soon as that can be written down.
    while book.carry_through().await.is_err() || book.edges()[0].waiting != [0, 1] {}
    book.close().await;
    let db = Connection::open(dir.join("queue.db")).unwrap();
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    drop(db);
    let book = Book::open(&dir, BookOptions::default()).await.unwrap();
    let leased = book.lease(&name("a"), Lane::Bulk, 10, SPAN).await.unwrap();
    assert_eq!(leased.iter().map(last_part).collect::<Vec<_>>(), ["kept"]);
    book.close().await;
}
