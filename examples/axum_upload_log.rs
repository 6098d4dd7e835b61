//! An access log in any axum service, in one line; shown on an upload of 1 GiB:
//! `cargo run --release --example axum_upload_log -- [SIZE] [CAPTURE]`.
//!
//! The example serves, uploads to itself, and prints what that cost: the log line (to standard output, with
//! the first 1 KiB of the body) and the growth of the process's memory (to standard error).

use std::net::SocketAddr;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::{Router, routing::put};
use forebay_budget::ByteSize;
use forebay_net::{ConnInfo, ListenOptions, Listener, ServeOptions, serve};
use forebay_tower::AccessLogLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let size: ByteSize = args.next().as_deref().unwrap_or("1GiB").parse()?;
    let capture: ByteSize = args.next().as_deref().unwrap_or("1KiB").parse()?;

    let log = AccessLogLayer::stdout(capture)?.peer_from(|of| of.get::<ConnInfo>().map(|conn| conn.peer));
    let router = Router::new()
        .route("/upload", put(receive))
        // The one line:
        .layer(log.clone());

    let listener = Listener::bind("127.0.0.1:0".parse()?, &ListenOptions::default())?;
    let address = listener.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router, ServeOptions::default(), async {
        let _ = stopped.await;
    }));

    let before = anonymous_memory();
    let answer = upload(address, size).await?;
    let after = anonymous_memory();
    let _ = stop.send(());
    server.await?;
    if let Some(queue) = log.queue() {
        queue.flush().await;
    }
    eprintln!("uploaded {size}, the service answered {answer:?}");
    eprintln!("anonymous memory before {before}, after {after}");
    Ok(())
}

/// Counts the body as it passes.
async fn receive(request: Request) -> Result<String, String> {
    let mut body = Box::pin(request.into_body());
    let mut bytes = 0;
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        bytes += frame.map_err(|error| error.to_string())?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(format!("{bytes} bytes"))
}

/// A client without a library: one request, a JSON text of the given length, one answer.
async fn upload(address: SocketAddr, size: ByteSize) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let opening = r#"{"user":"bob","password":"hunter2","data":""#;
    let length = size.as_u64().max(opening.len() as u64 + 2);
    let head = format!(
        "PUT /upload?token=hush HTTP/1.1\r\nhost: {address}\r\nuser-agent: upload-example\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{opening}"
    );
    stream.write_all(head.as_bytes()).await?;
    let block = vec![b'x'; 64 * 1024];
    let mut left = length - opening.len() as u64 - 2;
    while left > 0 {
        let piece = left.min(block.len() as u64);
        stream.write_all(&block[..piece as usize]).await?;
        left -= piece;
    }
    stream.write_all(b"\"}").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().last().unwrap_or_default().to_owned())
}

/// What the kernel counts as this process's anonymous memory.
fn anonymous_memory() -> ByteSize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    ByteSize::kib(kib.unwrap_or(0))
}
