//! Waiting at a gate for a limited time, in a task and in a thread.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    gate::{Denied, Gate, Hold},
    refused::Why,
};

/// Takes `amount` in turn. A patience of zero is the quick way only and needs no timer.
///
/// Cancel safe because everything that was queued or granted is given up when the future is dropped.
pub(crate) async fn hold(gate: Arc<Gate>, amount: u64, patience: Duration) -> Result<Hold, Why> {
    match gate.try_hold(amount) {
        Err(Denied::Full) if !patience.is_zero() => {}
        other => return other.map_err(Why::from),
    }
    let turn = gate.queue_up(amount)?;
    tokio::time::timeout(patience, turn).await.map_err(|_| Why::TimedOut)
}

/// The same for a thread that may block.
pub(crate) fn hold_blocking(gate: &Arc<Gate>, amount: u64, patience: Duration) -> Result<Hold, Why> {
    match gate.try_hold(amount) {
        Err(Denied::Full) if !patience.is_zero() => {}
        other => return other.map_err(Why::from),
    }
    let mut turn = pin!(gate.queue_up(amount)?);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let start = Instant::now();
    loop {
        if let Poll::Ready(hold) = turn.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(hold);
        }
        match patience.checked_sub(start.elapsed()) {
            Some(rest) if !rest.is_zero() => thread::park_timeout(rest),
            _ => return Err(Why::TimedOut),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
