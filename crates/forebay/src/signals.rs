//! What the process is asked from outside.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that mean something to a server.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGTERM, SIGINT: end, and let transfers finish the first time.
    ToStop(&'static str),
    /// SIGHUP: read again what can be.
    ToReload,
}

impl Signals {
    /// From here on, none of them kills the process.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let of = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
            hang_up: of(SignalKind::hangup())?,
        })
    }

    /// The next one. Cancel safe: a signal that was not returned is returned by the next call.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::ToStop("SIGTERM"),
            _ = self.interrupt.recv() => Asked::ToStop("SIGINT"),
            _ = self.hang_up.recv() => Asked::ToReload,
        }
    }
}
