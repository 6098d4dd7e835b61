//! What a transfer that was dropped still has to say to a store.
//!
//! Dropping cannot wait, so it leaves a task behind. A process that ends at once would take the task with it, and what was to be given up
//! would stay at the store; so whoever is about to end waits for these first.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

/// Tasks that nobody else waits for, each of which says whether it did what it was for.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    tasks: Mutex<JoinSet<bool>>,
    /// Whose turn it is to wait: a set of tasks wakes only the one who asked last.
    turn: tokio::sync::Mutex<()>,
    failed: AtomicBool,
}

impl Leaving {
    /// Leaves a task behind. Without a runtime there is nobody to carry it out.
    pub(crate) fn spawn(&self, task: impl Future<Output = bool> + Send + 'static) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut tasks = self.tasks.lock();
        while let Some(ended) = tasks.try_join_next() {
            self.note(&ended);
        }
        tasks.spawn_on(task, &runtime);
    }

    /// Waits until none is left, and says whether all that ended since this was last asked did what they were for. Cancel safe: nothing is
    /// forgotten before it is said.
    pub(crate) async fn ended(&self) -> bool {
        let _turn = self.turn.lock().await;
        while let Some(ended) = poll_fn(|cx| self.tasks.lock().poll_join_next(cx)).await {
            self.note(&ended);
        }
        !self.failed.swap(false, Ordering::Relaxed)
    }

    fn note(&self, ended: &Result<bool, JoinError>) {
        if !ended.as_ref().is_ok_and(|done| *done) {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.tasks.get_mut().detach_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_failed_is_said_once_and_not_of_those_that_come_later() {
        let leaving = Leaving::default();
        assert!(leaving.ended().await, "nobody left anything");
        leaving.spawn(async { false });
        leaving.spawn(async { true });
        assert!(!leaving.ended().await);
        leaving.spawn(async { true });
        assert!(leaving.ended().await);
    }
    #[tokio::test(start_paused = true)]
    async fn everybody_who_waits_is_told_when_none_is_left_and_one_of_them_of_what_failed() {
        let leaving = Arc::new(Leaving::default());
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        leaving.spawn(async { gone.await.is_err() });
        let mut waiting = JoinSet::new();
        for _ in 0..2 {
            let leaving = Arc::clone(&leaving);
            waiting.spawn(async move { leaving.ended().await });
        }
        // Both are waiting, each in a task of its own.
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        let told = tokio::time::timeout(Duration::from_secs(1), waiting.join_all()).await;
        let mut told = told.expect("one of them was not woken");
        told.sort_unstable();
        assert_eq!(told, [false, true]);
    }
}
