//! What a queue says of itself, for metrics.

use std::time::Duration;

use forebay_agent::queue::{JobState, QueueError, RowState, Tally, Telling, Told};
use forebay_agent::{Action, FailureClass, Lane, Window};

use crate::world::{World, name, order, with};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn jobs_and_rows_are_counted_by_how_they_stand_and_how_they_ended() {
    let world = World::new().await;
    world.submit(order(Action::Warm, &["a", "b"]), &["1", "2"]).await;
    let done = world.submit(order(Action::Purge, &["a"]), &["1"]).await;
    world.clock.pass(Duration::from_secs(90));
    let lease = world.lease("a", Lane::Control).await[0].lease;
    world.succeed(lease).await;
    let cancelled = world.submit(order(Action::Purge, &["b"]), &["3", "4"]).await;
    world.book.cancel(cancelled).await.unwrap();
    world.book.carry_through().await.unwrap();
    world.submit(order(Action::Purge, &["b"]), &["5"]).await;
    let lease = world.lease("b", Lane::Control).await[0].lease;
    world.fail(lease).await;
    world.lease_some("b", Lane::Bulk, 1).await;
    assert_eq!(world.book.job(done).await.unwrap().state, JobState::Succeeded);

    let stock = world.book.stock().await.unwrap();
    // Waiting, running, succeeded, failed, cancelled.
    assert_eq!(stock.jobs, [0, 1, 1, 1, 1]);
    let rows = Tally { waiting: 3, processing: 1, succeeded: 1, failed: 1, cancelled: 2 };
    assert_eq!(stock.rows, rows);
    assert!(stock.bytes.0 >= 4096 && stock.bytes.1 > 4096, "{:?}", stock.bytes);
    let figures = world.book.figures();
    assert_eq!(figures.submitted(), 4);
    let ended: Vec<_> = figures.rows_ended().collect();
    assert_eq!(ended, [(RowState::Succeeded, 1), (RowState::Failed, 1), (RowState::Cancelled, 2)]);
    let ended: Vec<_> = figures.jobs_ended().collect();
    assert_eq!(ended, [(JobState::Succeeded, 1), (JobState::Failed, 1), (JobState::Cancelled, 1)]);
    let times = figures.job_times();
    assert_eq!((times.count(), times.sum), (3, Duration::from_secs(90)));
    assert!(figures.commits().count() > 5);
}

#[tokio::test]
async fn who_waits_longest_is_told_by_edge_and_what_has_its_time_still_to_come_waits_for_nobody() {
    let world = World::new().await;
    let later = world.now().after(HOUR);
    world.submit(with(order(Action::Warm, &["later"]), |terms| terms.at = Some(later)), &["1"]).await;
    // It is 22:13:20, and the window is shut from 22:00 to 23:00.
    let hours = Window::new(23 * 60, 22 * 60).unwrap();
    world.submit(with(order(Action::Warm, &["shut"]), |terms| terms.window = Some(hours)), &["1"]).await;
    world.submit(order(Action::Warm, &["a", "b"]), &["1"]).await;
    world.clock.pass(Duration::from_secs(100));
    let urgent = with(order(Action::Warm, &["a"]), |terms| terms.priority = 9);
    world.submit(urgent, &["2"]).await;
    world.submit(order(Action::Purge, &["b"]), &["1"]).await;
    let oldest = async || {
        let stock = world.book.stock().await.unwrap();
        stock.oldest.into_iter().map(|(edge, age)| (edge.to_string(), age.as_secs())).collect::<Vec<_>>()
    };
    assert_eq!(oldest().await, [("a".to_owned(), 100), ("b".to_owned(), 100)]);
    // To be tried again later, it is as old as it was.
    let lease = world.lease("b", Lane::Bulk).await[0].lease;
    world.give_back(lease, world.now().after(HOUR), Some(FailureClass::Server)).await;
    assert_eq!(oldest().await[1], ("b".to_owned(), 100));
    world.lease("a", Lane::Bulk).await;
    assert_eq!(oldest().await, [("b".to_owned(), 100)]);
    world.clock.pass(HOUR);
    // Leases end.
    world.book.carry_through().await.unwrap();
    let later: Vec<_> = oldest().await.into_iter().filter(|(edge, _)| edge != "b").collect();
    // Since 23:13:20, and since it was submitted: the window opened at 23:00.
    assert_eq!(later, [("a".to_owned(), 3700), ("later".to_owned(), 100), ("shut".to_owned(), 3700)]);
}

#[tokio::test]
async fn ends_that_are_to_be_told_are_counted_until_they_were_or_will_not_be() {
    let world = World::with(|options| options.keep_max = 2).await;
    let hook = |terms: &mut forebay_agent::queue::Terms| terms.webhook = Some("https://ci.test/hook".into());
    let end = async |url: &str| {
        let job = world.submit(with(order(Action::Warm, &["a"]), hook), &[url]).await;
        let ended = world.now();
        for leased in world.lease("a", Lane::Bulk).await {
            world.succeed(leased.lease).await;
        }
        world.clock.pass(Duration::from_secs(10));
        (job, ended)
    };
    let untold = async || world.book.stock().await.unwrap().untold;
    assert_eq!(untold().await, (0, Duration::ZERO));
    let (first, first_ended) = end("1").await;
    let (second, second_ended) = end("2").await;
    assert_eq!(untold().await, (2, Duration::from_secs(20)));
    let again = Told::Again { at: world.now().after(HOUR), why: "500".into() };
    world.book.told(first, first_ended, again).await.unwrap();
    assert_eq!(untold().await, (2, Duration::from_secs(20)), "it has not heard yet");
    world.book.told(first, first_ended, Told::GivenUp { why: "410".into() }).await.unwrap();
    world.book.told(second, second_ended, Told::Heard).await.unwrap();
    // What is told of an end that is none any more does not count.
    world.book.told(second, second_ended, Told::Heard).await.unwrap();
    assert_eq!(untold().await, (0, Duration::ZERO));
    let ended = || world.book.figures().tellings_ended().collect::<Vec<_>>();
    assert_eq!(ended(), [(Telling::Delivered, 1), (Telling::Undelivered, 1)]);
    for url in ["3", "4", "5"] {
        end(url).await;
    }
    world.book.carry_through().await.unwrap();
    assert_eq!(untold().await.0, 2);
    assert_eq!(ended(), [(Telling::Delivered, 1), (Telling::Undelivered, 2)], "and is not lost in silence");
}

#[tokio::test]
async fn what_is_not_taken_in_is_counted_by_why() {
    let world = World::with(|options| options.waiting_max = 1).await;
    let keyed = |key: &str| {
        let mut order = order(Action::Warm, &["a"]);
        order.idempotency_key = Some(key.to_owned());
        order
    };
    world.submit(keyed("k"), &["1"]).await;
    assert_eq!(world.try_submit(keyed("k"), &["2"]).await, Err(QueueError::Conflict));
    let full = world.try_submit(keyed("l"), &["2"]).await.unwrap_err();
    assert!(matches!(full, QueueError::Full { .. }), "{full:?}");
    let wrong = with(order(Action::Warm, &["a"]), |terms| terms.priority = 10);
    assert!(matches!(world.try_submit(wrong, &["2"]).await, Err(QueueError::Invalid(_))));
    let refused: Vec<_> = world.book.figures().refused().filter(|(_, count)| *count > 0).collect();
    assert_eq!(refused, [("full", 1), ("conflict", 1), ("invalid", 1)]);
}

#[tokio::test]
async fn what_waits_for_an_edge_is_known_without_asking_the_writer() {
    let world = World::new().await;
    world.submit(order(Action::Purge, &["a"]), &["1", "2"]).await;
    let [load] = &world.book.edges()[..] else { panic!("{:?}", world.book.edges()) };
    assert_eq!((&load.edge, load.waiting, load.processing), (&name("a"), [2, 0], [0, 0]));
    let world = world.reopened().await;
    assert_eq!(world.book.edges()[0].waiting, [2, 0], "from the tables");
    world.lease_some("a", Lane::Control, 1).await;
    assert_eq!((world.book.edges()[0].waiting, world.book.edges()[0].processing), ([1, 0], [1, 0]));
}
