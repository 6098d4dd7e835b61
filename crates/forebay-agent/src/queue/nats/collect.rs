//! The book's side: bringing back what came of rows.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};

use super::NatsLink;
use super::counts::Counters;
use super::pull::{Puller, Which};
use super::wire::{Done, End};
use crate::queue::{Book, GivenBack, Queue as _, QueueError, Settled};

/// Rows that are settled together.
const BATCH: usize = 512;
/// Before a disk that failed is tried again.
const REST: Duration = Duration::from_secs(1);

/// Settles what workers report, until the book is closed. What is acknowledged is on the disk.
pub(super) async fn collect(book: Book, link: NatsLink, name: String) {
    let names = link.names();
    let puller = || Puller::new(&link, Which::Done, names.collector(&name), names.done(&name));
    let (mut waiting, mut fetching) = (puller(), puller());
    loop {
        let mut messages = vec![waiting.next().await];
        // What has come since. If it cannot be had, it is had later.
        messages.extend(fetching.fetch(BATCH - 1).await.unwrap_or_default());
        loop {
            match settle(&book, &link, &messages).await {
                Ok(()) => break,
                Err(QueueError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "what came of rows cannot be written down yet");
                    tokio::time::sleep(REST).await;
                }
            }
        }
        for message in messages {
            // If this is lost it is settled once more, which changes nothing.
            let _ = message.ack().await;
        }
    }
}

async fn settle(book: &Book, link: &NatsLink, messages: &[Message]) -> Result<(), QueueError> {
    let (mut settled, mut back) = (Vec::new(), Vec::new());
    for message in messages {
        match Done::read(&message.payload) {
            Some((lease, End::Settled(outcome))) => settled.push(Settled { lease, outcome: *outcome }),
            Some((lease, End::Back { due, because })) => back.push(GivenBack { lease, due, because }),
            None => {
                Counters::add(&link.counters().garbled, 1);
                tracing::warn!(subject = %message.subject, "a message that nobody can read was ended");
                let _ = message.ack_with(AckKind::Term).await;
            }
        }
    }
    if !settled.is_empty() {
        book.settle(settled).await?;
    }
    if back.is_empty() { Ok(()) } else { book.give_back(back).await }
}
