//! A remote place that follows a script: each request gets the next line of it, over a socket of its own.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use forebay_net::client::{Client, ClientOptions, Payload};
use forebay_net::retry::Peer;
use forebay_store::remote::{Facts, KeysAsk, KeysPage, ObjectKey, Pin, Reading, Remote};
use forebay_store::{Answer, ByteRange, StoreError, StoreErrorKind, Validator};
use forebay_testkit::pattern::Pattern;
use http::Request;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const PATTERN: Pattern = Pattern::new(11);

/// What one request gets.
#[derive(Debug)]
pub(crate) enum Line {
    Bytes(Box<Bytes>),
    Fails(StoreErrorKind),
}

/// An answer with bytes of the pattern.
#[derive(Debug)]
pub(crate) struct Bytes {
    pub(crate) facts: Facts,
    /// What the answer says that it is; `None` for one without a length.
    pub(crate) says: Option<Range<u64>>,
    /// What it sends.
    pub(crate) sends: Range<u64>,
    pub(crate) end: End,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Closes,
    Stalls,
}

/// The place. Each read is written down.
#[derive(Debug)]
pub(crate) struct Scripted {
    client: Client,
    peer: Peer,
    lines: Mutex<VecDeque<Line>>,
    asked: Mutex<Vec<(Option<ByteRange>, Option<Pin>)>>,
}

pub(crate) fn client() -> Client {
    Client::new(ClientOptions { stall_timeout: Duration::from_millis(100), ..ClientOptions::default() })
}

impl Scripted {
    pub(crate) fn new(lines: impl IntoIterator<Item = Line>) -> Self {
        Self {
            client: client(),
            peer: Peer::default(),
            lines: Mutex::new(lines.into_iter().collect()),
            asked: Mutex::default(),
        }
    }

    /// The reads so far: the range, and the entity tag of the pin.
    pub(crate) fn asked(&self) -> Vec<(Option<ByteRange>, Option<Validator>)> {
        let tag = |pin: Option<Pin>| pin.and_then(|pin| pin.validator);
        self.asked.lock().iter().cloned().map(|(range, pin)| (range, tag(pin))).collect()
    }

    async fn answer(&self, line: Option<Line>) -> Result<Reading, StoreError> {
        let bytes = match line {
            Some(Line::Bytes(bytes)) => bytes,
            Some(Line::Fails(kind)) => return Err(kind.into()),
            None => return Err(StoreError::with_cause(StoreErrorKind::Denied, "the script is at its end")),
        };
        let Bytes { facts, says, sends, end } = *bytes;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}/", listener.local_addr().unwrap());
        let length = says.as_ref().map(|says| says.end - says.start);
        tokio::spawn(async move { serve(&listener, length, sends, end).await });
        let response = self.client.send(Request::get(target).body(Payload::empty()).unwrap()).await?;
        let range = says.and_then(|says| ByteRange::new(says.start, says.end));
        Ok(Reading { facts, range, body: response.into_body() })
    }
}

async fn serve(listener: &TcpListener, length: Option<u64>, sends: Range<u64>, end: End) {
    let (mut socket, _) = listener.accept().await.unwrap();
    read_head(&mut socket).await;
    let length = length.map_or_else(String::new, |length| format!("Content-Length: {length}\r\n"));
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n");
    let body = PATTERN.bytes(sends.start, (sends.end - sends.start) as usize);
    // A reader that has enough may be gone.
    let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
    if let End::Stalls = end {
        let _ = socket.read(&mut [0]).await;
    }
}

async fn read_head(socket: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = socket.read_u8().await.unwrap();
        head.push(byte);
    }
}

impl Remote for Scripted {
    fn place(&self) -> &str {
        "script://here"
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn head<'a>(&'a self, _: &'a ObjectKey, _: Option<&'a Pin>) -> Answer<'a, Facts> {
        Answer::now(Err(StoreErrorKind::Invalid.into()))
    }

    fn read<'a>(
        &'a self,
        _: &'a ObjectKey,
        range: Option<ByteRange>,
        pin: Option<&'a Pin>,
    ) -> Answer<'a, Reading> {
        self.asked.lock().push((range, pin.cloned()));
        let line = self.lines.lock().pop_front();
        Answer::later(self.answer(line))
    }

    fn keys<'a>(&'a self, _: &'a KeysAsk) -> Answer<'a, KeysPage> {
        Answer::now(Err(StoreErrorKind::Invalid.into()))
    }
}
