//! "Exactly one large allocation" is a promise that only the allocator can keep to: a program of its own, because the counters are of the
//! whole process.

use std::sync::Arc;

use forebay_budget::{ByteSize, TransferPlan, Work};
use forebay_net::client::{Client, ClientOptions};
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::ObjectKey;
use forebay_testkit::allocations::{self, Counting};
use forebay_testkit::fake_origin::{FakeOrigin, Page};
use forebay_testkit::pattern::Pattern;
use forebay_transfer::{Engine, EngineOptions, MemoryOptions, Progress, Source};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PATTERN: Pattern = Pattern::new(3);
const LEN: u64 = (96 << 20) + 7;

#[tokio::test]
async fn an_object_in_memory_is_one_large_allocation_of_its_length() {
    let server = FakeOrigin::start().unwrap();
    server.put("/o", Page::pattern(PATTERN, LEN).etag("\"1\""));
    let plan = TransferPlan::within(ByteSize::mib(256), Work::Ordered).unwrap();
    let ledger = plan.ledger();
    let client = Client::new(ClientOptions::planned(&plan, &ledger));
    let engine = Engine::new(EngineOptions::planned(&plan, &ledger));
    let origin = Origin::new(server.url("/").parse().unwrap(), client, OriginOptions::default()).unwrap();
    let source = Source::new(Arc::new(origin), ObjectKey::new("o").unwrap());
    allocations::reset();
    let got = engine.get_memory(&source, &MemoryOptions::default(), &Progress::new()).await.unwrap();
    let after = allocations::read();
    assert_eq!((after.large, after.largest as u64), (1, LEN));
    PATTERN.check(0, &got.bytes).unwrap();
}
