//! One message, sent once.

use bytes::Bytes;
use forebay_net::client::Payload;
use forebay_net::retry::{Trouble, TroubleKind};
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode, Uri};

use super::courier::Courier;
use super::message::Message;
use crate::queue::{Job, Moment};
use crate::retry_after::retry_after;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("forebay/", env!("CARGO_PKG_VERSION")));

/// A try that failed.
pub(super) struct Setback {
    pub(super) why: String,
    pub(super) trouble: Trouble,
    /// The receiver does not want to be told again.
    pub(super) is_final: bool,
}

impl Courier {
    /// Sends it once. Only the status of the answer counts; of its body a little is read, so that the connection can be used again.
    pub(super) async fn send(&self, job: &Job, ended: Moment, url: Uri) -> Result<(), Setback> {
        let request = self.request(job, ended, url);
        let answer =
            self.client.send(request).await.map_err(|error| Setback::transient(error.to_string()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let asked = answer.headers().get(RETRY_AFTER).and_then(retry_after);
        Err(Setback {
            why: if status.is_redirection() {
                format!("the receiver answered {status}, and no redirect is followed")
            } else {
                format!("the receiver answered {status}")
            },
            trouble: Trouble {
                // Whoever answers is not dead, and will hardly think otherwise soon.
                kind: if status.is_server_error() { TroubleKind::Transient } else { TroubleKind::Throttled },
                retry_after: asked.map(|asked| asked.min(self.options.retry.retry_after_max)),
            },
            is_final: status == StatusCode::GONE,
        })
    }

    fn request(&self, job: &Job, ended: Moment, url: Uri) -> Request<Payload> {
        let body = Bytes::from(serde_json::to_vec(&Message::of(job)).unwrap_or_default());
        // A job that was tried again has another end, which is another message.
        let id = format!("{}-{}", job.id, ended.0);
        let timestamp = self.options.clock.now().0.div_euclid(1000);
        let signature = self.secrets.sign(&id, timestamp, &body);
        let mut request = Request::new(Payload::bytes(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("webhook-timestamp", timestamp.into());
        for (name, value) in [("webhook-id", id), ("webhook-signature", signature)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        request
    }
}

impl Setback {
    pub(super) fn transient(why: String) -> Self {
        Self { why, trouble: Trouble::TRANSIENT, is_final: false }
    }
}
