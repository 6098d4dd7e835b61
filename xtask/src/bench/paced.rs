//! Cost at an equal rate.
//!
//! Under `wrk` everybody sends as fast as the machine lets them. Who then moves twice the bytes works with
//! colder caches, and who fills large socket buffers leaves part of its sending to the kernel's answer to the client,
//! where it counts as the client's time. Here the readers take the same bytes a second from each contender, as
//! clients with a network of their own do, and the time of both sides is told.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval};

use super::contender::{Contender, Protocol, Running, Stand, file_name};
use super::results::{Paced, PacedRound};

/// How many readers share the rate.
const READERS: [u32; 2] = [16, 64];
/// Bytes per second, all readers together: half of what this machine's loopback carries.
const RATE: f64 = 1.2e9;
const LASTING: Duration = Duration::from_secs(4);
/// One read of a reader.
const PIECE: usize = 64 << 10;

/// Measures all contenders, interleaved.
pub(crate) fn measure(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Paced>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut all = Vec::new();
    for readers in READERS {
        let mut started = Vec::new();
        for contender in Contender::ALL {
            let running = stand.start(contender, Protocol::Http, &[])?;
            started.push((Paced { contender, readers, rounds: Vec::new() }, running));
        }
        for _ in 0..rounds {
            for (paced, running) in &mut started {
                paced.rounds.push(runtime.block_on(round(running, readers))?);
            }
        }
        all.extend(started.into_iter().map(|(paced, _)| paced));
    }
    for paced in &all {
        eprintln!(
            "{:3} readers at an equal rate {:20} {:.3} cpu-s/GB, with the client {:.3}, {:.0} MB/s",
            paced.readers,
            paced.contender.name(),
            paced.cpu_per_gb(),
            paced.both_per_gb(),
            paced.bytes_per_second() / 1e6,
        );
    }
    Ok(all)
}

async fn round(running: &Running, readers: u32) -> anyhow::Result<PacedRound> {
    let mut streams = Vec::new();
    for _ in 0..readers {
        streams.push((ask(running.server.addr).await?, 0.0));
    }
    let each = RATE / f64::from(readers);
    let (before, own) = (running.server.figures().cpu, own_time());
    let (begun, mut tick) = (Instant::now(), interval(Duration::from_millis(1)));
    let mut piece = vec![0; PIECE];
    while begun.elapsed() < LASTING {
        tick.tick().await;
        let due = each * begun.elapsed().as_secs_f64();
        for (stream, got) in &mut streams {
            while due - *got >= PIECE as f64 {
                match stream.try_read(&mut piece) {
                    Ok(0) => anyhow::bail!("the server closed before the file had ended"),
                    Ok(n) => *got += n as f64,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Ok(PacedRound {
        seconds: begun.elapsed().as_secs_f64(),
        bytes: streams.iter().map(|(_, got)| got).sum(),
        server: (running.server.figures().cpu - before).as_secs_f64(),
        client: own_time() - own,
    })
}

async fn ask(addr: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET /{} HTTP/1.1\r\nHost: {addr}\r\n\r\n", file_name(1 << 30));
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// This process's processor time in seconds.
fn own_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
