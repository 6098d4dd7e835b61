//! The early return that leaked a socket.
//!
//! A cache kept objects in S3 with an expiry date, and returned from a hit that had expired without closing the body. Sockets piled up in
//! `CLOSE_WAIT` until no descriptor was left. Here: a hundred thousand hits that have expired or whose date is none, and ten thousand bodies
//! dropped at every stage, against the counters by which the naive client fails: descriptors of the process, and its sockets by state.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, UpstreamSizes};
use forebay_net::client::{Client, ClientOptions, ClientStats};
use forebay_s3::{Access, AccessKeys, BucketName, S3, S3Options};
use forebay_store::expiring::{ExpiringOptions, ExpiringStore, Lookup};
use forebay_store::remote::{Bucket, ObjectKey, ReadAsk, Remote, ResumableBody, Tenacity};
use forebay_testkit::fake_s3::{Draft, FakeS3};
use forebay_testkit::naive::{Answer, LeakingClient};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::sockets::Sockets;
use futures_util::{StreamExt, stream};

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Reads of objects that have expired, or that have no date.
const READS: usize = 100_000;
/// Bodies that are dropped at each of four stages.
const DROPS: usize = 10_000;
/// Larger than what a drain may take, so that there is something to close.
const LARGE: u64 = 300 << 10;

/// A client within bounds, and the ledgers that hold it to them.
struct Bounded {
    client: Client,
    ledger: Ledger,
    fds: FdLedger,
}

impl Bounded {
    fn new() -> Self {
        let sizes =
            UpstreamSizes { buffer: ByteSize::kib(64), receive: ByteSize::kib(64), tls: ByteSize::ZERO };
        let ledger = Ledger::new([(Class::Upstreams, sizes.cost().times(AT_ONCE as u64))]);
        let fds = FdLedger::new(AT_ONCE as u64 * 3);
        let mut options = ClientOptions::new(ledger.clone(), fds.clone(), sizes);
        options.idle_timeout = Duration::from_millis(200);
        Self { client: Client::new(options), ledger, fds }
    }

    async fn bucket(&self, s3: &FakeS3) -> Arc<dyn Bucket> {
        let keys = AccessKeys { id: "test".into(), secret: "test".into(), session_token: None };
        let options = S3Options {
            region: Some("us-east-1".into()),
            endpoint_url: Some(s3.endpoint().into()),
            access: Access::Keys(keys),
            ..S3Options::default()
        };
        Arc::new(S3::connect(BucketName::new("cache").unwrap(), options, self.client.clone()).await)
    }

    /// Waits until the last connection has left the shelf, and says what became of all of them.
    async fn at_rest(&self) -> ClientStats {
        for _ in 0..500 {
            let stats = self.client.stats();
            if stats.open == 0 && self.fds.idle() && self.ledger.idle() {
                return stats;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("still held: {:?}, {:?}", self.client.stats(), self.fds.usage());
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap()
}

fn stocked() -> FakeS3 {
    let s3 = FakeS3::start().unwrap();
    s3.create_bucket("cache");
    let past = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    s3.put("cache", "old", Draft::pattern(Pattern::new(1), 2048).field("expires", &past));
    s3.put("cache", "old-and-large", Draft::pattern(Pattern::new(2), LARGE).field("expires", &past));
    s3.put("cache", "odd", Draft::pattern(Pattern::new(3), 2048).field("expires", "next Tuesday"));
    s3.put("cache", "large", Draft::pattern(Pattern::new(4), LARGE));
    s3
}

#[tokio::test]
async fn the_naive_client_leaves_a_socket_behind_at_each_expired_hit() {
    let _alone = crate::ALONE.lock().await;
    let s3 = stocked();
    let before = descriptors();
    let left = {
        let mut client = LeakingClient::new(s3.addr());
        for key in ["/cache/old", "/cache/odd"].into_iter().cycle().take(200) {
            assert_eq!(client.get(key).unwrap(), Answer::NotFound);
        }
        (descriptors(), Sockets::of(std::process::id()), client.forgotten())
    };
    let (descriptors, sockets, forgotten) = left;
    println!("naive: {descriptors} descriptors, {before} before; {sockets:?}");
    assert!(forgotten == 200 && sockets.close_wait > 150 && descriptors > before + 150, "{sockets:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_expired_hits_leave_no_socket() {
    let _alone = crate::ALONE.lock().await;
    let s3 = stocked();
    let bounded = Bounded::new();
    let store = ExpiringStore::new(bounded.bucket(&s3).await, ExpiringOptions::default());
    let before = descriptors();
    let names = ["old", "odd", "old-and-large", "missing"].map(key);
    let reads = stream::iter(0..READS).map(|n| {
        let (store, key) = (store.clone(), names[n % names.len()].clone());
        tokio::spawn(async move { store.get(&key).await })
    });
    let mut answers = reads.buffer_unordered(AT_ONCE);
    let (mut expired, mut missing, mut most) = (0, 0, 0);
    while let Some(answer) = answers.next().await {
        match answer.unwrap().unwrap() {
            Lookup::Expired { .. } => expired += 1,
            Lookup::Missing => missing += 1,
            Lookup::Fresh(fresh) => panic!("{fresh:?}"),
        }
        most = most.max(bounded.client.stats().open);
    }
    let stats = bounded.at_rest().await;
    let sockets = Sockets::of(std::process::id());
    println!("ours: {} descriptors, {before} before; {sockets:?}; {stats:?}", descriptors());
    assert_eq!((expired, missing), (READS * 3 / 4, READS / 4));
    assert!(most <= AT_ONCE as u64, "{most} connections at once");
    assert_eq!(s3.counts().0, READS as u64, "one request for each read");
    assert_eq!(sockets.close_wait, 0, "{sockets:?}");
    assert!(descriptors() <= before, "{} descriptors, {before} before", descriptors());
}

/// How far a body is read before it is dropped.
const STAGES: [u64; 4] = [0, 1, LARGE / 2, LARGE];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_bodies_dropped_at_every_stage_leave_no_socket() {
    let _alone = crate::ALONE.lock().await;
    let s3 = stocked();
    let bounded = Bounded::new();
    let remote: Arc<dyn Remote> = bounded.bucket(&s3).await;
    let before = descriptors();
    let reads = stream::iter(0..DROPS * STAGES.len()).map(|n| {
        let remote = Arc::clone(&remote);
        tokio::spawn(async move {
            let ask = ReadAsk { key: key("large"), range: None, pin: None };
            let mut body = ResumableBody::open(remote, ask, Tenacity::default()).await.unwrap();
            while body.position() < STAGES[n % STAGES.len()] {
                body.chunk().await.unwrap().unwrap();
            }
        })
    });
    let mut reads = reads.buffer_unordered(AT_ONCE);
    let mut most = 0;
    while let Some(read) = reads.next().await {
        read.unwrap();
        most = most.max(bounded.client.stats().open);
    }
    let stats = bounded.at_rest().await;
    let sockets = Sockets::of(std::process::id());
    println!("ours: {} descriptors, {before} before; {sockets:?}; {stats:?}", descriptors());
    assert!(most <= AT_ONCE as u64, "{most} connections at once");
    assert!(stats.closed_unread_total > 0 && stats.reused_total > 0, "{stats:?}");
    assert_eq!(sockets.close_wait, 0, "{sockets:?}");
    assert!(descriptors() <= before, "{} descriptors, {before} before", descriptors());
}
