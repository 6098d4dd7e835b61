//! The offer: a file body that could go by name, said in the response's extensions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::Extensions;

use super::cold::ColdPages;
use super::queue::SpanQueue;
use crate::stats::Counters;

/// A response extension: "this response's body is a [`FileBody`](crate::FileBody) of `len` bytes, which
/// may be sent by name".
///
/// A layer that drops extensions, or replaces the body by one of another length, loses the fast path and
/// nothing else. A layer that *reads* body bytes and passes the same number of them on (a digest, a
/// capture, a cipher) must call [`FileOffer::withdraw`] first, or it reads zeros.
#[derive(Debug, Clone)]
pub struct FileOffer(Arc<Terms>);

/// What the body and the connection agree on through the offer.
#[derive(Debug)]
pub(crate) struct Terms {
    len: u64,
    /// What is offered can be sent once only, so it must not be read first, as TLS would have to.
    once: bool,
    /// A layer reads the bytes: they must be true ones.
    withdrawn: AtomicBool,
    carried: OnceLock<Carried>,
}

/// How the connection has decided to carry the body.
#[derive(Debug)]
pub(crate) struct Carried {
    /// Where to queue spans; `None` for ordinary reads.
    pub(crate) queue: Option<Arc<SpanQueue>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) cold: ColdPages,
}

/// What a connection has to carry file bodies with.
#[derive(Debug)]
pub(crate) struct Carrier {
    /// Only HTTP/1.1 connections queue spans.
    pub(crate) queue: Option<Arc<SpanQueue>>,
    /// Whether the queue ends in a bare socket, without TLS.
    pub(crate) plain: bool,
    pub(crate) counters: Arc<Counters>,
    pub(crate) cold: ColdPages,
}

impl FileOffer {
    pub(crate) fn new(len: u64) -> Self {
        Self::with_terms(len, false)
    }

    /// An offer of bytes that a connection can only splice.
    pub(crate) fn of_pipe(len: u64) -> Self {
        Self::with_terms(len, true)
    }

    fn with_terms(len: u64, once: bool) -> Self {
        Self(Arc::new(Terms { len, once, withdrawn: AtomicBool::new(false), carried: OnceLock::new() }))
    }

    /// The body's length in bytes.
    // An offer is not a collection: "empty" would be a question about the body.
    #[expect(clippy::len_without_is_empty, reason = "the length of what is offered, not of the offer")]
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// Takes the offer back: the body will be read like any other. Says whether there was one.
    ///
    /// Removing the extension does the same; this way the connection still counts what is read.
    pub fn withdraw(extensions: &mut Extensions) -> bool {
        let offer = extensions.get::<Self>();
        offer.inspect(|offer| offer.0.withdrawn.store(true, Ordering::Relaxed)).is_some()
    }

    pub(crate) fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.0)
    }

    /// The connection decides: by name if it can and the body is `whole`, by reads otherwise. Returns
    /// the queue if it is to be by name. An offer is settled once; a second time is a copy, and a copy
    /// gets nothing.
    pub(crate) fn settle(&self, carrier: &Carrier, whole: bool) -> Option<Arc<SpanQueue>> {
        let can = !self.0.once || carrier.plain;
        let by_name = whole && can && !self.0.withdrawn.load(Ordering::Relaxed);
        let queue = carrier.queue.clone().filter(|_| by_name);
        let carried =
            Carried { queue: queue.clone(), counters: Arc::clone(&carrier.counters), cold: carrier.cold };
        self.0.carried.set(carried).ok().and(queue)
    }
}

impl Terms {
    /// `None` while no connection of ours has decided: another server, or a layer that polls early.
    pub(crate) fn carried(&self) -> Option<&Carried> {
        self.carried.get()
    }
}
