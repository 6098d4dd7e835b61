//! Telling a run to pause, to go on, and to end.

use tokio::sync::watch;

/// What a run is told.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Told>);

/// Tells runs: once stopped, no further URL is begun. What is under way is finished only where leaving it would make the edge fetch the rest
/// at full speed, against a limit that was set. A run that is held back begins nothing either, and finishes what is under way.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Told>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    is_held_back: bool,
    is_stopped: bool,
}

impl Stopper {
    /// One, and what it stops.
    pub fn new() -> (Self, Stop) {
        let (stopper, stop) = watch::channel(Told::default());
        (Self(stopper), Stop(stop))
    }

    /// Stops.
    pub fn stop(&self) {
        self.0.send_modify(|told| told.is_stopped = true);
    }

    /// Begins nothing more for the time being, or goes on.
    pub fn hold_back(&self, is_held_back: bool) {
        self.0
            .send_if_modified(|told| std::mem::replace(&mut told.is_held_back, is_held_back) != is_held_back);
    }
}

impl Stop {
    /// Whether nothing is to be begun for the time being.
    pub(super) fn is_held_back(&self) -> bool {
        self.0.borrow().is_held_back
    }

    /// Waits until it is told to stop. For ever, if nobody is left who could.
    pub(super) async fn asked(&mut self) {
        if self.0.wait_for(|told| told.is_stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it may go on.
    pub(super) async fn released(&mut self) {
        // Nobody is left who holds it back.
        drop(self.0.wait_for(|told| !told.is_held_back).await);
    }
}
