//! What becomes of a connection whose body is dropped before its end.
//!
//! A new connection costs a round trip or three, a short rest costs less than one: it is read and forgotten, in bounded numbers,
//! bytes and time. A long rest, or one whose length nobody knows, costs more than the connection: that is closed, and the kernel frees
//! what had arrived.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_util::future::poll_fn;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::counted::Counted;
use super::error::ClientError;
use super::pool::Pool;

/// Drains the rest and shelves the connection, or closes it.
pub(super) fn settle(mut rest: Counted) {
    let Some(pool) = rest.pool() else { return };
    let options = &pool.options;
    if rest.left() > options.drain_max.as_u64() || !rest.is_worth_draining() {
        return pool.counters.closed_unread.add(1);
    }
    // What is left has usually arrived by now.
    match poll_rest(&mut Context::from_waker(Waker::noop()), &mut rest, &pool) {
        Poll::Ready(Ok(())) => drained(&pool, rest),
        Poll::Ready(Err(_)) => pool.counters.closed_unread.add(1),
        Poll::Pending => await_rest(pool, rest),
    }
}

fn await_rest(pool: Arc<Pool>, mut rest: Counted) {
    let permit = Arc::clone(&pool.drains).try_acquire_owned();
    let (Ok(permit), Ok(runtime)) = (permit, Handle::try_current()) else {
        return pool.counters.closed_unread.add(1);
    };
    runtime.spawn(async move {
        let _permit = permit;
        match timeout(pool.options.drain_time, poll_fn(|cx| poll_rest(cx, &mut rest, &pool))).await {
            Ok(Ok(())) => drained(&pool, rest),
            Ok(Err(_)) | Err(_) => pool.counters.closed_unread.add(1),
        }
    });
}

fn poll_rest(cx: &mut Context<'_>, rest: &mut Counted, pool: &Pool) -> Poll<Result<(), ClientError>> {
    while rest.left() > 0 {
        ready!(rest.poll_discard(cx, &pool.scratch, rest.left()))?;
    }
    Poll::Ready(Ok(()))
}

fn drained(pool: &Pool, rest: Counted) {
    pool.counters.drained.add(1);
    rest.finish();
}
