//! Readers that stop reading, by the thousand, in one thread.
//!
//! Each opens a connection with a small receive buffer, asks for a large object, reads the head and
//! then nothing: what the server holds for it is what this project is about. The connections come from
//! several loopback addresses, because one has about 28,000 ports and ten thousand readers are not one client.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// How the readers behave.
#[derive(Clone, Debug)]
pub struct Stall {
    /// The request, complete with its empty line.
    pub request: Arc<[u8]>,
    /// `SO_RCVBUF` of each, in bytes: what the *client* can hold is not the server's.
    pub receive_buffer: u32,
    /// Connections under way at once while they are opened.
    pub opening: usize,
    /// A reader whose response head has not come by then has failed.
    pub patience: Duration,
}

/// Connections on which nobody reads.
#[derive(Debug, Default)]
pub struct StalledReaders {
    open: Vec<TcpStream>,
    promised: Vec<Option<u64>>,
    refused: Vec<u16>,
    failed: usize,
}

impl Stall {
    /// A plain GET of `target`, with a receive buffer of 4 KiB.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::with_fields(target, "")
    }

    /// A GET with further fields, each ended by CRLF.
    #[must_use]
    pub fn with_fields(target: &str, fields: &str) -> Self {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        Self {
            request: request.into_bytes().into(),
            receive_buffer: 4 << 10,
            opening: 64,
            patience: Duration::from_secs(30),
        }
    }
}

impl StalledReaders {
    /// Opens `count` readers; each has read its response head when this returns.
    pub async fn open(addr: SocketAddr, stall: &Stall, count: usize) -> Self {
        let mut all = Self::default();
        all.add(addr, stall, count).await;
        all
    }

    /// Opens `count` more.
    pub async fn add(&mut self, addr: SocketAddr, stall: &Stall, count: usize) {
        let from = self.asked();
        let opened = futures_util::stream::iter(from..from + count)
            .map(|i| async move { timeout(stall.patience, one(addr, stall, i)).await })
            .buffer_unordered(stall.opening);
        let mut opened = std::pin::pin!(opened);
        while let Some(result) = opened.next().await {
            match result {
                Ok(Ok(Answered { stream, status: 200 | 206, promised })) => {
                    self.open.push(stream);
                    self.promised.push(promised);
                }
                Ok(Ok(answered)) => self.refused.push(answered.status),
                Ok(Err(_)) | Err(_) => self.failed += 1,
            }
        }
    }

    /// Readers that got 200 or 206 and are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many were asked for until now, whatever became of them.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.open.len() + self.refused.len() + self.failed
    }

    /// The `Content-Length` that each of the held ones was answered with, where there was one.
    #[must_use]
    pub fn promised(&self) -> &[Option<u64>] {
        &self.promised
    }

    /// Statuses of those that were refused.
    #[must_use]
    pub fn refused(&self) -> &[u16] {
        &self.refused
    }

    /// Those that got no response head at all.
    #[must_use]
    pub const fn failed(&self) -> usize {
        self.failed
    }

    /// How many of the held ones the server has cut, by reset or by an end.
    #[must_use]
    pub fn cut(&self) -> usize {
        self.open.iter().filter(|stream| is_cut(stream)).count()
    }

    /// Waits until all are cut, looking ten times a second; returns how many are not, after `patience`.
    pub async fn wait_until_cut(&self, patience: Duration) -> usize {
        let deadline = Instant::now() + patience;
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            let left = self.len() - self.cut();
            if left == 0 || Instant::now() > deadline {
                return left;
            }
        }
    }
}

/// A response head.
struct Answered {
    stream: TcpStream,
    status: u16,
    promised: Option<u64>,
}

async fn one(addr: SocketAddr, stall: &Stall, index: usize) -> io::Result<Answered> {
    let mut stream = connect(addr, index, stall.receive_buffer).await?;
    stream.write_all(&stall.request).await?;
    let mut head = Vec::with_capacity(512);
    // Byte by byte would be honest to the last body byte; a small piece is honest enough.
    let mut piece = [0; 256];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut piece).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => head.extend_from_slice(&piece[..n]),
        }
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let status = head.get(9..12).and_then(|s| s.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    Ok(Answered { stream, status, promised })
}

/// Connections that come from one loopback address; the next ones come from the next.
const FROM_ONE_ADDRESS: usize = 2_000;

/// A connection of the client with this number, with its receive buffer set before the handshake, so that the window
/// never was larger.
///
/// # Errors
/// Those of the network.
pub async fn connect(addr: SocketAddr, index: usize, receive_buffer: u32) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(receive_buffer)?;
    if addr.ip().is_loopback() && index >= FROM_ONE_ADDRESS {
        let host = u8::try_from(1 + index / FROM_ONE_ADDRESS).map_err(io::Error::other)?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0)))?;
    }
    socket.connect(addr).await
}

fn is_cut(stream: &TcpStream) -> bool {
    let fd = stream.as_fd();
    let mut fds = [PollFd::new(&fd, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(gone)
}
