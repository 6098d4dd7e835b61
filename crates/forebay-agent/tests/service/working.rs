//! What is submitted is done.

use forebay_agent::queue::{JobState, RowState};
use forebay_agent::{Action, FailureClass, Verdict};
use forebay_testkit::fake::{Fault, Gate, Verb, When};
use forebay_testkit::fake_edge::{FakeEdge, Flavour};

use crate::rig::Rig;

fn edge() -> FakeEdge {
    let edge = FakeEdge::start(Flavour::Ats(Default::default())).unwrap();
    edge.put_everywhere(1000);
    edge
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_done_on_each_of_its_edges() {
    let (a, b) = (edge(), edge());
    let rig = Rig::start(&[("a", a.addr()), ("b", b.addr())]).await;
    let job = rig.submit(Action::Warm, &["a", "b"], &["/1", "/2", "/3"]).await;
    let job = rig.over(job).await;
    assert_eq!((job.state, job.rows.succeeded), (JobState::Succeeded, 6));
    for edge in [&a, &b] {
        assert!(edge.has("/1") && edge.has("/2") && edge.has("/3"));
    }
    let rows = rig.rows(job.id).await;
    assert!(rows.iter().all(|row| row.outcome.as_ref().unwrap().verdict == Verdict::Warmed), "{rows:?}");
    let done: Vec<_> = rig.service.edges().flat_map(|edge| edge.figures.done().collect::<Vec<_>>()).collect();
    assert_eq!(done.iter().map(|done| done.count).sum::<u64>(), 6);
}

/// The threads of objects are kept busy from outside, as an edge nearby does that sends faster than they count.
#[tokio::test]
async fn a_purge_does_not_wait_for_the_threads_on_which_objects_are_fetched() {
    let edge = edge();
    let bulk = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (free, busy) = std::sync::mpsc::channel::<()>();
    bulk.spawn(async move { busy.recv() });
    let rig = Rig::on(Some(bulk.handle().clone()), &[("a", edge.addr())], |_| {}).await;
    let warm = rig.submit(Action::Warm, &["a"], &["/large"]).await;
    rig.wait_for(warm, |job| job.rows.processing == 1).await;
    let purge = rig.submit(Action::Purge, &["a"], &["/small"]).await;
    assert_eq!(rig.over(purge).await.state, JobState::Succeeded);
    assert_eq!(edge.asked("/large").get, 0);
    drop(free);
    assert_eq!(rig.over(warm).await.state, JobState::Succeeded);
    bulk.shutdown_background();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_tried_again_and_what_does_not_pass_is_given_up() {
    let edge = edge();
    let often = |path: &str, times| {
        edge.script().push(When::verb(Verb::Purge).key(path).times(times), Fault::internal_error());
    };
    often("/twice", 2);
    often("/always", 1000);
    let rig = Rig::start(&[("a", edge.addr())]).await;
    let job = rig.submit(Action::Purge, &["a"], &["/twice", "/always", "/never"]).await;
    assert_eq!(rig.over(job).await.state, JobState::Failed);
    let rows = rig.rows(job).await;
    let ended: Vec<_> = rows.iter().map(|row| (row.state, row.attempts)).collect();
    assert_eq!(ended, [(RowState::Succeeded, 3), (RowState::Failed, 3), (RowState::Succeeded, 1)]);
    assert_eq!(rows[1].failure.as_ref().unwrap().class, FailureClass::Server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stops_gives_back_what_it_has_not_done() {
    let edge = edge();
    let gate = Gate::new();
    edge.script().push(When::verb(Verb::Get).always(), Fault::stall_after(10, &gate));
    let rig = Rig::start(&[("a", edge.addr())]).await;
    let paths: Vec<String> = (0..100).map(|n| format!("/{n}")).collect();
    let job = rig.submit(Action::Warm, &["a"], &paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    rig.wait_for(job, |job| job.rows.processing > 8).await;
    let (book, _dir) = rig.stop().await;
    let job = book.job(job).await.unwrap();
    assert_eq!((job.rows.processing, job.rows.waiting), (0, 100));
    gate.open();
}
