//! The naive clients fail by the counters that the incident tests use.

use std::time::SystemTime;

use forebay_testkit::allocations::{self, Counting, LARGE};
use forebay_testkit::fake_s3::{Draft, FakeS3};
use forebay_testkit::naive::{Answer, LeakingClient, growing_buffer};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::sockets::Sockets;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PATTERN: Pattern = Pattern::new(31);

#[test]
fn a_growing_buffer_allocates_the_object_many_times() {
    let s3 = FakeS3::start().unwrap();
    let len = 64 << 20;
    s3.put("b", "k", Draft::pattern(PATTERN, len));
    allocations::reset();
    let before = allocations::read();
    let grown = growing_buffer(s3.addr(), "/b/k", len, 4 << 20, 5).unwrap();
    let after = allocations::read();
    assert_eq!((grown.bytes.len() as u64, PATTERN.check(0, &grown.bytes)), (len, Ok(())));
    assert!(grown.allocations > 3 && after.large > 3, "{} allocations, {after:?}", grown.allocations);
    let cost = after.peak - before.live;
    assert!(cost > 2 * (64 << 20) && after.largest >= LARGE, "it cost {cost} bytes");
}

#[test]
fn an_early_return_leaves_a_socket_behind_each_time() {
    let s3 = FakeS3::start().unwrap();
    let past = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH);
    s3.put("b", "old", Draft::bytes("x").field("expires", &past));
    s3.put("b", "odd", Draft::bytes("x").field("expires", "0"));
    s3.put("b", "new", Draft::bytes("x"));
    let mut client = LeakingClient::new(s3.addr());
    for _ in 0..20 {
        assert_eq!(client.get("/b/old").unwrap(), Answer::NotFound);
        assert_eq!(client.get("/b/odd").unwrap(), Answer::NotFound);
    }
    assert_eq!(client.get("/b/new").unwrap(), Answer::Fresh(b"x".to_vec()));
    // The server has closed its side of each before it looks at the next request of this thread, but for the last few.
    let left = Sockets::of(std::process::id());
    assert!(client.forgotten() == 40 && left.close_wait >= 35, "{left:?}");
}
