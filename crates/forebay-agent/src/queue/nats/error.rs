//! What can be wrong with a NATS server.

/// Why a NATS server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NatsError {
    /// What was configured makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It does not answer.
    #[error("the NATS server {server} cannot be reached: {why}")]
    Unreachable {
        /// Which, without credentials.
        server: String,
        /// Why.
        why: String,
    },
    /// It does not let us in.
    #[error(
        "the NATS server {0} refuses the credentials: give a token, a name and a password, or a .creds file that it knows"
    )]
    Denied(String),
    /// It is too old, or too new to know.
    #[error("the NATS server is version {0}: 2.9 or a later 2.x is needed")]
    Version(String),
    /// It passes messages on and keeps none.
    #[error("the NATS server has no JetStream: start it with -js, or enable it for the account")]
    NoJetStream,
    /// Nobody answers for JetStream.
    #[error("the NATS server does not answer for JetStream: may this user ask $JS.API.> and hear _INBOX.>?")]
    Silent,
    /// Its stream of ours cannot be used.
    #[error("the NATS stream {name} cannot be used: {why}")]
    Stream {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// There is no connection now.
    #[error("there is no connection to NATS")]
    Away,
    /// It did not do what it was asked for, or did not say so.
    #[error("NATS: {0}")]
    Lost(String),
}
