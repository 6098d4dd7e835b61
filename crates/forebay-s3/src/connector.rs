//! The SDK's requests over our own sockets.
//!
//! Everything that the SDK and its credential providers say goes through here: S3, STS, SSO, the metadata services of machines and
//! containers. So no socket exists that [`Client`] did not count, bound and time. The SDK's own retries, timeouts and stall limits
//! are off for S3, because ours are above and below it; a credential provider brings limits of its own (a machine that is not in
//! a cloud must not wait long for a metadata service), and those are kept here.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use forebay_net::client::{Client, ClientError, ClientErrorKind, Payload};
use http::{HeaderMap, Response};

use crate::answer::{ANSWER_BYTES_MAX, Answer, LIST_BYTES_MAX};
use crate::exchange::Exchange;

/// Makes connectors over one [`Client`].
#[derive(Debug, Clone)]
pub(crate) struct Wire(Client);

/// Sends requests within a limit of time, where one was set.
#[derive(Debug)]
struct Timed {
    client: Client,
    limit: Option<Duration>,
}

impl Wire {
    pub(crate) const fn new(client: Client) -> Self {
        Self(client)
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let limit = match (settings.connect_timeout(), settings.read_timeout()) {
            (None, None) => None,
            (connect, read) => Some(connect.unwrap_or_default() + read.unwrap_or_default()),
        };
        SharedHttpConnector::new(Timed { client: self.0.clone(), limit })
    }
}

impl HttpConnector for Timed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, limit) = (self.client.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            let Some(limit) = limit else { return exchange(&client, request).await };
            tokio::time::timeout(limit, exchange(&client, request))
                .await
                .unwrap_or_else(|_| Err(failed(ClientError::new(ClientErrorKind::Timeout))))
        })
    }
}

async fn exchange(client: &Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let kept = request.extensions_mut().remove::<Exchange>();
    let sent = kept.as_ref().and_then(Exchange::payload);
    let request = request.map(|body| sent.unwrap_or_else(|| words(body)));
    let (head, body) = client.send(request).await.map_err(failed)?.into_parts();
    let list = head.status.is_success() && kept.as_ref().is_some_and(Exchange::is_list);
    let bytes_max = if list { LIST_BYTES_MAX } else { ANSWER_BYTES_MAX };
    let for_sdk = match &kept {
        Some(kept) => kept.arrived(&head, body),
        None => Some(body),
    };
    let body = for_sdk.map_or_else(SdkBody::empty, |body| Answer::new(body, bytes_max).into_sdk());
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = readable(&head.headers);
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

/// What the SDK itself says is short and in memory.
fn words(body: SdkBody) -> Payload {
    match body.bytes() {
        Some(bytes) => Payload::bytes(bytes::Bytes::copy_from_slice(bytes)),
        None => Payload::body(body),
    }
}

/// The SDK refuses an answer with a header that is not UTF-8. We have read what we need from the real ones.
fn readable(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if std::str::from_utf8(value.as_bytes()).is_ok() {
            kept.append(name, value.clone());
        }
    }
    kept
}

fn failed(error: ClientError) -> ConnectorError {
    let unsent = error.kind().is_unsent();
    let failed = match error.kind() {
        ClientErrorKind::Timeout => ConnectorError::timeout(error.into()),
        ClientErrorKind::Invalid => ConnectorError::user(error.into()),
        _ => ConnectorError::io(error.into()),
    };
    if unsent { failed.never_connected() } else { failed }
}
