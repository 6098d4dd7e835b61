//! The messages of one edge and lane, for a worker that takes them when it can, and waits for them when there are none.
//!
//! A wait may be given up at any moment, and a message that was on its way to it must not be lost with it; so one task waits for everybody,
//! and what it gets is put where whoever leases next looks first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::pull::{Puller, Which};
use super::task::Task;
use super::{NatsError, NatsLink};
use crate::edge::EdgeName;
use crate::task::Lane;

#[derive(Debug)]
pub(super) struct Feed {
    fetcher: tokio::sync::Mutex<Puller>,
    arrivals: Arc<Arrivals>,
    /// How long a message that arrived is still ours.
    fresh: Duration,
    _waiter: Task,
}

#[derive(Debug, Default)]
struct Arrivals {
    messages: Mutex<VecDeque<(Instant, Message)>>,
    is_wanted: Notify,
    is_there: Notify,
}

impl Feed {
    pub(super) fn new(link: &NatsLink, edge: &EdgeName, lane: Lane) -> Self {
        let puller = || {
            let names = link.names();
            Puller::new(link, Which::Work, names.worker(edge, lane), names.work_of(edge, lane))
        };
        let arrivals = Arc::new(Arrivals::default());
        let waiter = Task::spawn(wait(puller(), Arc::clone(&arrivals)));
        let fresh = link.options().ack_wait / 2;
        Self { fetcher: tokio::sync::Mutex::new(puller()), arrivals, fresh, _waiter: waiter }
    }

    /// Waits until there is a message.
    pub(super) async fn ready(&self) {
        loop {
            let is_there = self.arrivals.is_there.notified();
            self.forget_old();
            if !self.arrivals.messages.lock().is_empty() {
                return;
            }
            self.arrivals.is_wanted.notify_one();
            is_there.await;
        }
    }

    /// What there is, at most so many.
    pub(super) async fn take(&self, most: usize) -> Result<Vec<Message>, NatsError> {
        self.forget_old();
        let mut messages: Vec<Message> = {
            let mut arrived = self.arrivals.messages.lock();
            let count = most.min(arrived.len());
            arrived.drain(..count).map(|(_, message)| message).collect()
        };
        if messages.len() < most {
            let fetched = self.fetcher.lock().await.fetch(most - messages.len()).await;
            match fetched {
                Ok(fetched) => messages.extend(fetched),
                Err(error) if messages.is_empty() => return Err(error),
                // It is met again by whoever asks next.
                Err(_) => {}
            }
        }
        Ok(messages)
    }

    /// What has arrived and nobody has taken.
    pub(super) fn empty(&self) -> Vec<Message> {
        self.forget_old();
        self.arrivals.messages.lock().drain(..).map(|(_, message)| message).collect()
    }

    /// The server is about to give these to somebody else.
    fn forget_old(&self) {
        let mut messages = self.arrivals.messages.lock();
        while messages.front().is_some_and(|(at, _)| at.elapsed() > self.fresh) {
            messages.pop_front();
        }
    }
}

async fn wait(mut puller: Puller, arrivals: Arc<Arrivals>) {
    loop {
        arrivals.is_wanted.notified().await;
        let message = puller.next().await;
        arrivals.messages.lock().push_back((Instant::now(), message));
        arrivals.is_there.notify_waiters();
    }
}
