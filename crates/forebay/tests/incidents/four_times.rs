//! The download that cost four times its size.
//!
//! A service fetched an object of 500 MB in parts into a buffer that grew to wherever a part landed: over 2 GB, and it was killed. Here: the
//! same object, fetched so, and then by us: into memory at the cost of its size, and to files at the cost of nothing that depends on it.
//!
//! The counter is `VmHWM`, the peak that the kernel keeps by itself.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, UpstreamSizes};
use forebay_net::client::{Client, ClientOptions};
use forebay_s3::{Access, BucketName, S3, S3Options};
use forebay_store::remote::{ObjectKey, Tenacity};
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::fake_s3::{Draft, FakeS3};
use forebay_testkit::naive::growing_buffer;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::{notice, peak};
use forebay_transfer::{Concurrency, Engine, EngineOptions, MemoryOptions, Progress, Source};

/// The object of the incident, in bytes.
const OBJECT: u64 = 500 << 20;
/// What may come on top of it.
const BESIDE: u64 = 32 << 20;
/// All that a download to a file may hold, with `--memory 32MiB`.
const HELD_MAX: u64 = 48 << 20;

/// The length of each of 64 objects at once.
const EACH: u64 = 128 << 20;

/// The memory of a small container.
const CONTAINER: u64 = 96 << 20;

const PATTERN: Pattern = Pattern::new(5);

fn stocked() -> FakeS3 {
    let s3 = FakeS3::start().unwrap();
    s3.put("bucket", "object", Draft::pattern(PATTERN, OBJECT));
    s3
}

/// The most that this process has held since `begin`, beyond what it held then.
fn grown(begin: u64) -> u64 {
    peak::resident(std::process::id()).saturating_sub(begin)
}

fn begin() -> u64 {
    peak::reset(std::process::id()).unwrap();
    peak::resident(std::process::id())
}

#[tokio::test]
async fn a_buffer_that_grows_costs_several_times_the_object() {
    let _alone = crate::ALONE.lock().await;
    let s3 = stocked();
    let before = begin();
    let got = growing_buffer(s3.addr(), "/bucket/object", OBJECT, 10 << 20, 5).unwrap();
    let cost = grown(before);
    println!("naive: {} MiB for {} MiB, {} allocations", cost >> 20, OBJECT >> 20, got.allocations);
    assert!(cost > 2 * OBJECT, "{} MiB", cost >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_in_memory_costs_its_size() {
    let _alone = crate::ALONE.lock().await;
    let s3 = stocked();
    let sizes = UpstreamSizes { buffer: ByteSize::kib(64), receive: ByteSize::kib(256), tls: ByteSize::ZERO };
    let budget = [(Class::Upstreams, sizes.cost().times(16)), (Class::Windows, ByteSize::b(OBJECT))];
    let ledger = Ledger::new(budget);
    let client = Client::new(ClientOptions::new(ledger.clone(), FdLedger::new(64), sizes));
    let options = S3Options {
        region: Some("us-east-1".into()),
        endpoint_url: Some(s3.endpoint().into()),
        access: Access::Anonymous,
        ..S3Options::default()
    };
    let bucket = S3::connect(BucketName::new("bucket").unwrap(), options, client).await;
    let engine = Engine::new(EngineOptions {
        ledger: ledger.clone(),
        concurrency: Concurrency::Exactly(16),
        tenacity: Tenacity::default(),
    });
    let source = Source::new(Arc::new(bucket), ObjectKey::new("object").unwrap());
    let before = begin();
    let got = engine.get_memory(&source, &MemoryOptions::default(), &Progress::default()).await.unwrap();
    let cost = grown(before);
    println!("ours: {} MiB for {} MiB", cost >> 20, OBJECT >> 20);
    assert_eq!(got.bytes.len() as u64, OBJECT);
    PATTERN.check(0, &got.bytes).unwrap();
    assert_eq!(ledger.usage(Class::Windows).in_use, OBJECT, "what is held is paid for");
    assert!(cost <= OBJECT + BESIDE, "{} MiB", cost >> 20);
}

/// `forebay get` with these words, to its end. Returns its peak.
fn get(s3: &FakeS3, mut command: Command, words: &[&str]) -> u64 {
    command.args(["get", "--endpoint-url", &s3.endpoint(), "--no-sign-request", "--memory", "32MiB"]);
    command.args(["--concurrency", "64", "--no-sync"]).args(words).env("AWS_REGION", "us-east-1");
    let mut child = command.spawn().unwrap();
    let watch = peak::Watch::start(child.id());
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
    watch.finish()
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_forebay"))
}

#[tokio::test]
async fn a_file_fetched_in_64_parts_at_once_costs_none_of_its_size() {
    let _alone = crate::ALONE.lock().await;
    let s3 = stocked();
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("object");
    let held = get(&s3, program(), &["s3://bucket/object", target.to_str().unwrap(), "--part-size", "5MiB"]);
    println!("ours: {} MiB for {} MiB", held >> 20, OBJECT >> 20);
    PATTERN.check(0, &std::fs::read(&target).unwrap()).unwrap();
    assert!(held <= HELD_MAX, "{} MiB", held >> 20);
}

#[tokio::test]
async fn sixty_four_objects_at_once_cost_no_more() {
    let _alone = crate::ALONE.lock().await;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let disk = rustix::fs::statvfs(dir.path()).unwrap();
    if disk.f_bavail * disk.f_frsize < 65 * EACH {
        return notice::skipped("64 objects of 128 MiB need 8 GiB of disk");
    }
    let s3 = FakeS3::start().unwrap();
    for n in 0..64 {
        s3.put("bucket", &format!("many/{n}"), Draft::pattern(PATTERN, EACH));
    }
    let held = get(&s3, program(), &["s3://bucket/many/", dir.path().to_str().unwrap(), "-r"]);
    println!("ours: {} MiB for 64 objects of {} MiB", held >> 20, EACH >> 20);
    let sizes = (0..64).map(|n| dir.path().join(n.to_string()).metadata().unwrap().len());
    assert!(sizes.into_iter().all(|size| size == EACH));
    assert!(held <= HELD_MAX, "{} MiB", held >> 20);
}

/// What the naive client does in a process of its own: a file in its directory says where.
#[test]
#[ignore = "a part of another test, which starts it in a container"]
fn the_naive_client_of_the_container() {
    let Ok(address) = std::fs::read_to_string("address") else { return };
    growing_buffer(address.parse().unwrap(), "/bucket/object", OBJECT, 10 << 20, 5).unwrap();
}

#[tokio::test]
async fn in_a_small_container_the_naive_way_is_killed_and_ours_is_not() {
    let _alone = crate::ALONE.lock().await;
    let group = || MemoryGroup::create(Some(CONTAINER));
    let (theirs, ours) = match (group(), group()) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(why), _) | (_, Err(why)) => {
            return notice::skipped(format!("{why}; run as root where cgroups can be made"));
        }
    };
    let s3 = stocked();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("address"), s3.addr().to_string()).unwrap();
    let mut naive = theirs.command(&std::env::current_exe().unwrap());
    naive.args(["--exact", "four_times::the_naive_client_of_the_container", "--ignored"]);
    let ended = naive.current_dir(dir.path()).stdout(Stdio::null()).status().unwrap();
    assert!(theirs.oom_kills() > 0 && !ended.success(), "{ended}");

    let watch = ours.watch(Duration::from_millis(5));
    let target = dir.path().join("object");
    let command = ours.command(env!("CARGO_BIN_EXE_forebay").as_ref());
    get(&s3, command, &["s3://bucket/object", target.to_str().unwrap()]);
    let peak = watch.peak();
    println!("ours: {} killed, {peak}", ours.oom_kills());
    assert_eq!((ours.oom_kills(), target.metadata().unwrap().len()), (0, OBJECT));
    // Of the rest, the page cache, the kernel takes back what it needs.
    assert!(peak.anon + peak.sockets <= CONTAINER, "{peak}");
}
