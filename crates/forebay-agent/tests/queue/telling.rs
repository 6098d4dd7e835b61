//! Who hears of a job's end: between the queue and a receiver that may be slow, wrong or gone.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_agent::hook::{Courier, CourierOptions, Receivers, Secret, Secrets};
use forebay_agent::queue::{JobFilter, JobId, Moment, Telling, Webhook};
use forebay_agent::{Action, Lane};
use forebay_net::client::{Client, ClientOptions};
use forebay_testkit::fake::{Cut, Fault, Gate, When};
use forebay_testkit::fake_receiver::{FakeReceiver, Heard};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::world::{World, order, with};

const KEYS: [[u8; 32]; 2] = [[7; 32], [9; 32]];
const PATIENCE: Duration = Duration::from_hours(72);

/// A courier at work, until it is dropped.
struct AtWork(JoinHandle<()>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn at_work(world: &World, prefixes: &[String]) -> AtWork {
    let secrets = KEYS.map(|key| Secret::parse(&format!("whsec_{}", STANDARD.encode(key))).unwrap());
    let options =
        CourierOptions { patience: PATIENCE, clock: world.clock.clone(), ..CourierOptions::default() };
    let courier = Courier::new(
        world.book.clone(),
        Client::new(ClientOptions::default()),
        Receivers::new(prefixes).unwrap(),
        Secrets::new(secrets.to_vec()),
        options,
    );
    AtWork(tokio::spawn(async move {
        // It ends with the queue.
        drop(courier.run().await);
    }))
}

/// A job that is over, and of which this URL is to hear.
async fn over(world: &World, url: &str) -> JobId {
    let hook = |terms: &mut forebay_agent::queue::Terms| {
        (terms.webhook, terms.label) = (Some(url.to_owned()), Some("nightly".to_owned()));
    };
    let job = world.submit(with(order(Action::Warm, &["a"]), hook), &["1", "2"]).await;
    let leased = world.lease("a", Lane::Bulk).await;
    world.succeed(leased[0].lease).await;
    world.fail(leased[1].lease).await;
    job
}

async fn webhook(world: &World, job: JobId) -> Webhook {
    world.book.job(job).await.unwrap().webhook.unwrap()
}

/// Waits until the webhook of a job is so.
async fn until(world: &World, job: JobId, is_so: impl Fn(&Webhook) -> bool) -> Webhook {
    let waiting = async {
        loop {
            let seen = webhook(world, job).await;
            if is_so(&seen) {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(20), waiting).await {
        Ok(seen) => seen,
        Err(_) => panic!("it never came to be: {:?}", webhook(world, job).await),
    }
}

/// What a receiver would compute (RFC 2104), by nothing that the sender uses but SHA-256.
fn signature(key: [u8; 32], heard: &Heard) -> String {
    let field = |name| heard.head.field(name).unwrap();
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        Sha256::new().chain_update(block)
    };
    let signed = format!("{}.{}.", field("webhook-id"), field("webhook-timestamp"));
    let inner = pad(0x36).chain_update(signed).chain_update(&heard.body).finalize();
    format!("v1,{}", STANDARD.encode(pad(0x5c).chain_update(inner).finalize()))
}

#[tokio::test]
async fn the_end_of_a_job_is_told_once_under_every_secret() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    let courier = at_work(&world, &[receiver.url("/hooks/")]);
    let job = over(&world, &receiver.url("/hooks/7?for=me")).await;
    let seen = until(&world, job, |webhook| webhook.state == Telling::Delivered).await;
    assert_eq!((seen.tries, seen.told, seen.trouble), (1, Some(world.now()), None));
    let heard = receiver.heard();
    assert_eq!((heard.len(), heard[0].head.target.as_str()), (1, "/hooks/7?for=me"));
    let signatures = KEYS.map(|key| signature(key, &heard[0])).join(" ");
    assert_eq!(heard[0].head.field("webhook-signature"), Some(signatures.as_str()));
    assert_eq!(heard[0].head.field("content-type"), Some("application/json"));
    let timestamp: i64 = heard[0].head.field("webhook-timestamp").unwrap().parse().unwrap();
    assert_eq!(timestamp, world.now().0 / 1000);
    let body: serde_json::Value = serde_json::from_slice(&heard[0].body).unwrap();
    assert_eq!((&body["type"], &body["data"]["id"]), (&"job.ended".into(), &job.to_string().into()));
    assert_eq!((&body["data"]["state"], &body["data"]["label"]), (&"failed".into(), &"nightly".into()));
    assert_eq!((&body["data"]["rows"]["succeeded"], &body["data"]["rows"]["failed"]), (&1.into(), &1.into()));
    drop(courier);
    let world = world.reopened().await;
    let _courier = at_work(&world, &[receiver.url("/hooks/")]);
    world.clock.pass(PATIENCE);
    let second = over(&world, &receiver.url("/hooks/8")).await;
    until(&world, second, |webhook| webhook.state == Telling::Delivered).await;
    assert_eq!(receiver.seen().len(), 2, "who has heard is not told again");
}

#[tokio::test]
async fn a_receiver_that_does_not_acknowledge_is_told_again_later_also_by_the_next_process() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    receiver.script().push(When::any(), Fault::internal_error());
    // The second time it hears, and its answer is lost: nobody can know.
    receiver.script().push(When::any(), Fault::LoseAnswer(Cut::Reset));
    let prefixes = [receiver.url("/")];
    let courier = at_work(&world, &prefixes);
    let job = over(&world, &receiver.url("/hook")).await;
    let seen = until(&world, job, |webhook| webhook.tries == 1).await;
    assert_eq!(seen.state, Telling::Pending);
    assert!(seen.trouble.unwrap().contains("500"));
    assert!(seen.next.unwrap() <= world.now().after(Duration::from_secs(5)));
    drop(courier);
    world.clock.pass(Duration::from_secs(5));
    let world = world.reopened().await;
    let courier = at_work(&world, &prefixes);
    let seen = until(&world, job, |webhook| webhook.tries == 2).await;
    assert_eq!(seen.state, Telling::Pending);
    drop(courier);
    let world = world.reopened().await;
    world.clock.pass(Duration::from_secs(10));
    let _courier = at_work(&world, &prefixes);
    until(&world, job, |webhook| webhook.state == Telling::Delivered && webhook.tries == 3).await;
    let fields = |name: &str| -> Vec<_> {
        receiver.seen().iter().map(|seen| seen.head.field(name).unwrap().to_owned()).collect()
    };
    let ids = fields("webhook-id");
    assert_eq!(ids, vec![ids[0].clone(); 3], "one message, however often it is told");
    let times = fields("webhook-timestamp");
    assert!(times[0] < times[1] && times[1] < times[2], "{times:?}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_no_more() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    receiver.script().push(When::any(), Fault::refuse(410, "Gone"));
    let _courier = at_work(&world, &[receiver.url("/")]);
    let job = over(&world, &receiver.url("/hook")).await;
    let seen = until(&world, job, |webhook| webhook.state == Telling::Undelivered).await;
    assert_eq!((seen.tries, seen.next), (1, None));
    assert!(seen.trouble.unwrap().contains("410"));
    let filter = |telling| JobFilter { telling: Some(telling), ..JobFilter::default() };
    let listed = async |telling| world.book.jobs(filter(telling), None, 10).await.unwrap().items.len();
    assert_eq!((listed(Telling::Undelivered).await, listed(Telling::Delivered).await), (1, 0));
    assert!(world.book.to_announce(10, Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_receiver_is_told_for_a_bounded_time_and_no_redirect_is_followed() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    let elsewhere = FakeReceiver::start().unwrap();
    receiver.script().push(When::any().always(), Fault::redirect(307, &elsewhere.url("/hook")));
    let _courier = at_work(&world, &[receiver.url("/")]);
    let job = over(&world, &receiver.url("/hook")).await;
    let (ended, mut tries) = (world.now(), 0);
    let seen = loop {
        let seen = until(&world, job, |webhook| webhook.tries > tries).await;
        tries = seen.tries;
        let Some(next) = seen.next else { break seen };
        assert!(next <= ended.after(PATIENCE));
        // Waits are drawn by chance, an hour at most.
        world.clock.pass(next.since(world.now()).max(Duration::from_hours(1)));
    };
    assert_eq!(seen.state, Telling::Undelivered);
    assert!(tries > 20 && world.now() > ended.after(PATIENCE - Duration::from_hours(2)), "{tries}");
    assert!(seen.trouble.unwrap().contains("no redirect is followed"));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_receiver_that_names_a_time_is_left_alone_until_then() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    receiver.script().push(When::any(), Fault::slow_down(Some(3600)));
    let _courier = at_work(&world, &[receiver.url("/")]);
    let job = over(&world, &receiver.url("/hook")).await;
    let seen = until(&world, job, |webhook| webhook.tries == 1).await;
    assert!(seen.next.unwrap() >= world.now().after(Duration::from_secs(3600)));
    world.clock.pass(Duration::from_secs(3599));
    assert!(world.book.to_announce(10, Vec::new()).await.unwrap().is_empty());
    world.clock.pass(Duration::from_secs(60));
    until(&world, job, |webhook| webhook.state == Telling::Delivered).await;
}

#[tokio::test]
async fn who_may_not_be_told_any_more_is_not_unless_that_was_a_slip() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    let job = over(&world, &receiver.url("/hook")).await;
    let courier = at_work(&world, &["https://ci.example.test/".to_owned()]);
    let seen = until(&world, job, |webhook| webhook.tries == 1).await;
    assert!(seen.trouble.unwrap().contains("https://ci.example.test/"));
    assert!(receiver.seen().is_empty());
    drop(courier);
    world.clock.pass(Duration::from_hours(1));
    let _courier = at_work(&world, &[receiver.url("/")]);
    until(&world, job, |webhook| webhook.state == Telling::Delivered).await;
}

#[tokio::test]
async fn few_are_told_at_once() {
    let (world, receiver) = (World::new().await, FakeReceiver::start().unwrap());
    let gate = Gate::new();
    receiver.script().push(When::any().always(), Fault::Hang(gate.clone()));
    let mut jobs = Vec::new();
    for n in 0..10 {
        jobs.push(over(&world, &receiver.url(&format!("/{n}"))).await);
    }
    let _courier = at_work(&world, &[receiver.url("/")]);
    gate.wait(4).await;
    receiver.script().clear();
    gate.open();
    for job in jobs {
        until(&world, job, |webhook| webhook.state == Telling::Delivered).await;
    }
    assert_eq!((receiver.tally().under_way_most, receiver.heard().len()), (4, 10));
    assert_eq!(world.now(), Moment(crate::world::START.0), "nobody had to wait");
}
