//! Downloads in order: whatever order parts come in, and however slow the reader is.

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_testkit::fake::{Fault, Framing, Gate, When};
use forebay_testkit::fake_origin::{Page, Ranges};
use forebay_transfer::verify::{Demand, Level};
use forebay_transfer::{Ordered, OrderedOptions, TransferError, TransferErrorKind};

use crate::world::{KIB, PATTERN, World, engine};

const LEN: u64 = 1000 * KIB + 3;

fn windows(kib: u64) -> Ledger {
    Ledger::new([(Class::Windows, ByteSize::kib(kib))])
}

fn parts() -> OrderedOptions {
    OrderedOptions {
        part_size: Some(ByteSize::kib(64)),
        window: Some(ByteSize::kib(256)),
        ..OrderedOptions::default()
    }
}

async fn drain(ordered: &mut Ordered) -> Result<u64, TransferError> {
    let mut at = 0;
    while let Some(bytes) = ordered.chunk().await {
        let bytes: Bytes = bytes?;
        PATTERN.check(at, &bytes).unwrap();
        at += bytes.len() as u64;
    }
    Ok(at)
}

#[tokio::test]
async fn bytes_come_in_order_whatever_breaks_and_however_small_the_window_is() {
    // Room for a window, for two parts of one, for none.
    for kib in [1024, 128, 0] {
        for len in [0, 1, 64 * KIB, LEN] {
            let world = World::with(len);
            let ledger = windows(kib);
            world.server.script().push(When::get("/o").after(1), Fault::reset_after(10_000));
            let engine = engine(ledger.clone());
            let mut ordered = engine.get_ordered(&world.source(), &parts(), &world.progress).await.unwrap();
            assert_eq!(drain(&mut ordered).await.unwrap(), len, "{kib}");
            assert_eq!(world.progress.seen().moved, len);
            drop(ordered);
            assert_eq!(ledger.usage(Class::Windows).in_use, 0);
        }
    }
}

#[tokio::test]
async fn a_reader_that_stops_costs_its_window_and_no_more_is_asked_for() {
    let world = World::with(LEN);
    let ledger = windows(1024);
    let engine = engine(ledger.clone());
    let mut ordered = engine.get_ordered(&world.source(), &parts(), &world.progress).await.unwrap();
    let held = ordered.chunk().await.unwrap().unwrap();
    while world.progress.seen().moved < 256 * KIB {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.progress.seen().moved, 256 * KIB, "four parts, and not a fifth");
    assert_eq!(ledger.usage(Class::Windows).in_use, 256 * KIB);
    assert_eq!(world.server.seen().len(), 4);
    drop(held);
    let _next = ordered.chunk().await.unwrap().unwrap();
    drop(ordered);
}

#[tokio::test]
async fn what_was_delivered_stays_paid_for_after_the_stream_is_gone() {
    let world = World::with(LEN);
    let ledger = windows(1024);
    let mut ordered =
        engine(ledger.clone()).get_ordered(&world.source(), &parts(), &world.progress).await.unwrap();
    let held = ordered.chunk().await.unwrap().unwrap().slice(..1);
    drop(ordered);
    assert_eq!(ledger.usage(Class::Windows).in_use, 256 * KIB);
    drop(held);
    while !ledger.idle() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_late_first_part_does_not_let_the_others_by() {
    let world = World::with(LEN);
    let gate = Gate::new();
    world.server.script().push(When::get("/o").after(1), Fault::Hang(gate.clone()));
    let engine = engine(windows(1024));
    let mut ordered = engine.get_ordered(&world.source(), &parts(), &world.progress).await.unwrap();
    let opens = async {
        while world.progress.seen().moved < 192 * KIB {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    let (drained, ()) = futures_util::join!(drain(&mut ordered), opens);
    assert_eq!(drained.unwrap(), LEN);
}

#[tokio::test]
async fn a_server_without_ranges_or_length_is_read_over_one_connection() {
    for framing in [Framing::Length, Framing::Chunked] {
        let world = World::new();
        world.put(Page::pattern(PATTERN, LEN).ranges(Ranges::Ignored).framing(framing));
        let mut ordered = world.engine.get_ordered(&world.source(), &parts(), &world.progress).await.unwrap();
        assert_eq!(drain(&mut ordered).await.unwrap(), LEN);
    }
}

#[tokio::test]
async fn bytes_that_are_not_those_that_were_stored_end_in_an_error() {
    let world = World::with(LEN);
    let sha = forebay_testkit::digest::of_bytes(&PATTERN.bytes(0, LEN as usize));
    let demand = Demand::Digest(format!("sha256:{sha}").parse().unwrap());
    let options = OrderedOptions { demand, ..parts() };
    let mut ordered = world.engine.get_ordered(&world.source(), &options, &world.progress).await.unwrap();
    assert_eq!(drain(&mut ordered).await.unwrap(), LEN);
    assert_eq!(ordered.proof().level, Level::FullObject);
    world.server.script().push(When::get("/o").after(3), Fault::Flip { at: 5 });
    let mut ordered = world.engine.get_ordered(&world.source(), &options, &world.progress).await.unwrap();
    let mut last = None;
    while let Some(chunk) = ordered.chunk().await {
        last = Some(chunk);
    }
    assert_eq!(last.unwrap().unwrap_err().kind(), TransferErrorKind::Integrity);
}
