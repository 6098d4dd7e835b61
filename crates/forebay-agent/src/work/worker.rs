//! An edge at work: who it is, the connections to it, the care for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_budget::ByteSize;
use forebay_net::client::Client;
use forebay_net::retry::RetryPolicy;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::request::Variant;
use super::tries::Tries;
use super::wishes::Wishes;
use super::{probing, purging, refreshing, warming};
use crate::edge::{EdgeKind, EdgeSpec};
use crate::failure::{Failure, FailureClass};
use crate::governor::Governor;
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;
use crate::task::Action;

/// The connections of all edges, apart for the two lanes: bodies cannot take the last one from a purge. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clients {
    /// For requests whose answer is a head.
    pub control: Client,
    /// For objects.
    pub bulk: Client,
}

/// What is proved, and how much patience there is.
#[derive(Clone, Debug)]
pub struct WorkOptions {
    /// How far outcomes are proved.
    pub proof: Proof,
    /// Tries of one request.
    pub retry: RetryPolicy,
    /// How long to wait for an edge that answers nobody before its work fails as `down`. Default: 30 s.
    pub down_patience: Duration,
    /// The largest object; more fails as `too-long`. Default: 5 TiB.
    pub object_max: ByteSize,
    /// Read every byte and compute its SHA-256, instead of letting the kernel drop it.
    pub digest: bool,
    /// What to warm: one request each. Empty: one request without anything special.
    pub variants: Arc<[Variant]>,
}

/// How far outcomes are proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// What the edge says to the request itself has to do.
    Never,
    /// A warm is proved by asking again; a purge by its own answer, where the edge tells whether there was anything.
    #[default]
    Warm,
    /// Everything is asked for again.
    Always,
}

impl Proof {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Never, Self::Warm, Self::Always];

    /// The word in settings and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Warm => "warm",
            Self::Always => "always",
        }
    }
}

impl Default for WorkOptions {
    fn default() -> Self {
        Self {
            proof: Proof::default(),
            retry: RetryPolicy::default(),
            down_patience: Duration::from_secs(30),
            object_max: ByteSize::gib(5 << 10),
            digest: false,
            variants: Arc::default(),
        }
    }
}

/// What was moved by one worker, from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    requests: AtomicU64,
}

/// A moment of a [`Progress`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Bytes of bodies.
    pub bytes: u64,
    /// Requests that were sent.
    pub requests: u64,
}

/// An edge at work. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Worker(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) spec: EdgeSpec,
    pub(super) clients: Clients,
    pub(super) governor: Governor,
    pub(super) options: WorkOptions,
    known: Arc<Known>,
}

/// What is known of an edge, whatever is asked of it.
#[derive(Debug)]
struct Known {
    progress: Progress,
    kind: OnceCell<Option<EdgeKind>>,
    /// What came of the last time that it was not found out, and how often that was.
    not_found: Mutex<(u64, Option<Failure>)>,
}

impl Worker {
    /// Work on this edge.
    pub fn new(spec: EdgeSpec, clients: Clients, governor: Governor, options: WorkOptions) -> Self {
        let kind = spec.kind.map_or_else(OnceCell::new, |kind| OnceCell::new_with(Some(Some(kind))));
        let known = Known { progress: Progress::default(), kind, not_found: Mutex::default() };
        Self(Arc::new(Inner { spec, clients, governor, options, known: Arc::new(known) }))
    }

    /// The same work at the same edge, as somebody wishes it.
    #[must_use]
    pub fn wishing(&self, wishes: &Wishes) -> Self {
        if wishes.is_empty() {
            return self.clone();
        }
        let Inner { spec, clients, governor, options, known } = &*self.0;
        Self(Arc::new(Inner {
            spec: spec.clone(),
            clients: clients.clone(),
            governor: governor.clone(),
            options: wishes.apply(options),
            known: Arc::clone(known),
        }))
    }

    /// The edge.
    pub fn spec(&self) -> &EdgeSpec {
        &self.0.spec
    }

    /// The care for it.
    pub fn governor(&self) -> &Governor {
        &self.0.governor
    }

    /// What it is, if that was said or has been found out.
    pub fn kind(&self) -> Option<EdgeKind> {
        self.0.known.kind.get().copied().flatten()
    }

    /// Whether what is under way has to be finished, because the edge would fetch the rest faster than it may.
    pub fn must_finish(&self) -> bool {
        let is_held_back = self.0.governor.bandwidth.rate().is_some();
        is_held_back && self.kind().is_none_or(EdgeKind::races_when_left)
    }

    /// What was moved so far.
    pub fn seen(&self) -> Seen {
        self.0.known.progress.seen()
    }

    /// Does it, and says what came of it. Never fails otherwise than in the outcome.
    pub fn run<'a>(&'a self, action: Action, target: &'a Target) -> BoxFuture<'a, Outcome> {
        Box::pin(self.outcome(action, target))
    }

    async fn outcome(&self, action: Action, target: &Target) -> Outcome {
        let begun = Instant::now();
        let mut outcome = Outcome::begun();
        let steps = self.0.steps(action, target, &mut outcome).await;
        outcome.verdict = steps.unwrap_or_else(Verdict::Failed);
        outcome.took = begun.elapsed();
        outcome
    }

    /// What the edge has of this object now.
    ///
    /// # Errors
    ///
    /// The [`Failure`] of the request.
    pub async fn probe(&self, target: &Target) -> Result<Held, Failure> {
        let kind = self.0.found(target).await?.unwrap_or(EdgeKind::Generic);
        let probe = probing::probe(&self.0, kind, target, self.0.first_variant());
        probe.await.map(|probed| probed.held)
    }

    /// How long the object is, by a `HEAD`, and what the edge has of it.
    ///
    /// # Errors
    ///
    /// The [`Failure`] of the request.
    pub async fn length(&self, target: &Target) -> Result<(Option<u64>, Held), Failure> {
        let kind = self.0.found(target).await?.unwrap_or(EdgeKind::Generic);
        probing::length(&self.0, kind, target).await
    }
}

impl Inner {
    async fn steps(
        &self,
        action: Action,
        target: &Target,
        outcome: &mut Outcome,
    ) -> Result<Verdict, Failure> {
        let kind = self.found(target).await?;
        if action.purges() && kind.is_none() {
            return Err(Failure::new(
                FailureClass::Unsupported,
                "cannot tell what kind of cache this is, and another kind may pass a purge on to the origin; say --edge-kind",
            ));
        }
        let kind = kind.unwrap_or(EdgeKind::Generic);
        match action {
            Action::Purge => purging::purge(self, kind, target, action, outcome).await,
            Action::Warm => warming::warm(self, kind, target, outcome).await,
            Action::Refresh => refreshing::refresh(self, kind, target, outcome).await,
        }
    }

    /// What it is; asked once, by whoever comes first. If nothing comes of that, those who have waited for it do not ask one after
    /// the other what was not answered to the first.
    async fn found(&self, target: &Target) -> Result<Option<EdgeKind>, Failure> {
        let not_found = &self.known.not_found;
        let before = not_found.lock().0;
        let ask = || async {
            let earlier = {
                let not_found = not_found.lock();
                not_found.1.clone().filter(|_| not_found.0 != before)
            };
            if let Some(failure) = earlier {
                return Err(failure);
            }
            probing::detect(self, target).await.inspect_err(|failure| {
                let mut not_found = not_found.lock();
                *not_found = (not_found.0 + 1, Some(failure.clone()));
            })
        };
        self.known.kind.get_or_try_init(ask).await.copied()
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.known.progress
    }

    /// The variants, one at least.
    pub(super) fn variants(&self) -> impl Iterator<Item = Option<&Variant>> {
        let variants = &self.options.variants;
        (0..variants.len().max(1)).map(|index| variants.get(index))
    }

    pub(super) fn first_variant(&self) -> Option<&Variant> {
        self.options.variants.first()
    }

    pub(super) fn tries(&self) -> Tries<'_> {
        Tries::new(&self.governor.peer, &self.options)
    }
}

impl Progress {
    pub(super) fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn sent(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn seen(&self) -> Seen {
        Seen { bytes: self.bytes.load(Ordering::Relaxed), requests: self.requests.load(Ordering::Relaxed) }
    }
}
