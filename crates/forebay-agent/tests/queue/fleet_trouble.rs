//! What NATS may lose, repeat, garble or refuse.

use std::time::Duration;

use forebay_agent::queue::{
    Dispatcher, GivenBack, NatsLink, NatsOptions, NatsWorker, Queue as _, QueueError, RowState, Settled,
};
use forebay_agent::{Action, FailureClass, Lane};

use crate::fleet::{Fleet, settle, submit, take, until};
use crate::world::{SPAN, World, last_part, name, order, success};

#[tokio::test]
async fn what_a_server_forgets_is_sent_again() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let job = submit(&book, order(Action::Purge, &["a"]), 0..50).await;
    until("they are sent", async || dispatcher.link().counts().sent == 50).await;
    let client = async_nats::connect(fleet.nats.addr().to_string()).await.unwrap();
    let server = async_nats::jetstream::new(client);
    server.delete_stream("forebay-work").await.unwrap();
    server.delete_stream("forebay-done").await.unwrap();
    let worker = fleet.worker("one").await;
    while book.job(job).await.unwrap().ended.is_none() {
        let leased = worker.lease(&name("a"), Lane::Control, 100, SPAN).await.unwrap_or_default();
        settle(&worker, &leased).await;
    }
    assert_eq!(book.job(job).await.unwrap().rows.succeeded, 50);
    assert_eq!(dispatcher.link().counts().sent_again, 50);
}

#[tokio::test]
async fn what_was_done_is_answered_from_the_ledger_when_it_comes_again() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    let job = submit(&book, order(Action::Warm, &["a"]), 0..1).await;
    // Somebody who sees the message as the server does.
    let client = async_nats::connect(fleet.nats.addr().to_string()).await.unwrap();
    let server = async_nats::jetstream::new(client.clone());
    let stream = server.get_stream("forebay-work").await.unwrap();
    let mut message = None;
    until("it is sent", async || {
        message = stream.get_raw_message(1).await.ok();
        message.is_some()
    })
    .await;
    let message = message.unwrap();
    let worker = fleet.worker("one").await;
    settle(&worker, &take(&worker, "a", Lane::Bulk, 10).await).await;
    until("it is done", async || book.job(job).await.unwrap().ended.is_some()).await;
    // The server has forgotten that it was acknowledged; and the worker is another process by now.
    drop(worker);
    server.publish(message.subject, message.payload).await.unwrap().await.unwrap();
    let worker = fleet.worker("one").await;
    until("it is answered", async || {
        assert!(worker.lease(&name("a"), Lane::Bulk, 10, SPAN).await.unwrap().is_empty());
        worker.link().counts().answered == 1
    })
    .await;
    assert_eq!(book.job(job).await.unwrap().rows.succeeded, 1);
}

#[tokio::test]
async fn what_is_done_while_the_server_is_away_is_reported_when_it_is_back() {
    let Some(mut fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    let job = submit(&book, order(Action::Warm, &["a"]), 0..30).await;
    let worker = fleet.worker("one").await;
    let leased = take(&worker, "a", Lane::Bulk, 100).await;
    let count = leased.len() as u64;
    fleet.kill();
    // Kept, whatever happens: also if this process ends before the server is back.
    settle(&worker, &leased).await;
    drop(worker);
    fleet.restart();
    let worker = fleet.worker("one").await;
    until("it is reported", async || book.job(job).await.unwrap().rows.succeeded >= count).await;
    while book.job(job).await.unwrap().ended.is_none() {
        let rest = worker.lease(&name("a"), Lane::Bulk, 100, SPAN).await.unwrap_or_default();
        assert!(rest.iter().all(|row| leased.iter().all(|done| last_part(done) != last_part(row))));
        settle(&worker, &rest).await;
    }
}

#[tokio::test]
async fn what_is_given_back_comes_when_it_is_due_with_what_kept_it() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    let job = submit(&book, order(Action::Warm, &["a"]), 0..1).await;
    let worker = fleet.worker("one").await;
    let first = take(&worker, "a", Lane::Bulk, 10).await;
    let row =
        async || book.rows(job, forebay_agent::queue::RowFilter::default(), None, 1).await.unwrap().items;
    let due = row().await[0].ended.unwrap_or_default();
    let back = GivenBack { lease: first[0].lease, due, because: Some(FailureClass::Stalled) };
    worker.give_back(vec![back]).await.unwrap();
    let again = take(&worker, "a", Lane::Bulk, 10).await;
    assert_eq!(again[0].attempts, 2);
    assert_eq!(row().await[0].failure.as_ref().map(|failure| failure.class), Some(FailureClass::Stalled));
    let settled = Settled { lease: again[0].lease, outcome: success() };
    worker.settle(vec![settled]).await.unwrap();
    until("it is done", async || row().await[0].state == RowState::Succeeded).await;
    assert_eq!(row().await[0].outcome.as_ref(), Some(&success()));
}

#[tokio::test]
async fn an_edge_that_is_back_catches_up_whatever_was_sent_before() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let warm = submit(&book, order(Action::Warm, &["a"]), 0..20).await;
    let purge = submit(&book, order(Action::Purge, &["a"]), 50..60).await;
    until("all is sent", async || dispatcher.link().counts().sent == 30).await;
    let worker = fleet.worker("one").await;
    worker.catch_up(&name("a")).await.unwrap();
    let waits = async || book.job(warm).await.unwrap().rows.waiting == 20;
    until("what fetches is taken back", waits).await;
    assert!(worker.lease(&name("a"), Lane::Bulk, 100, SPAN).await.unwrap().is_empty());
    let purges = take(&worker, "a", Lane::Control, 100).await;
    settle(&worker, &purges).await;
    until("they have ended", async || book.job(purge).await.unwrap().ended.is_some()).await;
    assert_eq!(take(&worker, "a", Lane::Bulk, 100).await[0].attempts, 1);
}

#[tokio::test]
async fn an_edge_that_one_agent_cannot_reach_is_left_to_the_others() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    let warm = submit(&book, order(Action::Warm, &["a"]), 0..3).await;
    let (reaches, does_not) = (fleet.worker("reaches").await, fleet.worker("does not").await);
    let mut leased = Vec::new();
    while leased.len() < 3 {
        leased.extend(take(&reaches, "a", Lane::Bulk, 10).await);
    }
    submit(&book, order(Action::Purge, &["a"]), 50..60).await;
    does_not.before_trying(&name("a")).await.unwrap();
    settle(&reaches, &leased).await;
    until("they are done", async || book.job(warm).await.unwrap().ended.is_some()).await;
    // With nothing to catch up with, nothing is taken out of anybody's hands either.
    settle(&reaches, &take(&reaches, "a", Lane::Control, 100).await).await;
    let warm = submit(&book, order(Action::Warm, &["a"]), 70..71).await;
    let leased = take(&reaches, "a", Lane::Bulk, 10).await;
    does_not.catch_up(&name("a")).await.unwrap();
    settle(&reaches, &leased).await;
    until("it is done", async || book.job(warm).await.unwrap().ended.is_some()).await;
}

#[tokio::test]
async fn an_edge_that_is_back_catches_up_also_if_the_server_would_not_have_it_at_first() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let warm = submit(&book, order(Action::Warm, &["a"]), 0..20).await;
    submit(&book, order(Action::Purge, &["a"]), 50..60).await;
    until("all is sent", async || dispatcher.link().counts().sent == 30).await;
    let worker = fleet.worker("one").await;
    let client = async_nats::connect(fleet.nats.addr().to_string()).await.unwrap();
    let server = async_nats::jetstream::new(client);
    let ours = server.get_stream("forebay-done").await.unwrap().cached_info().config.clone();
    let mut theirs = ours.clone();
    theirs.subjects.push("theirs".into());
    server.update_stream(theirs).await.unwrap();
    worker.catch_up(&name("a")).await.unwrap();
    assert_eq!(book.job(warm).await.unwrap().rows.waiting, 0, "it cannot be done yet");
    server.update_stream(ours).await.unwrap();
    let waits = async || book.job(warm).await.unwrap().rows.waiting == 20;
    until("what fetches is taken back", waits).await;
}

#[tokio::test]
async fn a_batch_of_more_bytes_than_there_is_room_for_comes_in_parts() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let options = NatsOptions {
        ask_after: Duration::from_mins(5),
        ack_wait: Duration::from_mins(5),
        ..fleet.options()
    };
    let link = async || NatsLink::connect(options.clone()).await.unwrap();
    let dispatcher = Dispatcher::start(book.clone(), link().await).await.unwrap();
    let mut large = order(Action::Purge, &["a"]);
    large.terms.options = "x".repeat(12 << 10).into();
    let job = submit(&book, large, 0..200).await;
    until("all is sent", async || dispatcher.link().counts().sent == 200).await;
    let worker = NatsWorker::open(link().await, fleet.dir.path().join("one")).await.unwrap();
    while book.job(job).await.unwrap().ended.is_none() {
        let leased = worker.lease(&name("a"), Lane::Control, 256, SPAN).await.unwrap();
        settle(&worker, &leased).await;
    }
    assert_eq!(book.job(job).await.unwrap().rows.succeeded, 200);
}

#[tokio::test]
async fn a_server_that_is_there_and_gives_nothing_is_counted_and_asked_again() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let _dispatcher = fleet.dispatcher(&book).await;
    submit(&book, order(Action::Warm, &["a"]), 0..1).await;
    let client = async_nats::connect(fleet.nats.addr().to_string()).await.unwrap();
    let server = async_nats::jetstream::new(client);
    let stream = server.get_stream("forebay-work").await.unwrap();
    // Somebody else's, who lets nobody pull.
    let theirs = async_nats::jetstream::consumer::push::Config {
        durable_name: Some("a-bulk".into()),
        deliver_subject: "theirs".into(),
        filter_subject: "forebay.work.other.>".into(),
        ..Default::default()
    };
    stream.create_consumer(theirs).await.unwrap();
    let worker = fleet.worker("one").await;
    let (edge, counted) = (name("a"), async || worker.link().counts().failed >= 2);
    tokio::select! {
        ready = worker.ready(&edge, Lane::Bulk) => panic!("{ready:?}"),
        () = until("it is counted", counted) => {}
    }
    stream.delete_consumer("a-bulk").await.unwrap();
    assert_eq!(take(&worker, "a", Lane::Bulk, 10).await.len(), 1);
}

#[tokio::test]
async fn messages_that_nobody_can_read_are_ended_and_counted_and_hold_nobody_up() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let dispatcher = fleet.dispatcher(&book).await;
    let client = async_nats::connect(fleet.nats.addr().to_string()).await.unwrap();
    let server = async_nats::jetstream::new(client.clone());
    let publish = async |subject: &str, text: &'static str| {
        server.publish(subject.to_owned(), text.into()).await.unwrap().await.unwrap();
    };
    publish("forebay.work.a.bulk.x.1", "no JSON").await;
    publish("forebay.work.a.bulk.x.2", "{\"v\":2}").await;
    let job = submit(&book, order(Action::Warm, &["a"]), 0..3).await;
    let worker = fleet.worker("one").await;
    let mut done = 0;
    while done < 3 {
        let leased = take(&worker, "a", Lane::Bulk, 10).await;
        settle(&worker, &leased).await;
        done += leased.len();
    }
    until("they are done", async || book.job(job).await.unwrap().ended.is_some()).await;
    assert_eq!(worker.link().counts().garbled, 2);
    let mut done = server.get_stream("forebay-done").await.unwrap();
    let subject = {
        use futures_util::TryStreamExt as _;
        let names: Vec<String> = done.consumer_names().try_collect().await.unwrap();
        format!("forebay.done.{}", names[0].strip_prefix("book-").unwrap())
    };
    publish(&subject, "no JSON either").await;
    client.publish("forebay.back", "no edge!".into()).await.unwrap();
    until("both are counted", async || dispatcher.link().counts().garbled == 2).await;
    let empty = async || done.info().await.unwrap().state.messages == 0;
    until("none is left", empty).await;
}

#[tokio::test]
async fn a_full_stream_is_waited_for() {
    let Some(fleet) = Fleet::start() else { return };
    let book = fleet.book().await;
    let options = NatsOptions {
        stream_max: forebay_budget::ByteSize::kib(8),
        ask_after: Duration::from_mins(5),
        ..fleet.options()
    };
    let link = NatsLink::connect(options).await.unwrap();
    let _dispatcher = Dispatcher::start(book.clone(), link).await.unwrap();
    let job = submit(&book, order(Action::Warm, &["a"]), 0..60).await;
    let worker = fleet.worker("one").await;
    while book.job(job).await.unwrap().ended.is_none() {
        let leased = worker.lease(&name("a"), Lane::Bulk, 100, SPAN).await.unwrap();
        assert!(leased.iter().all(|leased| leased.attempts == 1));
        settle(&worker, &leased).await;
    }
    assert_eq!(book.job(job).await.unwrap().rows.succeeded, 60);
}

#[tokio::test]
async fn a_book_whose_leases_end_by_themselves_is_not_dispatched() {
    let Some(fleet) = Fleet::start() else { return };
    let world = World::new().await;
    let error = Dispatcher::start(world.book.clone(), fleet.link().await).await.unwrap_err();
    assert!(matches!(error, QueueError::Invalid(_)), "{error}");
}
