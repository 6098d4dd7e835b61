//! Telling a run to end.

use tokio::sync::watch;

/// Tells a run to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Ends runs: no further URL is begun. What is under way is finished only where leaving it would make the edge fetch the rest at full speed,
/// against a limit that was set.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// One, and what it stops.
    pub fn new() -> (Self, Stop) {
        let (stopper, stop) = watch::channel(false);
        (Self(stopper), Stop(stop))
    }

    /// Stops.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits until it is told to. For ever, if nobody is left who could.
    pub(super) async fn asked(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
