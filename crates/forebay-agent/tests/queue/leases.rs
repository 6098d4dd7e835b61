//! Leases: one holder at a time, and nothing held for ever.

use std::time::Duration;

use forebay_agent::queue::{BookOptions, Leases, Queue as _, RowState};
use forebay_agent::{Action, FailureClass, Lane};

use crate::world::{SPAN, World, order};

#[tokio::test]
async fn a_row_is_leased_to_one_worker_and_comes_again_when_the_lease_ends() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let first = world.lease("a", Lane::Bulk).await;
    assert_eq!(first[0].attempts, 1);
    world.clock.pass(SPAN - Duration::from_millis(1));
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    world.clock.pass(Duration::from_millis(1));
    let second = world.lease("a", Lane::Bulk).await;
    assert_eq!(second[0].attempts, 2);
    assert_ne!(first[0].lease, second[0].lease);
}

#[tokio::test]
async fn a_lease_that_is_extended_holds() {
    let world = World::new().await;
    let job = world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    assert_eq!(leased[0].rows, 2);
    for _ in 0..3 {
        world.clock.pass(SPAN / 2);
        assert!(world.book.extend(vec![leased[0].lease], SPAN).await.unwrap().is_empty());
        assert!(world.lease("a", Lane::Bulk).await.is_empty());
    }
    world.clock.pass(SPAN);
    assert_eq!(world.lease("a", Lane::Bulk).await.len(), 1);
    assert_eq!(world.book.extend(vec![leased[0].lease], SPAN).await.unwrap(), [leased[0].lease]);
    assert_eq!(world.states(job).await, [RowState::Processing]);
}

#[tokio::test]
async fn who_comes_late_is_believed_until_somebody_else_has_the_row() {
    let world = World::new().await;
    let job = world.submit(order(Action::Warm, &["a"]), &["1", "2"]).await;
    let late = world.lease("a", Lane::Bulk).await;
    world.clock.pass(SPAN);
    let again = world.lease_some("a", Lane::Bulk, 1).await;
    world.succeed(late[0].lease).await;
    world.succeed(late[1].lease).await;
    assert_eq!(world.states(job).await, [RowState::Processing, RowState::Succeeded]);
    world.fail(again[0].lease).await;
    world.succeed(late[0].lease).await;
    assert_eq!(world.states(job).await, [RowState::Failed, RowState::Succeeded]);
}

#[tokio::test]
async fn what_is_given_back_comes_when_it_is_due() {
    let world = World::new().await;
    let job = world.submit(order(Action::Warm, &["a"]), &["1", "2"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    world.give_back(leased[0].lease, world.now().after(SPAN), Some(FailureClass::Timeout)).await;
    world.give_back(leased[1].lease, world.now(), None).await;
    let rows = world.rows(job).await;
    assert_eq!(rows[0].failure.as_ref().map(|failure| failure.class), Some(FailureClass::Timeout));
    assert_eq!((rows[0].attempts, rows[0].due), (1, Some(world.now().after(SPAN))));
    assert_eq!((rows[1].attempts, rows[1].failure.as_ref()), (0, None));
    let again = world.lease("a", Lane::Bulk).await;
    assert_eq!((again.len(), again[0].attempts), (1, 1), "a row that was not tried has not been counted");
    world.clock.pass(SPAN / 2);
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    world.clock.pass(SPAN / 2);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1", "2"]);
}

#[tokio::test]
async fn what_a_process_held_when_it_ended_comes_again_and_is_counted() {
    let world = World::new().await;
    let job = world.submit(order(Action::Warm, &["a"]), &["1", "2"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    world.succeed(leased[0].lease).await;
    let world = world.reopened().await;
    assert_eq!(world.states(job).await, [RowState::Succeeded, RowState::Waiting]);
    let again = world.lease("a", Lane::Bulk).await;
    assert_eq!((again.len(), again[0].attempts), (1, 2));
    assert_ne!(again[0].lease, leased[1].lease);
}

#[tokio::test]
async fn leases_of_workers_elsewhere_stay() {
    let World { book, clock, dir } = World::with(|options| options.leases = Leases::Stay).await;
    let world = World { book: book.clone(), clock: clock.clone(), dir: dir.clone() };
    let job = world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    world.clock.pass(SPAN * 2);
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    book.close().await;
    let options = BookOptions { clock: clock.clone(), leases: Leases::Stay, ..BookOptions::default() };
    let book = forebay_agent::queue::Book::open(dir.path(), options).await.unwrap();
    let world = World { book, clock, dir };
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    world.succeed(leased[0].lease).await;
    assert_eq!(world.states(job).await, [RowState::Succeeded]);
}

#[tokio::test]
async fn the_name_of_a_lease_survives_being_written_down() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a"]), &["1"]).await;
    let lease = world.lease("a", Lane::Bulk).await[0].lease;
    assert_eq!(lease.to_string().parse(), Ok(lease));
    for odd in ["", "1", "1-2-3", "1-2-3-4-5", "1-2-3-x"] {
        assert!(odd.parse::<forebay_agent::queue::LeaseId>().is_err(), "{odd}");
    }
}
