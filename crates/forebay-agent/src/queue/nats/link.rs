//! A NATS server, and whether it can be used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::context::{CreateStreamError, RequestErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use async_nats::jetstream::{self, Context, stream::Stream};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::counts::{Counters, NatsCounts};
use super::dial::{Absent, COMMANDS_MAX, dial};
use super::names::Names;
use super::pull::lost;
use super::task::Task;
use super::{NatsError, NatsOptions};

/// How long the server may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long a message is kept: one that is still wanted then is sent again.
const AGE_MAX: Duration = Duration::from_hours(7 * 24);

/// Before a server that cannot be used is looked at again.
const REST: Duration = Duration::from_secs(1);

/// A connection to a NATS server that can be used. It is made again whenever it breaks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NatsLink {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    server: Arc<Server>,
    counters: Counters,
    /// How often it has been connected.
    connected: watch::Receiver<u64>,
    _watch: Task,
}

/// The server, and what was seen of it.
#[derive(Debug)]
struct Server {
    client: Client,
    context: Context,
    names: Names,
    options: NatsOptions,
    /// Whether it was found to be what we need, and was not found otherwise since.
    is_usable: AtomicBool,
    /// Why it is not.
    trouble: Mutex<Option<NatsError>>,
}

impl NatsLink {
    /// Connects, and makes the streams if they are not there.
    ///
    /// # Errors
    ///
    /// [`NatsError`] says in one line what is wrong with the server and what to do about it.
    pub async fn connect(options: NatsOptions) -> Result<Self, NatsError> {
        let (server, connected) = Server::find(options, Absent::Refuse).await?;
        server.check().await?;
        server.is_usable.store(true, Ordering::Relaxed);
        Ok(Self::over(server, connected))
    }

    /// As [`connect`](Self::connect), but a server that cannot be reached is waited for: until then there is a link without a connection, as if it
    /// had broken. If what comes at last cannot be used, there is [trouble](Self::trouble).
    ///
    /// # Errors
    ///
    /// See [`connect`](Self::connect).
    pub async fn join(options: NatsOptions) -> Result<Self, NatsError> {
        match Self::connect(options.clone()).await {
            Err(error @ (NatsError::Unreachable { .. } | NatsError::Lost(_))) => {
                tracing::warn!(%error, "NATS is waited for");
                let (server, connected) = Server::find(options, Absent::Wait).await?;
                Ok(Self::over(server, connected))
            }
            known => known,
        }
    }

    fn over(server: Server, connected: watch::Receiver<u64>) -> Self {
        let server = Arc::new(server);
        let watch = Task::spawn(look_after(Arc::clone(&server), connected.clone()));
        let inner = Inner { server, counters: Counters::default(), connected, _watch: watch };
        Self { inner: Arc::new(inner) }
    }

    /// Why a server that is there cannot be used, if it cannot.
    pub fn trouble(&self) -> Option<NatsError> {
        self.inner.server.trouble.lock().clone()
    }

    /// What has happened on it.
    pub fn counts(&self) -> NatsCounts {
        self.inner.counters.read()
    }

    /// Whether there is a connection now, to a server that can be used.
    pub fn is_connected(&self) -> bool {
        let Server { client, is_usable, .. } = &*self.inner.server;
        is_usable.load(Ordering::Relaxed) && client.connection_state() == State::Connected
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.server.client
    }

    pub(super) fn context(&self) -> &Context {
        &self.inner.server.context
    }

    pub(super) fn names(&self) -> &Names {
        &self.inner.server.names
    }

    pub(super) fn options(&self) -> &NatsOptions {
        &self.inner.server.options
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
        self.inner.server.streams().await
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
        let _ = tokio::time::timeout(PATIENCE, self.client().flush()).await;
    }
}

impl Server {
    /// Connects to it, or begins to. Also tells how often that was done.
    async fn find(options: NatsOptions, absent: Absent) -> Result<(Self, watch::Receiver<u64>), NatsError> {
        options.check()?;
        let (count, connected) = watch::channel(0);
        let client = dial(&options, count, absent).await?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(PATIENCE)
            .max_ack_inflight(COMMANDS_MAX)
            .backpressure_on_inflight(true)
            .build(client.clone());
        let names = Names::new(&options.prefix);
        let (is_usable, trouble) = (AtomicBool::new(false), Mutex::default());
        Ok((Self { client, context, names, options, is_usable, trouble }, connected))
    }

    /// Whether it is what we need.
    async fn check(&self) -> Result<(), NatsError> {
        let version = self.client.server_info().version;
        if !is_known(&version) {
            return Err(NatsError::Version(version));
        }
        ask_for_jetstream(&self.context).await?;
        self.streams().await.map(drop)
    }

    /// Notes whether it can be used; says whether it can.
    async fn look(&self) -> bool {
        let trouble = self.check().await.err();
        if trouble.is_some() && self.client.connection_state() != State::Connected {
            // Nobody was there to ask.
            return false;
        }
        self.is_usable.store(trouble.is_none(), Ordering::Relaxed);
        let known = std::mem::replace(&mut *self.trouble.lock(), trouble.clone());
        match &trouble {
            Some(error) if known != trouble => {
                tracing::error!(%error, "NATS is there and cannot be used; it is looked at again");
            }
            _ => {}
        }
        trouble.is_none()
    }

    /// Both streams, of work and of what came of it. They are made if they are not there (any more).
    async fn streams(&self) -> Result<(Stream, Stream), NatsError> {
        let Self { names, options, .. } = self;
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

    async fn stream(&self, wanted: Config) -> Result<Stream, NatsError> {
        let name = wanted.name.clone();
        let refused = |why: String| NatsError::Stream { name: name.clone(), why };
        let made = self.context.get_or_create_stream(wanted.clone()).await;
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

/// Looks at the server whenever there is a new connection, until it is known to be what we need: it may be another one than before.
async fn look_after(server: Arc<Server>, mut connected: watch::Receiver<u64>) {
    let mut is_fine = true;
    loop {
        tokio::select! {
            // An error says that there is no client any more.
            changed = connected.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(REST), if !is_fine => {}
        }
        is_fine = server.look().await;
    }
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
}
