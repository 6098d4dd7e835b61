//! What becomes of jobs: cancelled, tried again, forgotten.

use std::time::Duration;

use forebay_agent::queue::{
    JobFilter, JobId, JobState, QueueError, RowFilter, RowState, Tally, Telling, Told,
};
use forebay_agent::{Action, FailureClass, Lane};

use crate::world::{SPAN, World, name, order, target, with};

use RowState::{Cancelled, Failed, Processing, Succeeded, Waiting};

#[tokio::test]
async fn cancelling_takes_back_what_waits_and_lets_end_what_is_in_hand() {
    let world = World::new().await;
    let job = world.submit(order(Action::Warm, &["a"]), &["1", "2", "3", "4"]).await;
    let leased = world.lease_some("a", Lane::Bulk, 3).await;
    world.book.cancel(job).await.unwrap();
    world.book.carry_through().await.unwrap();
    assert_eq!(world.states(job).await, [Processing, Processing, Processing, Cancelled]);
    assert_eq!(world.book.job(job).await.unwrap().ended, None);
    world.succeed(leased[0].lease).await;
    world.give_back(leased[1].lease, world.now(), None).await;
    // The third is heard of no more.
    world.clock.pass(SPAN);
    assert!(world.lease("a", Lane::Bulk).await.is_empty());
    assert_eq!(world.states(job).await, [Succeeded, Cancelled, Cancelled, Cancelled]);
    let seen = world.book.job(job).await.unwrap();
    assert_eq!((seen.state, seen.ended), (JobState::Cancelled, Some(world.now())));
    assert_eq!(world.book.retry(job).await, Err(QueueError::Cancelled));
    world.book.cancel(job).await.unwrap();
}

#[tokio::test]
async fn cancelling_goes_on_after_a_restart() {
    let world = World::new().await;
    let urls: Vec<_> = (0..5000).map(|n| n.to_string()).collect();
    let urls: Vec<_> = urls.iter().map(String::as_str).collect();
    let job = world.submit(order(Action::Warm, &["a"]), &urls).await;
    world.book.cancel(job).await.unwrap();
    let world = world.reopened().await;
    world.book.carry_through().await.unwrap();
    let seen = world.book.job(job).await.unwrap();
    assert_eq!(seen.rows, Tally { cancelled: 5000, ..Tally::default() });
    assert!(seen.ended.is_some());
}

#[tokio::test]
async fn what_failed_is_tried_again_as_if_never_tried() {
    let world = World::new().await;
    let job = world.submit(order(Action::Warm, &["a"]), &["1", "2", "3"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    world.fail(leased[0].lease).await;
    world.succeed(leased[1].lease).await;
    world.fail(leased[2].lease).await;
    assert_eq!(world.book.retry(job).await, Ok(2));
    world.book.carry_through().await.unwrap();
    assert_eq!(world.states(job).await, [Waiting, Succeeded, Waiting]);
    let row = &world.rows(job).await[0];
    assert_eq!((row.attempts, &row.outcome, &row.failure, row.ended), (0, &None, &None, None));
    assert_eq!(world.book.job(job).await.unwrap().ended, None);
    for leased in world.lease("a", Lane::Bulk).await {
        assert_eq!(leased.attempts, 1);
        world.succeed(leased.lease).await;
    }
    assert_eq!(world.book.job(job).await.unwrap().state, JobState::Succeeded);
    assert_eq!(world.book.retry(job).await, Ok(0));
}

#[tokio::test]
async fn who_wants_to_hear_of_the_end_is_told_until_he_has_heard() {
    let world = World::new().await;
    let hook = |terms: &mut forebay_agent::queue::Terms| terms.webhook = Some("https://ci.test/hook".into());
    let job = world.submit(with(order(Action::Warm, &["a"]), hook), &["1"]).await;
    world.submit(order(Action::Warm, &["a"]), &["2"]).await;
    assert!(announced(&world).await.is_empty());
    for leased in world.lease("a", Lane::Bulk).await {
        world.fail(leased.lease).await;
    }
    assert_eq!(announced(&world).await, [job]);
    assert!(world.book.to_announce(10, vec![job]).await.unwrap().is_empty(), "somebody has it in hand");
    let ended = world.now();
    world.book.told(job, ended, Told::Again { at: ended.after(SPAN), why: "500".into() }).await.unwrap();
    assert!(announced(&world).await.is_empty());
    assert_eq!(telling(&world, job).await, (Telling::Pending, 1, Some("500".into())));
    world.clock.pass(SPAN);
    let world = world.reopened().await;
    assert_eq!(announced(&world).await, [job]);
    world.book.told(job, ended, Told::Heard).await.unwrap();
    world.clock.pass(SPAN);
    assert!(announced(&world).await.is_empty());
    assert_eq!(telling(&world, job).await, (Telling::Delivered, 2, Some("500".into())));
    // What is tried again ends again.
    assert_eq!(world.book.retry(job).await, Ok(1));
    world.book.carry_through().await.unwrap();
    assert_eq!(telling(&world, job).await, (Telling::Pending, 0, None));
    for leased in world.lease("a", Lane::Bulk).await {
        world.succeed(leased.lease).await;
    }
    world.book.told(job, ended, Told::Heard).await.unwrap();
    assert_eq!(announced(&world).await, [job], "that was said of its first end");
    world.book.told(job, world.now(), Told::GivenUp { why: "410".into() }).await.unwrap();
    assert_eq!(telling(&world, job).await, (Telling::Undelivered, 1, Some("410".into())));
    let filter = JobFilter { telling: Some(Telling::Undelivered), ..JobFilter::default() };
    assert_eq!(world.book.jobs(filter, None, 10).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn who_tells_of_ends_is_woken_by_an_end_and_by_the_time_of_the_next_try() {
    let world = World::new().await;
    let hook = |terms: &mut forebay_agent::queue::Terms| terms.webhook = Some("https://ci.test/hook".into());
    let job = world.submit(with(order(Action::Warm, &["a"]), hook), &["1"]).await;
    world.book.announcements().await.unwrap();
    assert!(announced(&world).await.is_empty());
    let mut woken = Box::pin(world.book.announcements());
    assert!(futures_util::poll!(&mut woken).is_pending());
    world.succeed(world.lease("a", Lane::Bulk).await[0].lease).await;
    woken.await.unwrap();
    let ended = world.now();
    assert_eq!(announced(&world).await, [job]);
    world.book.told(job, ended, Told::Later { at: ended.after(SPAN) }).await.unwrap();
    assert!(announced(&world).await.is_empty());
    let mut woken = Box::pin(world.book.announcements());
    assert!(futures_util::poll!(&mut woken).is_pending());
    world.clock.pass(SPAN);
    woken.await.unwrap();
    assert_eq!(announced(&world).await, [job]);
}

async fn announced(world: &World) -> Vec<JobId> {
    world.book.to_announce(10, Vec::new()).await.unwrap().iter().map(|job| job.id).collect()
}

async fn telling(world: &World, job: JobId) -> (Telling, u32, Option<Box<str>>) {
    let webhook = world.book.job(job).await.unwrap().webhook.unwrap();
    (webhook.state, webhook.tries, webhook.trouble)
}

#[tokio::test]
async fn jobs_are_kept_for_a_time_and_up_to_a_number() {
    let world = World::with(|options| {
        (options.keep_for, options.keep_max) = (Duration::from_hours(1), 2);
    })
    .await;
    let mut jobs = Vec::new();
    for n in 0..4 {
        let job = world.submit(order(Action::Warm, &["a", "b"]), &[&n.to_string()]).await;
        for edge in ["a", "b"] {
            for leased in world.lease(edge, Lane::Bulk).await {
                world.fail(leased.lease).await;
            }
        }
        world.clock.pass(Duration::from_secs(1));
        jobs.push(job);
    }
    let live = world.submit(order(Action::Warm, &["a"]), &["live"]).await;
    world.book.carry_through().await.unwrap();
    let kept: Vec<_> = world
        .book
        .jobs(JobFilter::default(), None, 10)
        .await
        .unwrap()
        .items
        .iter()
        .map(|job| job.id)
        .collect();
    assert_eq!(kept, [live, jobs[3], jobs[2]]);
    assert_eq!(world.book.job(jobs[0]).await, Err(QueueError::NoSuchJob));
    assert_eq!(world.book.dead_letters(None, 100).await.unwrap().items.len(), 4);
    world.clock.pass(Duration::from_hours(1));
    world.book.carry_through().await.unwrap();
    let kept = world.book.jobs(JobFilter::default(), None, 10).await.unwrap().items;
    assert_eq!(kept.iter().map(|job| job.id).collect::<Vec<_>>(), [live]);
    assert_eq!(world.leased("a", Lane::Bulk).await, ["live"]);
}

#[tokio::test]
async fn a_job_of_whose_end_somebody_is_to_hear_is_kept_until_then_but_not_beyond_the_number() {
    let world = World::with(|options| {
        (options.keep_for, options.keep_max) = (Duration::from_hours(1), 2);
    })
    .await;
    let hook = |terms: &mut forebay_agent::queue::Terms| terms.webhook = Some("https://ci.test/hook".into());
    let end = async |url: &str| {
        let job = world.submit(with(order(Action::Warm, &["a"]), hook), &[url]).await;
        for leased in world.lease("a", Lane::Bulk).await {
            world.succeed(leased.lease).await;
        }
        world.clock.pass(Duration::from_secs(1));
        job
    };
    let ended = world.now();
    let first = end("1").await;
    world.clock.pass(Duration::from_hours(2));
    world.book.carry_through().await.unwrap();
    assert_eq!(announced(&world).await, [first]);
    world.book.told(first, ended, Told::Heard).await.unwrap();
    world.book.carry_through().await.unwrap();
    assert_eq!(world.book.job(first).await, Err(QueueError::NoSuchJob));
    let crowd = [end("2").await, end("3").await, end("4").await];
    world.book.carry_through().await.unwrap();
    assert_eq!(announced(&world).await, crowd[1..]);
}

#[tokio::test]
async fn a_list_stays_as_long_as_a_run_of_it_is_kept() {
    let world = World::with(|options| options.keep_for = Duration::from_secs(10)).await;
    let mut order = order(Action::Warm, &["a"]);
    order.terms.every = Some(Duration::from_mins(1));
    let first = world.submit(order, &["1"]).await;
    for _ in 0..3 {
        for leased in world.lease("a", Lane::Bulk).await {
            world.succeed(leased.lease).await;
        }
        world.book.carry_through().await.unwrap();
        world.clock.pass(Duration::from_mins(1));
        world.book.carry_through().await.unwrap();
    }
    assert_eq!(world.book.job(first).await, Err(QueueError::NoSuchJob));
    assert_eq!(world.leased("a", Lane::Bulk).await, ["1"]);
}

#[tokio::test]
async fn pages_show_everything_once() {
    let world = World::new().await;
    let mut submission = world.book.submit(order(Action::Warm, &["a", "b", "c"])).await.unwrap();
    for n in 0..50 {
        submission.add(&target(&n.to_string())).await.unwrap();
    }
    let job = submission.seal().await.unwrap().id;
    for leased in world.lease("b", Lane::Bulk).await {
        world.fail(leased.lease).await;
    }
    let count = async |filter: RowFilter| {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = world.book.rows(job, filter.clone(), after, 7).await.unwrap();
            seen.extend(page.items.into_iter().map(|row| (row.url, row.edge)));
            after = page.next.map(|next| next.to_string().parse().unwrap());
            if after.is_none() {
                break;
            }
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
        all
    };
    assert_eq!(count(RowFilter::default()).await, 150);
    assert_eq!(count(RowFilter { state: Some(Waiting), ..RowFilter::default() }).await, 100);
    assert_eq!(count(RowFilter { state: Some(Failed), ..RowFilter::default() }).await, 50);
    let refused = RowFilter { class: Some(FailureClass::Refused), ..RowFilter::default() };
    assert_eq!(count(refused).await, 50);
    let on_c = RowFilter { edge: Some(name("c")), state: Some(Waiting), ..RowFilter::default() };
    assert_eq!(count(on_c).await, 50);
    let places = world.book.places(job, None, 2).await.unwrap();
    assert_eq!(places.items[1].rows, Tally { failed: 50, ..Tally::default() });
    let rest = world.book.places(job, places.next, 2).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    for state in JobState::ALL {
        let found = world
            .book
            .jobs(JobFilter { state: Some(state), ..JobFilter::default() }, None, 10)
            .await
            .unwrap()
            .items;
        assert_eq!(found.len(), usize::from(state == JobState::Running), "{state:?}");
    }
}
