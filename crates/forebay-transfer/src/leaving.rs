//! What a transfer that was dropped still has to say to a store.
//!
//! Dropping cannot wait, so it leaves a task behind. A process that ends at once would take the task with it, and what was to be given up
//! would stay at the store; so whoever is about to end waits for these first.

use std::future::{Future, poll_fn};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Tasks that nobody else waits for.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Mutex<JoinSet<()>>);

impl Leaving {
    /// Leaves a task behind. Without a runtime there is nobody to carry it out.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut tasks = self.0.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &runtime);
    }

    /// Waits until none is left. Cancel safe.
    pub(crate) async fn ended(&self) {
        while poll_fn(|cx| self.0.lock().poll_join_next(cx)).await.is_some() {}
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.get_mut().detach_all();
    }
}
