//! Jobs that wait for a time, keep to hours, or come back.

use std::time::Duration;

use forebay_agent::queue::{JobFilter, JobState, Moment, RowState, Tally};
use forebay_agent::{Action, Lane, Window};

use crate::world::{World, order, with};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_job_for_later_waits_until_then() {
    let world = World::new().await;
    let later = world.now().after(HOUR);
    let job = world.submit(with(order(Action::Warm, &["a"]), |terms| terms.at = Some(later)), &["1"]).await;
    assert_eq!(world.rows(job).await[0].due, Some(later));
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    world.clock.pass(HOUR);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn a_job_keeps_to_its_hours() {
    let world = World::new().await;
    // It is 22:13:20; the window is open until 23 o'clock.
    let hours = Window::new(22 * 60, 23 * 60).unwrap();
    let windowed = with(order(Action::Warm, &["a"]), |terms| terms.window = Some(hours));
    let job = world.submit(windowed.clone(), &["1", "2"]).await;
    let first = world.lease_some("a", Lane::Bulk, 1).await;
    world.succeed(first[0].lease).await;
    world.clock.pass(HOUR);
    world.submit(order(Action::Warm, &["a"]), &["3"]).await;
    assert_eq!(world.leased("a", Lane::Bulk).await, ["3"]);
    // It says when it goes on: at 22:00 of the next day.
    let opens = Moment(world.now().0 - 800_000 - 3_600_000 + 24 * 3_600_000);
    assert_eq!(world.rows(job).await[1].due, Some(opens));
    world.clock.pass(23 * HOUR);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["2", "3"]);
}

#[tokio::test]
async fn a_job_comes_back_with_the_same_urls() {
    let world = World::new().await;
    let hourly = with(order(Action::Purge, &["a", "b"]), |terms| terms.every = Some(HOUR));
    let first = world.submit(hourly, &["1", "2", "3"]).await;
    for edge in ["a", "b"] {
        for leased in world.lease(edge, Lane::Control).await {
            world.succeed(leased.lease).await;
        }
    }
    world.book.carry_through().await.unwrap();
    assert_eq!(world.book.job(first).await.unwrap().state, JobState::Succeeded);
    let jobs = world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items;
    let second = &jobs[0];
    assert_eq!((jobs.len(), second.origin, second.state), (2, Some(first), JobState::Waiting));
    assert_eq!((second.rows, second.urls), (Tally { waiting: 6, ..Tally::default() }, 3));
    assert_eq!(second.terms.at, Some(world.now().after(HOUR)));
    assert!(world.lease("a", Lane::Control).await.is_empty());
    // Two hours are missed: it is done once, at once, and the next time is counted from then.
    world.clock.pass(3 * HOUR);
    for edge in ["a", "b"] {
        let leased = world.lease(edge, Lane::Control).await;
        assert_eq!(leased.len(), 3);
        for leased in leased {
            world.succeed(leased.lease).await;
        }
    }
    world.book.carry_through().await.unwrap();
    let third = &world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items[0];
    assert_eq!((third.origin, third.terms.at), (Some(first), Some(world.now())));
    // Cancelling the one that waits ends it.
    world.book.cancel(third.id).await.unwrap();
    world.book.carry_through().await.unwrap();
    assert_eq!(world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items.len(), 3);
    assert_eq!(world.states(third.id).await, [RowState::Cancelled; 6]);
}

#[tokio::test]
async fn a_run_that_is_tried_again_brings_no_second_next_run() {
    let world = World::new().await;
    let hourly = with(order(Action::Purge, &["a"]), |terms| terms.every = Some(HOUR));
    let first = world.submit(hourly, &["1"]).await;
    let lease = world.lease("a", Lane::Control).await[0].lease;
    world.fail(lease).await;
    world.book.carry_through().await.unwrap();
    assert_eq!(world.book.retry(first).await, Ok(1));
    world.book.carry_through().await.unwrap();
    let lease = world.lease("a", Lane::Control).await[0].lease;
    world.succeed(lease).await;
    world.book.carry_through().await.unwrap();
    let jobs = world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items;
    assert_eq!((jobs.len(), jobs[1].state), (2, JobState::Succeeded));
}
