//! The one task of a client: it looks after idle connections, and sleeps when nothing happens to them.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

use super::pool::Pool;

/// Whether somebody looks after the shelf: started when first needed, and again if its runtime has gone. Without a runtime there is
/// nobody, and nothing should be put there.
pub(super) fn is_there(pool: &Arc<Pool>) -> bool {
    let mut tender = pool.tender.lock();
    if tender.as_ref().is_some_and(|tender| !tender.is_finished()) {
        return true;
    }
    let Ok(runtime) = Handle::try_current() else { return false };
    // Unconstrained: the budget of a task would end before a long shelf does.
    let task = runtime.spawn(tokio::task::unconstrained(tend(Arc::downgrade(pool))));
    *tender = Some(task.abort_handle());
    true
}

async fn tend(pool: Weak<Pool>) {
    let mut timer = None;
    poll_fn(|cx| {
        loop {
            let Some(pool) = pool.upgrade() else { return Poll::Ready(()) };
            let Some(next) = pool.look(cx.waker()) else {
                timer = None;
                return Poll::Pending;
            };
            let timer: &mut std::pin::Pin<Box<tokio::time::Sleep>> =
                timer.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if timer.deadline() != next {
                timer.as_mut().reset(next.max(Instant::now()));
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
}
