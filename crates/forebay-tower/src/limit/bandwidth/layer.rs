//! The layer, and what all its services share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_budget::Rate;
use tokio::time::Instant;
use tower_layer::Layer;

use super::bucket::Bucket;
use super::{Bandwidth, BandwidthOptions, Direction};
use crate::client_ip::ClientKey;
use crate::keys::KeyTable;

/// Slows bodies down to a rate per client and in total. Clones share the buckets.
#[derive(Clone, Debug)]
pub struct BandwidthLayer {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    /// Bytes per second; 0 is no limit.
    per_client: AtomicU64,
    total: AtomicU64,
    burst: Duration,
    pub(super) direction: Direction,
    everybody: Bucket,
    clients: KeyTable<Arc<Bucket>>,
}

/// What one body pays into: its client's bucket and everybody's.
#[derive(Clone, Debug)]
pub(super) struct Account {
    shared: Arc<Shared>,
    client: Arc<Bucket>,
}

/// What a client's bucket takes on the heap: the counts of its owners and itself, as allocators round it.
const BUCKET_BYTES: usize = 2 * size_of::<usize>() + size_of::<Bucket>().next_multiple_of(16);

/// A piece is what flows in this part of a second.
const PIECES_PER_SECOND: u64 = 4;

/// Smaller pieces would cost more than they smooth.
const PIECE_MIN: u64 = 16 << 10;

/// The most that a limiter for so many clients takes.
pub(super) const fn bytes(clients_max: usize) -> u64 {
    KeyTable::<Arc<Bucket>>::bytes(clients_max) + (clients_max * BUCKET_BYTES) as u64
}

// ===== impl BandwidthLayer =====

impl BandwidthLayer {
    /// The limits at the start.
    #[must_use]
    pub fn new(options: BandwidthOptions) -> Self {
        let shared = Shared {
            per_client: AtomicU64::new(options.per_client.map_or(0, |rate| rate.as_u64())),
            total: AtomicU64::new(options.total.map_or(0, |rate| rate.as_u64())),
            burst: options.burst,
            direction: options.direction,
            everybody: Bucket::default(),
            clients: KeyTable::new(options.clients_max),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Changes the rate of each client, for bodies under way too.
    pub fn set_per_client(&self, rate: Option<Rate>) {
        self.shared.per_client.store(rate.map_or(0, |rate| rate.as_u64()), Ordering::Relaxed);
    }

    /// Changes the rate of all clients together, for bodies under way too.
    pub fn set_total(&self, rate: Option<Rate>) {
        self.shared.total.store(rate.map_or(0, |rate| rate.as_u64()), Ordering::Relaxed);
    }

    /// Clients remembered now.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.shared.clients.len()
    }
}

impl<S> Layer<S> for BandwidthLayer {
    type Service = Bandwidth<S>;

    fn layer(&self, inner: S) -> Bandwidth<S> {
        Bandwidth { inner, shared: self.shared.clone() }
    }
}

// ===== impl Account =====

impl Shared {
    /// The account of a client, or `None` while nothing is limited.
    pub(super) fn account(self: &Arc<Self>, key: ClientKey) -> Option<Account> {
        if self.per_client.load(Ordering::Relaxed) == 0 && self.total.load(Ordering::Relaxed) == 0 {
            return None;
        }
        // Forgotten only when no body holds it and it has filled up: then nobody can tell the difference.
        let now = Instant::now();
        let stale = |bucket: &Arc<Bucket>| Arc::strong_count(bucket) == 1 && bucket.is_full(now, self.burst);
        let client = self.clients.with(key, stale, |bucket| bucket.clone());
        Some(Account { shared: self.clone(), client })
    }
}

impl Account {
    /// How much may pass at once, at the rates of now.
    pub(super) fn piece(&self) -> usize {
        let rates = [&self.shared.per_client, &self.shared.total].map(|rate| rate.load(Ordering::Relaxed));
        let rate = rates.into_iter().filter(|rate| *rate > 0).min().unwrap_or(u64::MAX);
        usize::try_from((rate / PIECES_PER_SECOND).max(PIECE_MIN)).unwrap_or(usize::MAX)
    }

    /// Pays for `bytes` and says until when the body has to wait.
    pub(super) fn debit(&self, bytes: u64) -> Option<Instant> {
        let now = Instant::now();
        let debit = |bucket: &Bucket, rate: &AtomicU64| {
            let rate = rate.load(Ordering::Relaxed);
            (rate > 0).then(|| bucket.debit(now, bytes, rate, self.shared.burst))
        };
        let client = debit(&self.client, &self.shared.per_client);
        let total = debit(&self.shared.everybody, &self.shared.total);
        client.max(total).filter(|until| *until > now)
    }

    /// Until when a new body has to wait for what others of its client have taken.
    pub(super) fn debt(&self) -> Option<Instant> {
        let owed = |bucket: &Bucket, rate: &AtomicU64| {
            (rate.load(Ordering::Relaxed) > 0).then(|| bucket.paid_at()).flatten()
        };
        let client = owed(&self.client, &self.shared.per_client);
        let total = owed(&self.shared.everybody, &self.shared.total);
        client.max(total).filter(|until| *until > Instant::now())
    }
}
