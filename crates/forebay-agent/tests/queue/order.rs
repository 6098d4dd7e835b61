//! Who comes first, who waits for whom, and who comes along.

use std::time::Duration;

use forebay_agent::queue::{Queue as _, RowState, Settled};
use forebay_agent::{Action, FailureClass, Lane};

use crate::world::{SPAN, World, last_part, name, order, success, with};

#[tokio::test]
async fn the_more_important_goes_first_then_the_older() {
    let world = World::new().await;
    for (url, priority) in [("low", 0), ("1", 5), ("2", 5), ("high", 9), ("3", 5)] {
        world.submit(with(order(Action::Warm, &["a"]), |terms| terms.priority = priority), &[url]).await;
        world.clock.pass(Duration::from_millis(1));
    }
    assert_eq!(world.leased("a", Lane::Bulk).await, ["high", "1", "2", "3", "low"]);
}

#[tokio::test]
async fn lanes_and_edges_do_not_wait_for_each_other() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a", "b"]), &["1"]).await;
    world.submit(order(Action::Purge, &["a"]), &["2"]).await;
    assert_eq!(world.leased("a", Lane::Control).await, ["2"]);
    assert_eq!(world.leased("b", Lane::Bulk).await, ["1"]);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn who_asks_for_the_same_ends_with_the_one_that_is_done() {
    let world = World::new().await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(world.submit(order(Action::Warm, &["a"]), &["1"]).await);
    }
    let other =
        world.submit(with(order(Action::Warm, &["a"]), |terms| terms.options = "{\"x\":1}".into()), &["1"]);
    let other = other.await;
    let leased = world.lease("a", Lane::Bulk).await;
    assert_eq!((leased.len(), leased[0].rows), (1, 3));
    for job in &jobs {
        assert_eq!(world.states(*job).await, [RowState::Processing]);
    }
    world.succeed(leased[0].lease).await;
    for job in &jobs {
        assert_eq!(world.states(*job).await, [RowState::Succeeded]);
    }
    let leased = world.lease("a", Lane::Bulk).await;
    assert_eq!((leased.len(), leased[0].rows), (1, 1), "with other options it is another thing");
    world.succeed(leased[0].lease).await;
    assert_eq!(world.states(other).await, [RowState::Succeeded]);
}

#[tokio::test]
async fn a_newer_row_is_never_swallowed_by_one_in_flight() {
    let world = World::new().await;
    world.submit(order(Action::Refresh, &["a"]), &["1"]).await;
    let old = world.lease("a", Lane::Bulk).await;
    let newer = world.submit(order(Action::Refresh, &["a"]), &["1", "2"]).await;
    // The same URL is not done twice at once.
    assert_eq!(world.leased("a", Lane::Bulk).await, ["2"]);
    world.succeed(old[0].lease).await;
    assert_eq!(world.states(newer).await, [RowState::Waiting, RowState::Processing]);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn one_url_is_in_one_hand_whatever_is_to_be_done_with_it() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let warm = world.lease("a", Lane::Bulk).await;
    world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    assert!(world.lease("a", Lane::Control).await.is_empty());
    world.give_back(warm[0].lease, world.now().after(SPAN), Some(FailureClass::Timeout)).await;
    assert_eq!(world.leased("a", Lane::Control).await, ["1"]);
}

#[tokio::test]
async fn what_fetches_waits_for_every_older_purge_of_its_url() {
    let world = World::new().await;
    let old = world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let purge = world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    let young =
        world.submit(with(order(Action::Warm, &["a"]), |terms| terms.priority = 9), &["1", "2"]).await;
    // The older warm need not wait, and the younger does not come along: the purge would undo it.
    let leased = world.lease("a", Lane::Bulk).await;
    assert_eq!(leased.iter().map(last_part).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(leased[1].rows, 1);
    world.succeed(leased[0].lease).await;
    world.succeed(leased[1].lease).await;
    assert_eq!(world.states(old).await, [RowState::Succeeded]);
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    // A purge that is to be tried again later is still in the way.
    let leased = world.lease("a", Lane::Control).await;
    world.give_back(leased[0].lease, world.now().after(SPAN), Some(FailureClass::Timeout)).await;
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    world.clock.pass(SPAN);
    let leased = world.lease("a", Lane::Control).await;
    world.succeed(leased[0].lease).await;
    assert_eq!(world.states(purge).await, [RowState::Succeeded]);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
    assert_eq!(world.states(young).await, [RowState::Processing, RowState::Succeeded]);
}

#[tokio::test]
async fn a_purge_that_is_given_up_is_in_nobodys_way() {
    let world = World::new().await;
    let purge = world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    world.book.cancel(purge).await.unwrap();
    world.book.carry_through().await.unwrap();
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn a_purge_for_another_day_is_waited_for_by_nobody_until_then() {
    let world = World::new().await;
    let later = world.now().after(SPAN);
    world.submit(with(order(Action::Purge, &["a"]), |terms| terms.at = Some(later)), &["1", "2"]).await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
    world.submit(order(Action::Warm, &["a"]), &["2"]).await;
    world.clock.pass(SPAN);
    assert!(world.lease("a", Lane::Bulk).await.iter().all(|leased| last_part(leased) != "2"));
}

#[tokio::test]
async fn an_edge_that_was_away_catches_up_with_purges_before_it_fetches() {
    let world = World::new().await;
    let purge = order(Action::Purge, &["a", "b"]);
    world.submit(purge.clone(), &["1", "2"]).await;
    let at = world.now().after(SPAN);
    world.submit(with(purge.clone(), |terms| terms.at = Some(at)), &["later"]).await;
    world.submit(order(Action::Warm, &["a", "b"]), &["3"]).await;
    world.book.catch_up(&name("a")).await.unwrap();
    world.submit(purge, &["4"]).await;
    assert!(world.leased("a", Lane::Bulk).await.is_empty());
    assert_eq!(world.leased("b", Lane::Bulk).await, ["3"], "the other edge was not away");
    let purges = world.lease("a", Lane::Control).await;
    assert_eq!(purges.iter().map(last_part).collect::<Vec<_>>(), ["1", "2", "4"]);
    world.succeed(purges[0].lease).await;
    let world = world.reopened().await;
    assert!(world.leased("a", Lane::Bulk).await.is_empty(), "it is remembered");
    // Neither what came after its return nor what was for later is waited for, and neither counts for what is.
    world.clock.pass(SPAN);
    let purges = world.lease("a", Lane::Control).await;
    assert_eq!(purges.iter().map(last_part).collect::<Vec<_>>(), ["2", "4", "later"]);
    world.succeed(purges[2].lease).await;
    world.succeed(purges[1].lease).await;
    assert!(world.leased("a", Lane::Bulk).await.is_empty());
    world.fail(purges[0].lease).await;
    assert_eq!(world.leased("a", Lane::Bulk).await, ["3"]);
    assert_eq!(world.book.edges()[0].catching_up, 0);
}

/// Both in one transaction, which is what mostly happens when both are told at once.
#[tokio::test]
async fn a_purge_that_ends_as_its_edge_comes_back_is_not_waited_for() {
    let world = World::new().await;
    for round in 0..50 {
        world.submit(order(Action::Purge, &["a"]), &[&format!("{round}")]).await;
        let lease = world.lease("a", Lane::Control).await[0].lease;
        let edge = name("a");
        let settled = world.book.settle(vec![Settled { lease, outcome: success() }]);
        let (settled, caught_up) = tokio::join!(settled, world.book.catch_up(&edge));
        settled.unwrap();
        caught_up.unwrap();
        assert_eq!(world.book.edges()[0].catching_up, 0, "round {round}");
    }
}

#[tokio::test]
async fn many_rows_of_one_url_are_parked_and_come_back() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let first = world.lease_some("a", Lane::Bulk, 1).await;
    let mut jobs = Vec::new();
    for n in 0..30 {
        let odd = with(order(Action::Warm, &["a"]), |terms| terms.options = format!("{}", n % 3).into());
        jobs.push(world.submit(odd, &["1"]).await);
    }
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    let mut lease = first[0].lease;
    for _ in 0..3 {
        world.succeed(lease).await;
        let leased = world.lease("a", Lane::Bulk).await;
        assert_eq!((leased.len(), leased[0].rows), (1, 10));
        lease = leased[0].lease;
    }
    world.succeed(lease).await;
    for job in jobs {
        assert_eq!(world.states(job).await, [RowState::Succeeded]);
    }
}
