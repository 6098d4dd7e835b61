//! The short version of `cargo xtask soak`: some rounds of faults, after which nothing is held.

use std::time::Duration;

use forebay_testkit::admin::{MemoryReport, wait_until_at_rest};
use forebay_testkit::faults::Site;
use forebay_testkit::fetch;

use crate::forebay;

#[tokio::test]
async fn after_rounds_of_faults_no_byte_was_wrong_and_nothing_is_held() {
    let _alone = crate::ALONE.lock().await;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let site = Site::create(dir.path()).unwrap();
    let server = forebay::serve(dir.path(), None, &["--memory", "64MiB"]);
    let operators = server.admin.unwrap();
    let rest = MemoryReport::read(operators).unwrap();
    site.round(server.addr, 0).await.unwrap();
    let before = server.figures();
    for seed in 1..12 {
        site.round(server.addr, seed).await.unwrap();
    }
    let idle = wait_until_at_rest(operators, &rest, Duration::from_secs(30)).await;
    assert!(idle.is_ok(), "still held: {idle:?}");
    let grown = server.figures() - before;
    assert!(grown.anon < 16 << 20, "memory grows with the rounds: {grown:?}");
    assert!(grown.fds < 64, "descriptors grow with the rounds: {grown:?}");
}

#[tokio::test]
async fn killed_under_load_and_started_again_it_serves_as_before() {
    let _alone = crate::ALONE.lock().await;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let site = Site::create(dir.path()).unwrap();
    for seed in 100..103 {
        let mut server = forebay::serve(dir.path(), None, &["--memory", "64MiB"]);
        // Its clients fail when it is killed, each in its own way; none may hang.
        let (_, killed) = tokio::join!(site.round(server.addr, seed), async {
            fetch::get(server.addr, "/steady.bin", "").await?;
            server.signal_kill()
        });
        killed.unwrap();
        server.wait(Duration::from_secs(10)).unwrap();
    }
    let server = forebay::serve(dir.path(), None, &["--memory", "64MiB"]);
    site.round(server.addr, 200).await.unwrap();
}
