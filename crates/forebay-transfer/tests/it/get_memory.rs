//! Downloads to memory: paid for before they begin, and for as long as they are held.

use forebay_budget::{ByteSize, Class, Ledger};
use forebay_testkit::fake::{Fault, Framing, When};
use forebay_testkit::fake_origin::{Page, Ranges};
use forebay_transfer::verify::{Demand, Level};
use forebay_transfer::{MemoryOptions, TransferErrorKind};

use crate::world::{KIB, PATTERN, World, engine};

fn pieces() -> MemoryOptions {
    MemoryOptions { part_size: Some(ByteSize::kib(64)), ..MemoryOptions::default() }
}

#[tokio::test]
async fn an_object_is_in_one_buffer_of_its_length_that_is_paid_for_until_it_is_dropped() {
    for len in [0, 1, 64 * KIB, 64 * KIB + 1, 700 * KIB] {
        let world = World::with(len);
        let ledger = Ledger::new([(Class::Windows, ByteSize::b(len))]);
        world.server.script().push(When::get("/o").after(2), Fault::reset_after(10_000));
        let sha = forebay_testkit::digest::of_bytes(&PATTERN.bytes(0, len as usize));
        let demand = Demand::Digest(format!("sha256:{sha}").parse().unwrap());
        let options = MemoryOptions { demand, ..pieces() };
        let got =
            engine(ledger.clone()).get_memory(&world.source(), &options, &world.progress).await.unwrap();
        assert_eq!((got.bytes.len() as u64, got.proof.level), (len, Level::FullObject));
        PATTERN.check(0, &got.bytes).unwrap();
        assert_eq!(ledger.usage(Class::Windows).in_use, len);
        let held = got.bytes.slice(..got.bytes.len().min(1));
        drop(got);
        assert_eq!(ledger.idle(), len == 0 || held.is_empty());
        drop(held);
        assert!(ledger.idle());
    }
}

#[tokio::test]
async fn what_the_budget_has_no_room_for_is_refused_with_the_numbers() {
    let world = World::with(700 * KIB);
    let ledger = Ledger::new([(Class::Windows, ByteSize::kib(699))]);
    let error =
        engine(ledger.clone()).get_memory(&world.source(), &pieces(), &world.progress).await.unwrap_err();
    assert_eq!(error.kind(), TransferErrorKind::Memory);
    let text = error.to_string();
    assert!(text.contains("700 KiB asked") && text.contains("699 KiB"), "{text}");
    assert!(ledger.idle());
    assert_eq!(world.server.seen().len(), 1);
}

#[tokio::test]
async fn an_object_of_unknown_length_is_refused() {
    let world = World::new();
    world.put(Page::pattern(PATTERN, 10).framing(Framing::Chunked).ranges(Ranges::Ignored));
    let error = world.engine.get_memory(&world.source(), &pieces(), &world.progress).await.unwrap_err();
    assert_eq!(error.kind(), TransferErrorKind::Invalid, "{error}");
}
