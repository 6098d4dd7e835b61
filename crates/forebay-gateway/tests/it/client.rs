//! One client for every way in which a request can arrive: HTTP/1.1 and HTTP/2, plain and over TLS.

use std::net::SocketAddr;

use bytes::Bytes;
use forebay_testkit::cert::Certificate;
use forebay_testkit::raw::RawConn;
use forebay_testkit::response::{Asked, End};
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How bytes get from there to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Http1,
    Http1OverTls,
    /// By prior knowledge.
    Http2,
    Http2OverTls,
}

/// A connection.
pub(crate) enum Client {
    Http1(RawConn),
    Http2 { requests: SendRequest<Bytes>, runtime: Runtime },
}

/// An answer, and whether all of it arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, sorted.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) is_whole: bool,
}

impl Transport {
    pub(crate) const fn is_encrypted(self) -> bool {
        matches!(self, Self::Http1OverTls | Self::Http2OverTls)
    }

    /// Connects to a server with this certificate, if it has one.
    pub(crate) fn connect(self, addr: SocketAddr, certificate: &Certificate) -> Client {
        match self {
            Self::Http1 => Client::Http1(RawConn::connect(addr).unwrap()),
            Self::Http1OverTls => {
                let trust = certificate.client(&["http/1.1"]).unwrap();
                Client::Http1(RawConn::connect_tls(addr, trust).unwrap())
            }
            Self::Http2 => Client::http2(async || TcpStream::connect(addr).await.unwrap()),
            Self::Http2OverTls => {
                let trust = certificate.client(&["h2"]).unwrap();
                Client::http2(async || {
                    let tcp = TcpStream::connect(addr).await.unwrap();
                    let connector = tokio_rustls::TlsConnector::from(trust);
                    connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap()
                })
            }
        }
    }
}

impl Client {
    fn http2<T>(connect: impl AsyncFnOnce() -> T) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let requests = runtime.block_on(async {
            let (requests, connection) = h2::client::handshake(connect().await).await.unwrap();
            tokio::spawn(async move {
                let _ends_with_the_test = connection.await;
            });
            requests
        });
        Self::Http2 { requests, runtime }
    }

    pub(crate) fn ask(&mut self, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
        match self {
            Self::Http1(conn) => {
                let fields: String =
                    fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let answer = conn.request(method, target, &fields).unwrap();
                let fields = answer.head.fields.into_iter().map(|(name, value)| (name.to_lowercase(), value));
                Answer::new(answer.head.status, fields.collect(), answer.body, answer.end == End::Complete)
            }
            Self::Http2 { requests, runtime } => {
                let (requests, request) = (requests.clone(), request(method, target, fields));
                runtime.block_on(answer(requests, request, None))
            }
        }
    }

    /// Sends a body along. Over HTTP/1.1 its length is declared unless it is chunked; over HTTP/2 it never is.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        match self {
            Self::Http1(conn) => {
                let is_chunked = fields.iter().any(|(name, _)| *name == "transfer-encoding");
                let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
                for (name, value) in fields {
                    head += &format!("{name}: {value}\r\n");
                }
                let mut bytes = Vec::new();
                if is_chunked {
                    for chunk in body.chunks(70_001) {
                        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                        bytes.extend_from_slice(chunk);
                        bytes.extend_from_slice(b"\r\n");
                    }
                    bytes.extend_from_slice(b"0\r\n\r\n");
                } else {
                    head += &format!("Content-Length: {}\r\n", body.len());
                    bytes.extend_from_slice(body);
                }
                conn.send(&[head.as_bytes(), b"\r\n", &bytes].concat()).unwrap();
                let answer = conn.response(Asked::Other).unwrap();
                let fields = answer.head.fields.into_iter().map(|(name, value)| (name.to_lowercase(), value));
                Answer::new(answer.head.status, fields.collect(), answer.body, answer.end == End::Complete)
            }
            Self::Http2 { requests, runtime } => {
                let (requests, request) = (requests.clone(), request(method, target, fields));
                runtime.block_on(answer(requests, request, Some(Bytes::copy_from_slice(body))))
            }
        }
    }

    /// Asks for all of these at once, if the connection can do that, and otherwise one after the other.
    pub(crate) fn get_all(&mut self, targets: &[&str]) -> Vec<Answer> {
        match self {
            Self::Http1(_) => targets.iter().map(|target| self.ask("GET", target, &[])).collect(),
            Self::Http2 { requests, runtime } => runtime.block_on(async {
                let ask =
                    |target: &&str| tokio::spawn(answer(requests.clone(), request("GET", target, &[]), None));
                let under_way: Vec<_> = targets.iter().map(ask).collect();
                let mut answers = Vec::new();
                for answer in under_way {
                    answers.push(answer.await.unwrap());
                }
                answers
            }),
        }
    }
}

fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> http::Request<()> {
    let mut request = http::Request::builder().method(method).uri(format!("http://localhost{target}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

async fn answer(requests: SendRequest<Bytes>, request: http::Request<()>, body: Option<Bytes>) -> Answer {
    let mut requests = requests.ready().await.unwrap();
    let (answer, mut sending) = requests.send_request(request, body.is_none()).unwrap();
    if let Some(body) = body {
        sending.send_data(body, true).unwrap();
    }
    let (head, mut stream) = answer.await.unwrap().into_parts();
    let (mut body, mut is_whole) = (Vec::new(), true);
    while let Some(chunk) = stream.data().await {
        let Ok(chunk) = chunk else {
            is_whole = false;
            break;
        };
        stream.flow_control().release_capacity(chunk.len()).unwrap();
        body.extend_from_slice(&chunk);
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Answer::new(head.status.as_u16(), fields.collect(), body, is_whole)
}

impl Answer {
    fn new(status: u16, mut fields: Vec<(String, String)>, body: Vec<u8>, is_whole: bool) -> Self {
        fields.sort();
        Self { status, fields, body, is_whole }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
