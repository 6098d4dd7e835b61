//! Getting messages from a consumer that lives in the server.
//!
//! What is asked for is what there is room for, in messages and in bytes; the server sends no more. A request that waits is put to the server for a
//! few seconds at a time, and anew when the connection is: a server that was restarted knows of none.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::time::Instant;

use super::counts::Counters;
use super::link::PATIENCE;
use super::{NatsError, NatsLink};

/// Bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;
/// How long the server keeps a request for which it has nothing.
const WAIT: Duration = Duration::from_secs(30);
/// How late it may say that it has nothing.
const SLACK: Duration = Duration::from_secs(2);
/// Before a server that failed is asked again.
const REST: Duration = Duration::from_millis(500);
/// Messages that all workers of an edge may hold together.
const HELD_MAX: i64 = 20_000;
/// How long the server remembers a consumer that nobody asks for anything.
const UNUSED_MAX: Duration = Duration::from_hours(7 * 24);

/// Messages of one consumer.
#[derive(Debug)]
pub(super) struct Puller {
    link: NatsLink,
    stream: Which,
    name: String,
    filter: String,
    consumer: Option<PullConsumer>,
    connections: watch::Receiver<u64>,
    /// Whether the last wait failed, and that was told.
    is_in_trouble: bool,
}

/// Of which stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Work,
    Done,
}

impl Puller {
    pub(super) fn new(link: &NatsLink, stream: Which, name: String, filter: String) -> Self {
        let connections = link.connections();
        Self { link: link.clone(), stream, name, filter, consumer: None, connections, is_in_trouble: false }
    }

    /// What there is, at most so many.
    pub(super) async fn fetch(&mut self, most: usize) -> Result<Vec<Message>, NatsError> {
        let mut messages = Vec::new();
        match tokio::time::timeout(PATIENCE, self.try_fetch(most, &mut messages)).await {
            // What has come is ours. That the next message would be too many bytes is told by an error, too.
            _ if !messages.is_empty() => Ok(messages),
            Ok(Ok(())) => Ok(messages),
            Ok(Err(error)) => {
                self.consumer = None;
                Err(error)
            }
            // A server that is late has enough to do; whoever waits finds out if it has forgotten us.
            Err(late) => Err(lost(late)),
        }
    }

    async fn try_fetch(&mut self, most: usize, messages: &mut Vec<Message>) -> Result<(), NatsError> {
        let fetch = self.consumer().await?.fetch().max_messages(most).max_bytes(BATCH_BYTES);
        let mut batch = fetch.messages().await.map_err(lost)?;
        while let Some(message) = batch.next().await {
            messages.push(message.map_err(lost)?);
        }
        Ok(())
    }

    /// Waits until there is a message, however long that takes and whatever the server goes through.
    pub(super) async fn next(&mut self) -> Message {
        loop {
            match self.wait().await {
                Ok(message) => {
                    self.is_in_trouble = false;
                    if let Some(message) = message {
                        return message;
                    }
                }
                Err(error) => {
                    self.note(&error);
                    self.consumer = None;
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// A server that is there and gives nothing is told of once. That the connection broke has been told already.
    fn note(&mut self, error: &NatsError) {
        if self.link.is_connected() {
            Counters::add(&self.link.counters().failed, 1);
            if !std::mem::replace(&mut self.is_in_trouble, true) {
                tracing::warn!(%error, consumer = self.name, "NATS gives us nothing; it is asked again");
            }
        }
    }

    async fn wait(&mut self) -> Result<Option<Message>, NatsError> {
        let consumer = self.consumer().await?.clone();
        let begun = Instant::now();
        let next = async {
            let mut batch = consumer.batch().max_messages(1).expires(WAIT).messages().await.map_err(lost)?;
            batch.next().await.transpose().map_err(lost)
        };
        tokio::select! {
            message = next => {
                // A server that has the consumer says in time that there was nothing. One that has forgotten it says nothing at all.
                if begun.elapsed() > WAIT + SLACK {
                    self.consumer = None;
                }
                message
            }
            _ = self.connections.changed() => {
                self.consumer = None;
                Ok(None)
            }
        }
    }

    /// The consumer, asked for anew on each connection: a server that was restarted may have forgotten it.
    async fn consumer(&mut self) -> Result<&PullConsumer, NatsError> {
        // An error says that there is no client any more, which whoever asks it will see.
        if self.connections.has_changed().unwrap_or_default() {
            self.connections.mark_unchanged();
            self.consumer = None;
        }
        let consumer = match self.consumer.take() {
            Some(consumer) => consumer,
            None => self.make().await?,
        };
        Ok(self.consumer.insert(consumer))
    }

    async fn make(&self) -> Result<PullConsumer, NatsError> {
        let names = self.link.names();
        let stream = match self.stream {
            Which::Work => names.work_stream(),
            Which::Done => names.done_stream(),
        };
        let config = pull::Config {
            durable_name: Some(self.name.clone()),
            filter_subject: self.filter.clone(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.link.options().ack_wait,
            max_ack_pending: HELD_MAX,
            inactive_threshold: UNUSED_MAX,
            ..pull::Config::default()
        };
        // It is the same for everybody, so whoever comes second changes nothing.
        let make = async || self.link.context().create_consumer_on_stream(config.clone(), &stream).await;
        match make().await {
            Ok(consumer) => Ok(consumer),
            Err(_) => {
                // The server may have lost everything.
                self.link.streams().await?;
                make().await.map_err(lost)
            }
        }
    }
}

pub(super) fn lost(error: impl std::fmt::Display) -> NatsError {
    NatsError::Lost(error.to_string())
}
