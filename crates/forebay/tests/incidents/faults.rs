//! The short version of `cargo xtask soak`: some rounds of faults, after which nothing is held.

use std::time::Duration;

use forebay_testkit::admin::{MemoryReport, wait_until_at_rest};
use forebay_testkit::faults::Site;

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
