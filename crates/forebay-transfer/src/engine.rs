//! What all transfers of a process share: one budget, one number of requests at once, one patience.

use std::sync::Arc;

use forebay_budget::{Ledger, TransferPlan};
use forebay_net::Pace;
use forebay_store::StoreError;
use forebay_store::remote::{Facts, ObjectKey, Pin, Remote, Tenacity, Tries, persist};

use crate::adapt::Adapt;
use crate::leaving::Leaving;
use crate::slots::Slots;
use crate::watched::Watched;

/// Moves objects. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) slots: Arc<Slots>,
    pub(crate) tenacity: Tenacity,
    pub(crate) pace: Pace,
    pub(crate) leaving: Leaving,
}

/// How an engine works.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Pays for what has to be held: windows, from [`Class::Windows`](forebay_budget::Class::Windows).
    pub ledger: Ledger,
    /// How many requests at once.
    pub concurrency: Concurrency,
    /// How long to keep asking a place that gives nothing.
    pub tenacity: Tenacity,
}

/// How many requests at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// As many as make it faster, and at most so many: what the budget has connections for.
    UpTo(u32),
    /// So many.
    Exactly(u32),
}

/// An object to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is.
    pub remote: Arc<dyn Remote>,
    /// Its name there.
    pub key: ObjectKey,
    /// The version that is wanted, as far as it is known: from a listing, or from the user.
    pub pin: Pin,
}

impl EngineOptions {
    /// As many requests at once as the plan has connections for; `ledger` is [the plan's](TransferPlan::ledger).
    pub fn planned(plan: &TransferPlan, ledger: &Ledger) -> Self {
        let concurrency = Concurrency::UpTo(plan.connections);
        Self { ledger: ledger.clone(), concurrency, tenacity: Tenacity::default() }
    }
}

impl Engine {
    /// An engine within these bounds.
    pub fn new(options: EngineOptions) -> Self {
        Self::paced(options, Pace::unlimited())
    }

    /// One that moves at most so many bytes a second, both ways together. The pace may be changed while transfers run.
    pub fn paced(options: EngineOptions, pace: Pace) -> Self {
        let adapt = match options.concurrency {
            Concurrency::UpTo(most) => Adapt::new(most),
            Concurrency::Exactly(count) => Adapt::fixed(count),
        };
        let EngineOptions { ledger, tenacity, .. } = options;
        let (slots, leaving) = (Slots::new(adapt), Leaving::default());
        Self(Arc::new(Shared { ledger, slots, tenacity, pace, leaving }))
    }

    /// How many requests may be under way now.
    pub fn allowed(&self) -> u32 {
        self.0.slots.allowed()
    }

    /// Waits until uploads that were dropped have been given up at their stores, and says whether all were that ended since this was last
    /// asked. A process that ends earlier leaves their parts there.
    pub async fn settled(&self) -> bool {
        self.0.leaving.ended().await
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Source {
    /// Whatever version is there.
    pub fn new(remote: Arc<dyn Remote>, key: ObjectKey) -> Self {
        Self { remote, key, pin: Pin::default() }
    }

    /// What is known of this version of it; a place that stumbles is asked again.
    pub(crate) async fn facts(&self, pin: &Pin, tenacity: Tenacity) -> Result<Facts, StoreError> {
        persist(Tries::of(&*self.remote, tenacity), || self.remote.head(&self.key, Some(pin))).await
    }

    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.remote.place(), self.key)
    }

    /// The same, seen by the engine: refusals count for all of its transfers.
    pub(crate) fn watched(&self, shared: &Shared, progress: &crate::Progress) -> Self {
        let remote = Watched::new(Arc::clone(&self.remote), Arc::clone(&shared.slots), progress.clone());
        Self { remote: Arc::new(remote), ..self.clone() }
    }
}
