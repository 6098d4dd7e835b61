//! A NATS server, and whether it can be used.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{CreateStreamError, RequestErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use async_nats::jetstream::{self, Context, stream::Stream};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use super::counts::{Counters, NatsCounts};
use super::names::Names;
use super::pull::lost;
use super::{NatsError, NatsLogin, NatsOptions};

/// How long the server may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a message is kept: one that is still wanted then is sent again.
const AGE_MAX: Duration = Duration::from_hours(7 * 24);
/// Commands that wait for the socket, and messages that wait for their reader: a little more than one batch.
const COMMANDS_MAX: usize = 1024;
const MESSAGES_MAX: usize = 1024;
/// How often a silent server is asked whether it is there; it is given up when it has missed two.
const PING: Duration = Duration::from_secs(15);

/// A connection to a NATS server that can be used. It is made again whenever it breaks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NatsLink {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    context: Context,
    names: Names,
    options: NatsOptions,
    counters: Counters,
    /// How often it has been connected.
    connected: watch::Receiver<u64>,
}

impl NatsLink {
    /// Connects, and makes the streams if they are not there.
    ///
    /// # Errors
    ///
    /// [`NatsError`] says in one line what is wrong with the server and what to do about it.
    pub async fn connect(options: NatsOptions) -> Result<Self, NatsError> {
        options.check()?;
        let (count, connected) = watch::channel(0);
        let client = dial(&options, count).await?;
        let version = client.server_info().version;
        if !is_known(&version) {
            return Err(NatsError::Version(version));
        }
        let context = jetstream::context::ContextBuilder::new()
            .timeout(PATIENCE)
            .max_ack_inflight(COMMANDS_MAX)
            .backpressure_on_inflight(true)
            .build(client.clone());
        ask_for_jetstream(&context).await?;
        let names = Names::new(&options.prefix);
        let inner = Inner { client, context, names, options, counters: Counters::default(), connected };
        let link = Self { inner: Arc::new(inner) };
        link.streams().await?;
        Ok(link)
    }

    /// What has happened on it.
    pub fn counts(&self) -> NatsCounts {
        self.inner.counters.read()
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        self.inner.client.connection_state() == State::Connected
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(super) fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(super) fn names(&self) -> &Names {
        &self.inner.names
    }

    pub(super) fn options(&self) -> &NatsOptions {
        &self.inner.options
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Changes whenever there is a new connection: what was asked on the old one will not be answered.
    pub(super) fn connections(&self) -> watch::Receiver<u64> {
        self.inner.connected.clone()
    }

    /// Both streams, of work and of what came of it. They are made if they are not there (any more).
    pub(super) async fn streams(&self) -> Result<(Stream, Stream), NatsError> {
        let Inner { names, options, .. } = &*self.inner;
        let common = Config {
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            max_bytes: i64::try_from(options.stream_max.as_u64()).unwrap_or(i64::MAX),
            max_age: AGE_MAX,
            ..Config::default()
        };
        let work = Config {
            name: names.work_stream(),
            subjects: vec![names.all_work()],
            max_messages_per_subject: 1,
            discard_new_per_subject: true,
            ..common.clone()
        };
        let done = Config { name: names.done_stream(), subjects: vec![names.all_done()], ..common };
        Ok((self.stream(work).await?, self.stream(done).await?))
    }

    /// Removes messages of these subjects, also those that somebody has in hand.
    pub(super) async fn remove_work(&self, subjects: Vec<String>) -> Result<(), NatsError> {
        let (work, _) = self.streams().await?;
        for subject in subjects {
            work.purge().filter(subject).await.map_err(lost)?;
        }
        Ok(())
    }

    /// Waits until what was said so far has left, or cannot.
    pub(super) async fn flush(&self) {
        let _ = tokio::time::timeout(PATIENCE, self.inner.client.flush()).await;
    }

    async fn stream(&self, wanted: Config) -> Result<Stream, NatsError> {
        let name = wanted.name.clone();
        let refused = |why: String| NatsError::Stream { name: name.clone(), why };
        let made = self.inner.context.get_or_create_stream(wanted.clone()).await;
        let stream = made.map_err(|error: CreateStreamError| refused(error.to_string()))?;
        let found = &stream.cached_info().config;
        let is_as_wanted = found.retention == wanted.retention
            && found.discard == wanted.discard
            && found.discard_new_per_subject == wanted.discard_new_per_subject
            && found.max_messages_per_subject.max(0) == wanted.max_messages_per_subject.max(0)
            && found.subjects == wanted.subjects;
        if !is_as_wanted {
            return Err(refused("it is there with other settings; name another prefix, or delete it".into()));
        }
        Ok(stream)
    }
}

async fn dial(options: &NatsOptions, connected: watch::Sender<u64>) -> Result<Client, NatsError> {
    let invalid = |what: &str| NatsError::Invalid(format!("{what} is no address of a NATS server"));
    let servers: Vec<ServerAddr> = options
        .servers
        .iter()
        .map(|server| server.parse().map_err(|_| invalid(&without_login(server))))
        .collect::<Result<_, _>>()?;
    let Some(first) = servers.first() else { return Err(invalid("nothing")) };
    let server = format!("{}:{}", first.host(), first.port());
    let unreachable = |why: String| NatsError::Unreachable { server: server.clone(), why };
    let connected = Arc::new(connected);
    let mut dialled = ConnectOptions::new()
        .name("forebay")
        .connection_timeout(PATIENCE)
        .request_timeout(Some(PATIENCE))
        .ping_interval(PING)
        .client_capacity(COMMANDS_MAX)
        .subscription_capacity(MESSAGES_MAX)
        .event_callback(move |event| {
            let connected = Arc::clone(&connected);
            async move { note(&event, &connected) }
        });
    dialled = match &options.login {
        NatsLogin::Open => dialled,
        NatsLogin::Token(token) => dialled.token(token.clone()),
        NatsLogin::User(name, password) => dialled.user_and_password(name.clone(), password.clone()),
        NatsLogin::Credentials(text) => dialled
            .credentials(text)
            .map_err(|_| NatsError::Invalid("the NATS credentials are not those of a .creds file".into()))?,
    };
    if servers.iter().any(ServerAddr::tls_required) {
        let config = options.tls.config().await.map_err(|error| unreachable(error.to_string()))?;
        let mut config = (*config).clone();
        config.alpn_protocols.clear();
        dialled = dialled.tls_client_config(config);
    }
    dialled.connect(servers).await.map_err(|error| match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            NatsError::Denied(server.clone())
        }
        _ => unreachable(error.to_string()),
    })
}

/// Asks in our own words: what a 2.9 server answers is not all that `query_account` insists on.
async fn ask_for_jetstream(context: &Context) -> Result<(), NatsError> {
    match context.request::<_, _, serde_json::Value>("INFO", &()).await {
        Ok(answer) if answer.get("error").is_none() => Ok(()),
        Ok(_) => Err(NatsError::NoJetStream),
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(NatsError::NoJetStream),
        Err(error) if error.kind() == RequestErrorKind::TimedOut => Err(NatsError::Silent),
        Err(error) => Err(lost(error)),
    }
}

fn note(event: &Event, connected: &watch::Sender<u64>) {
    match event {
        Event::Connected => {
            connected.send_modify(|count| *count += 1);
            tracing::info!("connected to NATS");
        }
        Event::Disconnected => tracing::warn!("the connection to NATS broke; it is made again"),
        // One for each try to connect.
        Event::ClientError(_) => tracing::debug!(%event, "NATS"),
        event => tracing::warn!(%event, "NATS"),
    }
}

/// An address as it may be shown.
pub(super) fn without_login(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").map_or(("", server), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.into() } else { format!("{scheme}://{host}") }
}

/// 2.9 or a later 2.x.
fn is_known(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    matches!((parts.next(), parts.next()), (Some(Some(2)), Some(Some(minor))) if minor >= 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_from_2_9_on() {
        for known in ["2.9.0", "2.9.10", "2.10.1-beta", "2.12.0"] {
            assert!(is_known(known), "{known}");
        }
        for unknown in ["2.8.4", "1.4.1", "3.0.0", "", "2", "nats"] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn a_login_in_an_address_is_not_shown() {
        assert_eq!(without_login("nats://user:secret@host:4222"), "nats://host:4222");
        assert_eq!(without_login("host"), "host");
    }
}
