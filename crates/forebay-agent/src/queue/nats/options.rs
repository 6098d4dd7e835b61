//! How a fleet's NATS is used.

use std::fmt;
use std::time::Duration;

use forebay_budget::ByteSize;
use forebay_net::client::ClientTls;

use super::NatsError;
use super::dial::without_login;

/// Letters of a prefix at most.
const PREFIX_LEN_MAX: usize = 32;

/// Rows on their way to each edge, however many edges there are.
pub(in crate::queue) const SHARE_MIN: u64 = 4;

/// Where NATS is, and how it is used. All of a fleet must say the same of `prefix` and `ack_wait`.
#[derive(Clone)]
pub struct NatsOptions {
    /// Servers of one cluster: `nats://HOST:PORT` or `tls://HOST:PORT`.
    pub servers: Vec<String>,
    /// Who we are.
    pub login: NatsLogin,
    /// Whom we trust. Default: whom the machine trusts.
    pub tls: ClientTls,
    /// What subjects and streams begin with: one for each fleet. Default: `forebay`.
    pub prefix: String,
    /// Disk that messages may take on the server, for each of the two streams. Default: 1 GiB.
    pub stream_max: ByteSize,
    /// How long a worker may be silent before its row is given to another. Default: 30 s.
    pub ack_wait: Duration,
    /// How long a row may be on its way before the book asks after it. Default: 5 min.
    pub ask_after: Duration,
    /// Rows on their way to each edge at most, purges and fetches. Default: 2048 and 256.
    pub window: [u64; 2],
    /// Rows of each kind on their way to all edges, which those that have any share evenly; 4 each in any case. A server looks through what it
    /// has for each consumer, so many messages for many edges cost it more than their sum. Default: 4096.
    pub window_of_all: u64,
}

/// How to log in.
#[derive(Clone)]
#[non_exhaustive]
pub enum NatsLogin {
    /// Everybody may.
    Open,
    /// With a token.
    Token(String),
    /// With a name and a password.
    User(String, String),
    /// With the text of a `.creds` file: a JWT and the seed of its key.
    Credentials(String),
}

impl NatsOptions {
    /// One server, with nothing special about it.
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            servers: vec![server.into()],
            login: NatsLogin::Open,
            tls: ClientTls::default(),
            prefix: "forebay".into(),
            stream_max: ByteSize::gib(1),
            ack_wait: Duration::from_secs(30),
            ask_after: Duration::from_mins(5),
            window: [2048, 256],
            window_of_all: 4096,
        }
    }

    pub(super) fn check(&self) -> Result<(), NatsError> {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.prefix.is_empty() || self.prefix.len() > PREFIX_LEN_MAX || !self.prefix.chars().all(is_fine) {
            let why = "a NATS prefix has 1 to 32 letters, digits, '-' or '_'";
            return Err(NatsError::Invalid(why.into()));
        }
        Ok(())
    }
}

/// Without secrets.
impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.servers.iter().map(|server| without_login(server)).collect();
        f.debug_struct("NatsOptions")
            .field("servers", &servers)
            .field("login", &self.login)
            .field("prefix", &self.prefix)
            .field("stream_max", &self.stream_max)
            .field("ack_wait", &self.ack_wait)
            .field("ask_after", &self.ask_after)
            .field("window", &self.window)
            .field("window_of_all", &self.window_of_all)
            .finish_non_exhaustive()
    }
}

/// Without secrets.
impl fmt::Debug for NatsLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Token(_) => "Token",
            Self::User(..) => "User",
            Self::Credentials(_) => "Credentials",
        })
    }
}
