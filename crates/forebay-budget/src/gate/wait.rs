//! A place in the queue.
//!
//! Cancel safe because a place is given up in `Drop`: if it was still queued it is taken out and those behind
//! are looked at again; if the grant had already been made, it is given back. Grants and departures both happen
//! under the queue's lock, so that exactly one of the two is the case.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

use super::{super::sync::Mutex, Gate, Hold};

/// What the queue knows about a waiter.
#[derive(Debug)]
pub(super) struct Ticket {
    amount: u64,
    since: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    Granted,
}

/// Resolves to the held amount when its turn has come. Never fails: patience is the caller's.
pub(crate) struct Wait {
    gate: Arc<Gate>,
    /// `None` once the grant was collected.
    ticket: Option<Arc<Ticket>>,
}

impl Ticket {
    pub(super) fn new(amount: u64) -> Self {
        Self { amount, since: Instant::now(), state: Mutex::new(State::Waiting(None)) }
    }

    pub(super) fn amount(&self) -> u64 {
        self.amount
    }

    pub(super) fn waited(&self) -> Duration {
        self.since.elapsed()
    }

    /// Marks the turn as come; the caller wakes.
    pub(super) fn grant(&self) -> Option<Waker> {
        match std::mem::replace(&mut *self.state.lock(), State::Granted) {
            State::Waiting(waker) => waker,
            State::Granted => None,
        }
    }

    /// True if the turn has come; else remembers whom to wake.
    fn poll_granted(&self, waker: &Waker) -> bool {
        match &mut *self.state.lock() {
            State::Granted => true,
            State::Waiting(Some(known)) => {
                known.clone_from(waker);
                false
            }
            State::Waiting(unknown) => {
                *unknown = Some(waker.clone());
                false
            }
        }
    }
}

impl Wait {
    pub(super) fn new(gate: Arc<Gate>, ticket: Arc<Ticket>) -> Self {
        Self { gate, ticket: Some(ticket) }
    }
}

impl Future for Wait {
    type Output = Hold;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Hold> {
        let Some(ticket) = self.ticket.take() else { return Poll::Pending };
        if ticket.poll_granted(cx.waker()) {
            return Poll::Ready(Hold::taken(Arc::clone(&self.gate), ticket.amount));
        }
        self.ticket = Some(ticket);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.gate.leave(&ticket);
        }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}
