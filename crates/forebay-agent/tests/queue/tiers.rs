//! Parents before children.

use forebay_agent::queue::{JobState, RowState};
use forebay_agent::{Action, FailureClass, Lane};

use crate::world::{World, order, tiered};

use RowState::{Failed, Processing, Succeeded, Waiting};

#[tokio::test]
async fn a_child_comes_when_all_its_parents_have_succeeded_with_that_url() {
    let world = World::new().await;
    let edges = [("child", 7), ("p1", 1), ("p2", 1), ("leaf", 9)];
    let job = world.submit(tiered(Action::Warm, &edges), &["1", "2"]).await;
    let one = world.lease("p1", Lane::Bulk).await;
    let two = world.lease("p2", Lane::Bulk).await;
    world.succeed(one[0].lease).await;
    world.succeed(one[1].lease).await;
    assert!(world.lease("child", Lane::Bulk).await.is_empty());
    world.succeed(two[1].lease).await;
    let child = world.lease("child", Lane::Bulk).await;
    assert_eq!(child.iter().map(crate::world::last_part).collect::<Vec<_>>(), ["2"]);
    assert!(world.lease("leaf", Lane::Bulk).await.is_empty());
    world.succeed(child[0].lease).await;
    assert_eq!(world.leased("leaf", Lane::Bulk).await, ["2"]);
    let states = world.states(job).await;
    assert_eq!(states[..4], [Waiting, Succeeded, Processing, Waiting], "by the order of edges");
    assert_eq!(states[4..], [Succeeded, Succeeded, Succeeded, Processing]);
}

#[tokio::test]
async fn a_parent_that_fails_fails_its_children_and_a_retry_brings_them_back() {
    let world = World::new().await;
    let job = world.submit(tiered(Action::Purge, &[("p", 0), ("q", 0), ("c", 1), ("l", 2)]), &["1"]).await;
    let warm = world.submit(order(Action::Warm, &["c"]), &["1"]).await;
    assert!(
        world.lease("c", Lane::Bulk).await.is_empty(),
        "a purge that waits for its parents is in the way"
    );
    let (p, q) = (world.lease("p", Lane::Control).await, world.lease("q", Lane::Control).await);
    world.fail(p[0].lease).await;
    let rows = world.rows(job).await;
    assert_eq!(world.states(job).await, [Failed, Processing, Failed, Failed]);
    assert_eq!(rows[2].failure.as_ref().map(|failure| failure.class), Some(FailureClass::Parent));
    assert_eq!((rows[2].attempts, &rows[2].outcome), (0, &None));
    world.succeed(q[0].lease).await;
    assert_eq!(world.book.job(job).await.unwrap().state, JobState::Failed);
    assert_eq!(world.leased("c", Lane::Bulk).await, ["1"], "and one that will not be done is not");
    assert_eq!(world.book.retry(job).await, Ok(3));
    world.book.carry_through().await.unwrap();
    assert_eq!(world.states(job).await, [Waiting, Succeeded, Waiting, Waiting]);
    assert!(world.lease("c", Lane::Control).await.is_empty());
    let p = world.lease("p", Lane::Control).await;
    world.succeed(p[0].lease).await;
    assert!(world.lease("c", Lane::Control).await.is_empty(), "the warm has it in hand");
    assert_eq!(world.states(warm).await, [Processing]);
}
