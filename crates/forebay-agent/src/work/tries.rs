//! Asking again, under the brakes that everybody at this edge shares.

use std::time::Duration;

use forebay_net::retry::{Peer, Retry, Trouble, TroubleKind};
use http::HeaderMap;
use http::header::RETRY_AFTER;
use tokio::time::{Instant, sleep};

use super::worker::WorkOptions;
use crate::failure::{Failure, FailureClass};
use crate::retry_after::retry_after;

/// The tries of one step.
#[derive(Debug)]
pub(super) struct Tries<'a> {
    retry: Retry,
    options: &'a WorkOptions,
    /// How often it was tried.
    pub(super) made: u32,
}

/// A try that failed.
#[derive(Debug)]
pub(super) struct Setback {
    pub(super) failure: Failure,
    pub(super) retry_after: Option<Duration>,
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Self {
        Self { failure, retry_after: None }
    }
}

impl Setback {
    /// A failure that an answer says, with the time that it asks for.
    pub(super) fn of(failure: Failure, headers: &HeaderMap) -> Self {
        Self { failure, retry_after: headers.get(RETRY_AFTER).and_then(retry_after) }
    }

    fn trouble(&self) -> Option<Trouble> {
        let kind = match self.failure.class {
            FailureClass::Throttled => TroubleKind::Throttled,
            FailureClass::Busy => TroubleKind::Ours,
            class if class.is_passing() => TroubleKind::Transient,
            _ => return None,
        };
        Some(Trouble { kind, retry_after: self.retry_after })
    }
}

impl<'a> Tries<'a> {
    pub(super) fn new(peer: &Peer, options: &'a WorkOptions) -> Self {
        Self { retry: peer.start(options.retry), options, made: 0 }
    }

    /// Before each try: waits as long as the edge is left alone, if that is not too long.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        self.wait_for_edge().await?;
        self.made += 1;
        Ok(())
    }

    /// After each try: what it gave, or nothing if it is to be tried again, which is when to come back.
    pub(super) async fn settled<T>(&mut self, tried: Result<T, Setback>) -> Option<Result<T, Failure>> {
        let setback = match tried {
            Ok(done) => {
                self.retry.succeeded();
                return Some(Ok(done));
            }
            Err(setback) => setback,
        };
        let Some(trouble) = setback.trouble() else {
            // It answered: that is all that its health is about.
            self.retry.succeeded();
            return Some(Err(setback.failure));
        };
        match self.retry.again(trouble) {
            Some(wait) => sleep(wait).await,
            None => return Some(Err(setback.failure)),
        }
        None
    }

    /// Waits as long as the edge is left alone. Patience is counted from when it stopped to answer, not from when somebody asked: a
    /// list of a million URLs is not to wait a million times for an edge that is dead.
    async fn wait_for_edge(&mut self) -> Result<(), Failure> {
        loop {
            let Err(alone) = self.retry.admit() else { return Ok(()) };
            if Instant::now() + alone.wait > alone.since + self.options.down_patience {
                let detail = "the edge has answered nobody for a while and is left alone";
                return Err(Failure::new(FailureClass::Down, detail));
            }
            sleep(alone.wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_net::retry::PeerOptions;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn patience_is_for_the_edge_and_not_for_each_url() {
        let options = PeerOptions {
            failures_min: 1,
            failing_for: Duration::ZERO,
            rest_max: Duration::from_secs(4),
            ..PeerOptions::default()
        };
        let (peer, mut work) = (Peer::new(options), WorkOptions::default());
        (work.down_patience, work.retry.failures_max) = (Duration::from_secs(20), 1);
        let begun = Instant::now();
        let mut down = 0;
        for _ in 0..1000 {
            let mut tries = Tries::new(&peer, &work);
            match tries.begin().await {
                Ok(()) => {
                    let failure = Failure::new(FailureClass::Connect, "nobody there");
                    assert!(tries.settled::<()>(Err(failure.into())).await.is_some());
                }
                Err(failure) => {
                    assert_eq!(failure.class, FailureClass::Down);
                    down += 1;
                }
            }
        }
        assert!(begun.elapsed() <= work.down_patience, "{:?}", begun.elapsed());
        assert!(down > 900, "{down}");
    }
}
