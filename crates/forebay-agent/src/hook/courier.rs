//! Goes with messages from the queue to those who are to hear.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use forebay_net::client::Client;
use forebay_net::retry::RetryPolicy;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use super::receivers::Receivers;
use super::secret::Secrets;
use super::sending::Setback;
use crate::queue::{Book, Clock, Job, JobId, Moment, QueueError, Told, WallClock, persist};

const WHAT: &str = "who was told of jobs";

/// How patient it is.
#[derive(Clone, Debug)]
pub struct CourierOptions {
    /// For how long after a job's end its receiver is told again; once it is tried in any case. Default: 3 days.
    pub patience: Duration,
    /// Messages under way at once. Default: 4.
    pub at_once: usize,
    /// How long one try may take. Default: 20 s.
    pub try_for: Duration,
    /// The waits between tries. Default: 5 s to 1 h, and up to a day where the receiver asks for it.
    pub retry: RetryPolicy,
    /// The time. Default: this machine's.
    pub clock: Arc<dyn Clock>,
}

/// Tells receivers what they are to hear.
#[derive(Clone, Debug)]
pub struct Courier {
    book: Book,
    pub(super) client: Client,
    receivers: Receivers,
    pub(super) secrets: Secrets,
    pub(super) options: CourierOptions,
}

impl Default for CourierOptions {
    fn default() -> Self {
        let retry = RetryPolicy {
            // It is time that bounds them.
            failures_max: u32::MAX,
            transient_base: Duration::from_secs(5),
            throttled_base: Duration::from_secs(30),
            wait_max: Duration::from_hours(1),
            retry_after_max: Duration::from_hours(24),
        };
        Self {
            patience: Duration::from_hours(3 * 24),
            at_once: 4,
            try_for: Duration::from_secs(20),
            retry,
            clock: Arc::new(WallClock),
        }
    }
}

impl Courier {
    /// Between this queue and these receivers.
    pub fn new(
        book: Book,
        client: Client,
        receivers: Receivers,
        secrets: Secrets,
        options: CourierOptions,
    ) -> Self {
        Self { book, client, receivers, secrets, options }
    }

    /// Tells whoever is to be told, until it is dropped: a message that is under way then is told again by the next one.
    ///
    /// # Errors
    ///
    /// What makes the queue useless. A disk that is full is waited for.
    pub async fn run(&self) -> Result<Infallible, QueueError> {
        let mut under_way = FuturesUnordered::new();
        let mut in_hand: Vec<JobId> = Vec::new();
        loop {
            let room = self.options.at_once - in_hand.len();
            if room > 0 {
                for job in persist(WHAT, || self.book.to_announce(room, in_hand.clone())).await? {
                    in_hand.push(job.id);
                    under_way.push(self.deliver(job));
                }
            }
            tokio::select! {
                Some(done) = under_way.next() => {
                    let job = done?;
                    in_hand.retain(|other| *other != job);
                }
                ready = self.book.announcements(), if in_hand.len() < self.options.at_once => ready?,
            }
        }
    }

    /// Tries to tell of a job, and writes down what came of it.
    async fn deliver(&self, job: Job) -> Result<JobId, QueueError> {
        let ended = job.ended.unwrap_or(job.created);
        let told = self.tell(&job, ended).await;
        if let Told::GivenUp { why } = &told {
            tracing::warn!(job = %job.id, why, "a webhook was not told of the job's end");
        }
        match persist(WHAT, || self.book.told(job.id, ended, told.clone())).await {
            // It was forgotten meanwhile.
            Ok(()) | Err(QueueError::NoSuchJob) => Ok(job.id),
            Err(error) => Err(error),
        }
    }

    async fn tell(&self, job: &Job, ended: Moment) -> Told {
        let url = job.terms.webhook.as_deref().unwrap_or_default();
        let (url, receiver) = match self.receivers.find(url) {
            Ok(found) => found,
            // It could be told when the job was taken in, and perhaps can be told when somebody has looked at the settings again.
            Err(refused) => return self.again(ended, self.options.retry.wait_max, refused.to_string()),
        };
        let tries = job.webhook.as_ref().map_or(0, |webhook| webhook.tries);
        let mut retry = receiver.peer.resume(self.options.retry, tries);
        if let Err(alone) = retry.admit() {
            return match self.again(ended, alone.wait, alone.to_string()) {
                Told::Again { at, .. } => Told::Later { at },
                over => over,
            };
        }
        let tried = timeout(self.options.try_for, self.send(job, ended, url)).await;
        let tried = tried.unwrap_or_else(|_| Err(Setback::transient("no answer in time".to_owned())));
        let Err(setback) = tried else {
            retry.succeeded();
            return Told::Heard;
        };
        tracing::debug!(job = %job.id, %receiver, why = setback.why, "a webhook was not told");
        if setback.is_final {
            retry.succeeded();
            return Told::GivenUp { why: setback.why.into() };
        }
        let wait = retry.again(setback.trouble).unwrap_or(self.options.retry.wait_max);
        self.again(ended, wait, setback.why)
    }

    /// It is told again after this wait, unless that would be too late.
    fn again(&self, ended: Moment, wait: Duration, why: String) -> Told {
        let (at, why) = (self.options.clock.now().after(wait), why.into());
        if at > ended.after(self.options.patience) { Told::GivenUp { why } } else { Told::Again { at, why } }
    }
}
