//! Whatever happens to an upload between its goes, its object is what was sent: compared with a list of bytes.

use forebay_store::{Resumable as _, Resumed, StoreErrorKind, UploadId};
use forebay_testkit::pattern::Pattern;
use forebay_transfer::BucketStore;
use proptest::prelude::*;

use crate::deposit::{key, process};
use crate::goes::begun;
use crate::put::{Place, place};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// So many KiB come, unlike any others.
    Write(usize),
    Keep,
    TakeBack,
    /// The process is gone: its requests may still arrive.
    Kill,
    /// The connection ends, and the client comes back.
    Drop,
    /// The client comes back while its connection hangs.
    ComeBack,
    /// It comes back to another machine, and the first goes on regardless.
    Elsewhere(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1usize..4_000).prop_map(Step::Write),
        2 => Just(Step::Keep),
        1 => Just(Step::TakeBack),
        1 => Just(Step::Kill),
        1 => Just(Step::Drop),
        1 => Just(Step::ComeBack),
        1 => (1usize..12_000).prop_map(Step::Elsewhere),
    ]
}

/// An upload, and what should be there.
struct Model<'a> {
    place: &'a Place,
    id: UploadId,
    store: BucketStore,
    go: Box<dyn Resumed>,
    /// All that was taken.
    sent: Vec<u8>,
    /// Where this go began.
    base: usize,
    /// What the client was told to be durable.
    told: usize,
    seed: u64,
}

impl<'a> Model<'a> {
    async fn new(place: &'a Place) -> Self {
        let store = process(place);
        let id = begun(&store, None).await;
        let go = store.resume(&key("o"), &id).await.unwrap();
        Self { place, id, store, go, sent: Vec::new(), base: 0, told: 0, seed: 0 }
    }

    fn bytes(&mut self, kib: usize) -> Vec<u8> {
        self.seed += 1;
        Pattern::new(self.seed).bytes(0, kib << 10)
    }

    /// The next go. Nothing is lost that the client was told of, and nothing there was never sent.
    async fn resume(&mut self) -> Box<dyn Resumed> {
        let go = self.store.resume(&key("o"), &self.id).await.unwrap();
        let at = go.begun().offset as usize;
        assert!((self.told..=self.sent.len()).contains(&at), "{} <= {at} <= {}", self.told, self.sent.len());
        self.sent.truncate(at);
        (self.base, self.told) = (at, at);
        std::mem::replace(&mut self.go, go)
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Write(kib) => {
                let bytes = self.bytes(kib);
                self.go.write(bytes.clone().into()).await.unwrap();
                self.sent.extend(bytes);
            }
            Step::Keep => {
                self.told = self.go.keep().await.unwrap() as usize;
                assert_eq!(self.told, self.sent.len());
            }
            Step::TakeBack => {
                self.go.take_back().await.unwrap();
                self.sent.truncate(self.base);
                self.told = self.base;
            }
            Step::Kill => {
                let killed = std::mem::replace(&mut self.store, process(self.place));
                std::mem::forget((self.resume().await, killed));
            }
            Step::Drop => drop(self.resume().await),
            Step::ComeBack => {
                let mut earlier = self.resume().await;
                assert_eq!(earlier.keep().await.unwrap_err().kind(), StoreErrorKind::Changed);
                assert_eq!(self.base, self.sent.len());
            }
            Step::Elsewhere(kib) => {
                let elsewhere = process(self.place);
                let first = std::mem::replace(&mut self.store, elsewhere);
                let mut earlier = self.resume().await;
                let late = self.bytes(kib);
                if earlier.write(late.into()).await.is_ok() {
                    let lost = earlier.keep().await.unwrap_err();
                    assert_eq!(lost.kind(), StoreErrorKind::Changed);
                }
                drop((earlier, first));
            }
        }
    }

    /// Publishes it; where late parts have replaced some, they are sent again.
    async fn publish(mut self) {
        loop {
            self.go.set_len(self.sent.len() as u64).await.unwrap();
            match self.go.publish().await {
                Ok(_) => break,
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Changed, "{error}"),
            }
            let whole = self.sent.clone();
            self.told = 0;
            drop(self.resume().await);
            self.go.write(whole[self.sent.len()..].to_vec().into()).await.unwrap();
            self.sent = whole;
        }
        drop(self.go);
        let stored = self.place.stored("pub/o");
        assert!(stored.content.to_vec() == self.sent, "other bytes were published");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_between_goes_the_object_is_what_was_sent(steps in proptest::collection::vec(step(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = place().await;
            let mut model = Model::new(&place).await;
            for step in steps {
                model.step(step).await;
            }
            model.publish().await;
            assert_eq!(place.left().await, [""; 0]);
        });
    }
}
