//! Handing the server a message, and what it says to that.

use std::error::Error as _;

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::{Acker, PublishMessage};
use async_nats::jetstream::{AckKind, ErrorCode};

use super::NatsLink;
use super::link::PATIENCE;

/// Why the server does not have a message that it was handed, or why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// It has one of that subject already.
    Known,
    /// It has no room.
    Full,
    /// It did not answer, or in words that we do not know.
    Nothing(String),
}

impl NatsLink {
    /// Hands a message over, and waits until the server has it.
    pub(super) async fn publish(&self, subject: String, message: PublishMessage) -> Result<(), Unsaid> {
        let nothing = |why: &str| Err(Unsaid::Nothing(why.into()));
        if !self.is_connected() {
            return nothing("there is no connection");
        }
        let mut connections = self.connections();
        connections.mark_unchanged();
        let sent = async { self.context().send_publish(subject, message).await?.await };
        tokio::select! {
            said = sent => said.map(|_| ()).map_err(|error| judge(&error)),
            // Nobody answers what was asked on a connection that is gone.
            _ = connections.changed() => nothing("the connection broke"),
            // The server's own patience is shorter: this is for what could not even be handed to the connection.
            () = tokio::time::sleep(2 * PATIENCE) => nothing("it took too long"),
        }
    }

    /// Tells the server what becomes of a message. If it cannot be told, it will hand it out once more.
    pub(super) async fn answer(&self, acker: &Acker, answer: AckKind) {
        if self.is_connected() {
            // What the connection has no room for waits until there is another, which is too late.
            let _ = tokio::time::timeout(PATIENCE, acker.ack_with(answer)).await;
        }
    }
}

/// The server has one code for all reasons for which it does not store a message, and tells them apart in words.
fn judge(error: &PublishError) -> Unsaid {
    let refusal = error.source().and_then(|cause| cause.downcast_ref::<async_nats::jetstream::Error>());
    match refusal {
        Some(refusal) if refusal.error_code() == ErrorCode::STREAM_STORE_FAILED => {
            if refusal.to_string().contains("per subject") { Unsaid::Known } else { Unsaid::Full }
        }
        _ => Unsaid::Nothing(error.to_string()),
    }
}
