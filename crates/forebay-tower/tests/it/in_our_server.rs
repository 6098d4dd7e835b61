//! Under the server that sends files by name, the record says what the client's socket took.

use std::sync::Arc;
use std::time::Duration;

use axum::{Router, routing::get};
use forebay_budget::{ByteSize, Class, Ledger};
use forebay_net::{
    ConnInfo, FileBody, FileSpan, ListenOptions, Listener, ReadWindow, ServeOptions, Transfer, serve,
};
use forebay_tower::access_log::{AccessLogOptions, Moved, MovedHandle};
use forebay_tower::{AccessLogLayer, LogQueue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// More than the socket buffers of both sides.
const FILE: u64 = 64 * 1024 * 1024;

#[derive(Debug)]
struct Socket(Transfer);

impl Moved for Socket {
    fn sent(&self) -> u64 {
        self.0.sent()
    }

    fn received(&self) -> u64 {
        self.0.received()
    }
}

/// Serves one sparse file, lets `client` talk to it, and returns the records.
async fn serving<F: Future>(client: impl FnOnce(TcpStream) -> F) -> Vec<serde_json::Value> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::File::create(&path).unwrap().set_len(FILE).unwrap();
    let ledger = Ledger::new([(Class::LogQueue, ByteSize::kib(64))]);
    let (sink, writer) = std::io::pipe().unwrap();
    let queue = LogQueue::start(writer, &ledger, ByteSize::kib(64)).unwrap();
    let options = AccessLogOptions {
        moved_from: Some(|of| {
            of.get::<Transfer>().map(|transfer| MovedHandle(Arc::new(Socket(transfer.clone()))))
        }),
        peer_from: Some(|of| of.get::<ConnInfo>().map(|conn| conn.peer)),
        ..AccessLogOptions::default()
    };
    let serving = ServeOptions::default();
    let reads = serving.ledger.clone();
    let file = move || async move {
        let window = ReadWindow::on_demand(reads, ByteSize::kib(128), Duration::from_secs(1));
        FileBody::of(FileSpan::open(path).await.unwrap(), window).respond()
    };
    let router = Router::new().route("/", get(file)).layer(AccessLogLayer::new(queue, options));
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    let address = listener.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, router, serving, async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    client(stream).await;
    drop(stop);
    server.await.unwrap();
    // The server has dropped the router, and with it the last handle of the queue.
    let records = tokio::task::spawn_blocking(move || {
        serde_json::Deserializer::from_reader(sink).into_iter().map(Result::unwrap).collect()
    });
    records.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_download_is_complete_to_the_last_byte() {
    let records = serving(|mut stream| async move {
        let mut received = 0;
        let mut buffer = vec![0; 256 * 1024];
        while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
            received += bytes as u64;
        }
        assert!(received > FILE);
    })
    .await;
    assert_eq!(records.len(), 1);
    assert_eq!((&records[0]["outcome"], &records[0]["bytes_out"]), (&"complete".into(), &FILE.into()));
    assert_eq!(records[0]["client"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_is_abandoned_with_what_it_took() {
    let records = serving(|mut stream| async move {
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.unwrap();
    })
    .await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["outcome"], "abandoned");
    let sent = records[0]["bytes_out"].as_u64().unwrap();
    assert!((50_000..FILE).contains(&sent), "{sent}");
}
