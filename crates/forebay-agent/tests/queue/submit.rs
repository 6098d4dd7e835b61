//! Taking jobs in.

use forebay_agent::queue::{JobFilter, JobState, QueueError, RowState, Submitted, Tally};
use forebay_agent::{Action, Lane};

use crate::world::{World, last_part, order, success, target, with};

#[tokio::test]
async fn a_job_is_its_urls_on_its_edges_in_the_order_in_which_they_came() {
    let world = World::new().await;
    let id = world.submit(order(Action::Warm, &["a", "b"]), &["1", "2", "1", "3"]).await;
    let job = world.book.job(id).await.unwrap();
    assert_eq!((job.urls, job.duplicates, job.state), (3, 1, JobState::Waiting));
    assert_eq!(job.rows, Tally { waiting: 6, ..Tally::default() });
    let rows = world.rows(id).await;
    let seen: Vec<_> =
        rows.iter().map(|row| (row.url.rsplit('/').next().unwrap(), row.edge.as_str())).collect();
    assert_eq!(seen, [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b"), ("3", "a"), ("3", "b")]);
    assert_eq!(world.leased("b", Lane::Bulk).await, ["1", "2", "3"]);
    assert!(world.leased("b", Lane::Control).await.is_empty());
}

#[tokio::test]
async fn many_urls_come_in_batches_and_none_is_lost_or_doubled() {
    let world = World::new().await;
    let urls: Vec<_> = (0..3000).map(|n| format!("{}", n % 2500)).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let submitted = world.try_submit(order(Action::Purge, &["a", "b", "c"]), &urls).await.unwrap();
    assert_eq!((submitted.urls, submitted.duplicates), (2500, 500));
    let mut all = Vec::new();
    loop {
        let leased = world.lease_some("b", Lane::Control, 700).await;
        if leased.is_empty() {
            break;
        }
        all.extend(leased.iter().map(last_part));
    }
    assert_eq!(all, urls[..2500]);
}

#[tokio::test]
async fn what_happened_is_shown_as_it_was_told() {
    let world = World::new().await;
    let id = world.submit(order(Action::Warm, &["a"]), &["1", "2"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    world.succeed(leased[0].lease).await;
    world.fail(leased[1].lease).await;
    let rows = world.rows(id).await;
    assert_eq!(rows[0].outcome.as_ref(), Some(&success()));
    assert_eq!((rows[0].state, rows[0].failure.as_ref()), (RowState::Succeeded, None));
    assert_eq!(rows[1].outcome.as_ref(), Some(&crate::world::failure()));
    assert_eq!(rows[1].state, RowState::Failed);
    let dead = world.book.dead_letters(None, 10).await.unwrap();
    assert_eq!(dead.items, rows[1..]);
    let job = world.book.job(id).await.unwrap();
    assert_eq!((job.state, job.ended), (JobState::Failed, Some(world.now())));
}

#[tokio::test]
async fn a_request_that_is_sent_twice_is_done_once() {
    let world = World::new().await;
    let keyed = |key: &str, priority| {
        let mut order = with(order(Action::Warm, &["a"]), |terms| terms.priority = priority);
        order.idempotency_key = Some(key.into());
        order
    };
    let first = world.try_submit(keyed("k", 5), &["1", "2", "2"]).await.unwrap();
    let again = world.try_submit(keyed("k", 5), &["1", "2", "2"]).await.unwrap();
    assert_eq!(again, Submitted { is_known: true, ..first });
    assert_eq!(world.try_submit(keyed("k", 6), &["1", "2", "2"]).await, Err(QueueError::Conflict));
    assert_eq!(world.try_submit(keyed("k", 5), &["1", "2"]).await, Err(QueueError::Conflict));
    assert_ne!(world.try_submit(keyed("l", 5), &["1", "2", "2"]).await.unwrap().id, first.id);
    // Also after a restart; and while the first is still coming in nobody can tell.
    let world = world.reopened().await;
    assert!(world.try_submit(keyed("k", 5), &["1", "2", "2"]).await.unwrap().is_known);
    let open = world.book.submit(keyed("m", 5)).await.unwrap();
    assert_eq!(world.book.submit(keyed("m", 5)).await.unwrap_err(), QueueError::UnderWay);
    drop(open);
    assert!(!world.try_submit(keyed("m", 5), &["1"]).await.unwrap().is_known);
}

#[tokio::test]
async fn nobody_was_told_of_a_job_that_was_not_sealed_so_there_is_none() {
    let world = World::new().await;
    let mut left = world.book.submit(order(Action::Purge, &["a"])).await.unwrap();
    for n in 0..2500 {
        left.add(&target(&n.to_string())).await.unwrap();
    }
    // Work on it may have begun, and is nobody's business any more.
    let leased = world.lease_some("a", Lane::Control, 10).await;
    assert_eq!(leased.len(), 10);
    drop(left);
    world.book.carry_through().await.unwrap();
    assert!(world.leased("a", Lane::Control).await.is_empty());
    for leased in leased {
        world.succeed(leased.lease).await;
    }
    world.book.carry_through().await.unwrap();
    assert!(world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items.is_empty());
    let loads = world.book.edges();
    assert_eq!((loads[0].waiting, loads[0].processing), ([0, 0], [0, 0]));
}

#[tokio::test]
async fn a_process_that_ends_forgets_what_was_not_sealed() {
    let world = World::new().await;
    let kept = world.submit(order(Action::Purge, &["a"]), &["kept"]).await;
    let mut open = world.book.submit(order(Action::Purge, &["a"])).await.unwrap();
    for n in 0..2500 {
        open.add(&target(&n.to_string())).await.unwrap();
    }
    let world = world.reopened().await;
    assert_eq!(open.seal().await, Err(QueueError::Closed));
    world.book.carry_through().await.unwrap();
    let jobs = world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items;
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(world.leased("a", Lane::Control).await, ["kept"]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let world = World::with(|options| {
        (options.waiting_max, options.urls_max, options.jobs_max) = (1000, 600, 3);
    })
    .await;
    let urls: Vec<_> = (0..601).map(|n| n.to_string()).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let submitted = world.try_submit(order(Action::Warm, &["a"]), &urls).await;
    assert_eq!(submitted, Err(QueueError::TooManyUrls { most: 600 }));
    let submitted = world.try_submit(order(Action::Warm, &["a", "b"]), &urls[..600]).await;
    assert_eq!(submitted, Err(QueueError::Full { what: "rows", most: 1000 }));
    world.book.carry_through().await.unwrap();
    assert!(world.leased("a", Lane::Bulk).await.is_empty());
    // The same URL once more is none too many.
    let again: Vec<_> = urls[..600].iter().chain(&urls[..100]).copied().collect();
    world.submit(order(Action::Warm, &["a"]), &again).await;
    world.submit(order(Action::Warm, &["a"]), &["x"]).await;
    world.submit(order(Action::Warm, &["a"]), &["x"]).await;
    let fourth = world.try_submit(order(Action::Warm, &["a"]), &["x"]).await;
    assert_eq!(fourth, Err(QueueError::Full { what: "jobs", most: 3 }));
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused_in_words() {
    let world = World::new().await;
    let refused = |order| async { world.try_submit(order, &["1"]).await.unwrap_err().to_string() };
    assert_eq!(refused(order(Action::Warm, &[])).await, "a job needs an edge");
    assert_eq!(refused(order(Action::Warm, &["a", "b", "a"])).await, "an edge is named twice");
    let high = with(order(Action::Warm, &["a"]), |terms| terms.priority = 10);
    assert_eq!(refused(high).await, "a priority is 0 to 9");
    let long = with(order(Action::Warm, &["a"]), |terms| terms.options = "x".repeat(20_000).into());
    assert_eq!(refused(long).await, "the options have more than 16 KiB");
    let none = world.try_submit(order(Action::Warm, &["a"]), &[]).await;
    assert_eq!(none, Err(QueueError::Invalid("a job needs a URL")));
}
