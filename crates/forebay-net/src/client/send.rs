//! One request, one head.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use http::{Request, Response, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::body::ClientBody;
use super::error::{ClientError, ClientErrorKind};
use super::options::{ClientOptions, ClientStats};
use super::payload::Payload;

/// Sends requests over connections that it owns. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client(Arc<ClientOptions>);

impl Client {
    /// A client within these bounds.
    pub fn new(options: ClientOptions) -> Self {
        Self(Arc::new(options))
    }

    /// Sends a request with an absolute URI; the answer is there when its head is.
    ///
    /// # Errors
    ///
    /// See [`ClientErrorKind`]. An answer with a status of 4xx or 5xx is an answer.
    pub async fn send(&self, request: Request<Payload>) -> Result<Response<ClientBody>, ClientError> {
        tokio::time::timeout(self.0.connect_timeout + self.0.head_timeout, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(ClientError::new(ClientErrorKind::Timeout)))
    }

    /// What it holds now.
    pub fn stats(&self) -> ClientStats {
        ClientStats::default()
    }

    async fn exchange(&self, mut request: Request<Payload>) -> Result<Response<ClientBody>, ClientError> {
        let authority = request.uri().authority().ok_or(ClientError::new(ClientErrorKind::Invalid))?.clone();
        let port = authority.port_u16().unwrap_or(80);
        let tcp = TcpStream::connect((authority.host(), port))
            .await
            .map_err(|error| ClientError::with_cause(ClientErrorKind::Connect, error))?;
        let host = authority.as_str().parse().map_err(|_| ClientError::new(ClientErrorKind::Invalid))?;
        request.headers_mut().entry(HOST).or_insert(host);
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse();
        *request.uri_mut() = path.map_err(|_| ClientError::new(ClientErrorKind::Invalid))?;
        let (mut sender, mut connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp))
            .await
            .map_err(|error| ClientError::with_cause(ClientErrorKind::Reset, error))?;
        let response = {
            let answer = pin!(sender.send_request(request));
            match select(answer, &mut connection).await {
                Either::Left((answer, _)) => answer,
                Either::Right((_, answer)) => answer.await,
            }
        };
        let (head, incoming) =
            response.map_err(|error| ClientError::with_cause(ClientErrorKind::Reset, error))?.into_parts();
        Ok(Response::from_parts(head, ClientBody::new(incoming, connection, self.0.stall_timeout)))
    }
}
