//! The layer, with its one-line forms.

use std::net::SocketAddr;
use std::sync::Arc;

use forebay_budget::{ByteSize, Class, Ledger};
use http::Extensions;
use tower_layer::Layer;

use super::{AccessLog, AccessLogOptions, CaptureOptions, LogQueue};

/// Memory of a log that nobody gave a ledger.
const QUEUE: ByteSize = ByteSize::mib(1);
const HEADS: ByteSize = ByteSize::kib(256);
const CAPTURES: ByteSize = ByteSize::mib(4);

/// Logs every request of the services it wraps. Clones share the settings and the queue.
#[derive(Clone, Debug, Default)]
pub struct AccessLogLayer {
    pub(super) shared: Option<Arc<Shared>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: AccessLogOptions,
    pub(super) queue: LogQueue,
}

impl AccessLogLayer {
    /// Logs to `queue`, and pays for captures from the queue's ledger.
    #[must_use]
    pub fn new(queue: LogQueue, options: AccessLogOptions) -> Self {
        Self { shared: Some(Arc::new(Shared { options, queue })) }
    }

    /// Logs nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self { shared: None }
    }

    /// Logs to standard output, with the first `capture` bytes of each text body, within 5.25 MiB of memory
    /// of its own: 1 MiB of records waiting to be written, 256 KiB of long heads, 4 MiB of captures.
    ///
    /// # Errors
    /// If the writing thread cannot be started.
    pub fn stdout(capture: ByteSize) -> std::io::Result<Self> {
        let ledger =
            Ledger::new([(Class::LogQueue, QUEUE), (Class::LogHeads, HEADS), (Class::Captures, CAPTURES)]);
        let options =
            AccessLogOptions { capture: CaptureOptions::both(capture), ..AccessLogOptions::default() };
        Ok(Self::new(LogQueue::start(std::io::stdout(), &ledger, QUEUE)?, options))
    }

    /// How to find the peer where neither the server nor a layer outside named the client.
    #[must_use]
    pub fn peer_from(self, from: fn(&Extensions) -> Option<SocketAddr>) -> Self {
        self.with(|options| options.peer_from = Some(from))
    }

    /// Where the records go, to flush it at shutdown and to read its counters. `None` when off.
    #[must_use]
    pub fn queue(&self) -> Option<&LogQueue> {
        self.shared.as_deref().map(|shared| &shared.queue)
    }

    fn with(self, change: impl FnOnce(&mut AccessLogOptions)) -> Self {
        let shared = self.shared.map(|shared| {
            let mut options = shared.options.clone();
            change(&mut options);
            Arc::new(Shared { options, queue: shared.queue.clone() })
        });
        Self { shared }
    }
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> AccessLog<S> {
        AccessLog { inner, shared: self.shared.clone() }
    }
}
