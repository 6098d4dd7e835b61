//! Clients that are slow rather than still: a few bytes at every tick, for as long as they are let.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

use crate::readers::connect;

/// Bytes per tick.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Moved at each tick.
    pub bytes: usize,
    /// Between ticks.
    pub every: Duration,
}

/// How a slow client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes that it moved.
    pub moved: u64,
    /// How long it was let.
    pub lasted: Duration,
    /// Whether the server cut it, or it stopped by itself.
    pub cut: bool,
}

/// Sends `bytes` at a pace (a slow head, a slow upload) until all is sent or the server cuts it.
///
/// # Errors
/// The connection could not be made.
pub async fn write(addr: SocketAddr, bytes: &[u8], pace: Pace) -> io::Result<Outcome> {
    let mut stream = connect(addr, 0, 64 << 10).await?;
    let (begun, mut tick, mut moved) = (Instant::now(), interval(pace.every), 0);
    for piece in bytes.chunks(pace.bytes) {
        tick.tick().await;
        if gone(&stream) || stream.write_all(piece).await.is_err() {
            return Ok(Outcome { moved, lasted: begun.elapsed(), cut: true });
        }
        moved += piece.len() as u64;
    }
    Ok(Outcome { moved, lasted: begun.elapsed(), cut: false })
}

/// Sends a request and reads its answer at a pace, for at most `patience`, or until it ends.
///
/// # Errors
/// The connection could not be made, or the request not be sent.
pub async fn read(addr: SocketAddr, request: &[u8], pace: Pace, patience: Duration) -> io::Result<Outcome> {
    let mut stream = connect(addr, 0, 4 << 10).await?;
    stream.write_all(request).await?;
    let (begun, mut tick, mut moved) = (Instant::now(), interval(pace.every), 0);
    let mut piece = vec![0; pace.bytes];
    while begun.elapsed() < patience {
        tick.tick().await;
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return Ok(Outcome { moved, lasted: begun.elapsed(), cut: true }),
            Ok(n) => moved += n as u64,
        }
    }
    Ok(Outcome { moved, lasted: begun.elapsed(), cut: false })
}

/// Whether the server has ended the connection (whatever it said before).
fn gone(stream: &TcpStream) -> bool {
    let mut piece = [0; 1024];
    loop {
        match stream.try_read(&mut piece) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(e) => return e.kind() != io::ErrorKind::WouldBlock,
        }
    }
}
