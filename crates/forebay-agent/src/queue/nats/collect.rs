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
pub(super) async fn collect(book: Book, link: NatsLink, name: String) -> QueueError {
    let names = link.names();
    let puller = || Puller::new(&link, Which::Done, names.collector(&name), names.done(&name));
    let (mut waiting, mut fetching) = (puller(), puller());
    loop {
        let mut messages = vec![waiting.next().await];
        // What has come since. If it cannot be had, it is had later.
        messages.extend(fetching.fetch(BATCH - 1).await.unwrap_or_default());
        let ends = Ends::read(&link, &messages);
        loop {
            match ends.write_down(&book).await {
                Ok(()) => break,
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, "what came of rows cannot be written down yet");
                    tokio::time::sleep(REST).await;
                }
                Err(error) => return error,
            }
        }
        // If this is lost it is settled once more, which changes nothing. What nobody can read is not wanted again either.
        for message in messages {
            link.answer(&message.split().1, AckKind::Ack).await;
        }
    }
}

#[derive(Debug, Default)]
struct Ends {
    settled: Vec<Settled>,
    back: Vec<GivenBack>,
}

impl Ends {
    fn read(link: &NatsLink, messages: &[Message]) -> Self {
        let mut ends = Self::default();
        for message in messages {
            match Done::read(&message.payload) {
                Some((lease, End::Settled(outcome))) => {
                    ends.settled.push(Settled { lease, outcome: *outcome });
                }
                Some((lease, End::Back { due, because })) => {
                    ends.back.push(GivenBack { lease, due, because });
                }
                None => {
                    Counters::add(&link.counters().garbled, 1);
                    tracing::warn!(subject = %message.subject, "a message that nobody can read was ended");
                }
            }
        }
        ends
    }

    /// Twice is as good as once.
    async fn write_down(&self, book: &Book) -> Result<(), QueueError> {
        if !self.settled.is_empty() {
            book.settle(self.settled.clone()).await?;
        }
        if self.back.is_empty() { Ok(()) } else { book.give_back(self.back.clone()).await }
    }
}
