//! The queue never waits, never grows, loses nothing silently, and gives its memory back.

use std::io;
use std::sync::mpsc;

use super::*;

/// A writer that stands still until it is told to go on.
struct Gate {
    entered: mpsc::Sender<()>,
    open: mpsc::Receiver<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.entered.send(());
        // A closed channel is an open gate.
        let _ = self.open.recv();
        self.written.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ledger(kib: u64) -> Ledger {
    Ledger::new([(Class::LogQueue, ByteSize::kib(kib))])
}

#[tokio::test]
async fn a_writer_that_stands_still_blocks_nobody_and_costs_no_more() {
    let (entered, has_entered) = mpsc::channel();
    let (opener, open) = mpsc::channel::<()>();
    let written = Arc::new(Mutex::new(Vec::new()));
    let ledger = ledger(64);
    let gate = Gate { entered, open, written: written.clone() };
    let queue = LogQueue::start(gate, &ledger, ByteSize::kib(64)).unwrap();
    queue.push(b"first\n");
    has_entered.recv().unwrap();

    let record = [b'x'; 1000];
    for _ in 0..1000 {
        queue.push(&record);
    }
    let stats = queue.stats();
    assert!(stats.queued_bytes <= 32 * 1024);
    assert_eq!(stats.accepted_total + stats.dropped_total, 1001);
    assert!(stats.dropped_total > 900);
    assert!(ledger.usage(Class::LogQueue).in_use <= 64 * 1024);

    drop(opener);
    queue.flush().await;
    let text = String::from_utf8(written.lock().clone()).unwrap();
    assert!(
        text.contains(&format!("\"dropped_total\":{}", stats.dropped_total)),
        "the log says what is missing"
    );
    assert!(ledger.idle(), "and the memory is given back");
}

#[tokio::test]
async fn a_flush_returns_when_everything_is_written() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (entered, _kept) = mpsc::channel();
    let (_, open) = mpsc::channel();
    let gate = Gate { entered, open, written: written.clone() };
    let queue = LogQueue::start(gate, &ledger(64), ByteSize::kib(64)).unwrap();
    for n in 0..100 {
        queue.push(format!("{n}\n").as_bytes());
        if n % 10 == 0 {
            queue.flush().await;
            assert!(written.lock().ends_with(format!("{n}\n").as_bytes()));
        }
    }
    queue.flush().await;
    queue.flush().await;
    assert_eq!(written.lock().iter().filter(|byte| **byte == b'\n').count(), 100);
}

#[tokio::test]
async fn a_broken_writer_is_counted() {
    let queue = LogQueue::start(Broken, &ledger(64), ByteSize::kib(64)).unwrap();
    queue.push(b"lost\n");
    queue.flush().await;
    let stats = queue.stats();
    assert_eq!((stats.dropped_total, stats.write_errors_total), (1, 1));
}

#[tokio::test]
async fn without_budget_records_are_dropped_and_counted() {
    let ledger = ledger(64);
    let all = ledger.try_acquire(Class::LogQueue, 64 * 1024).unwrap();
    let queue = LogQueue::start(io::sink(), &ledger, ByteSize::kib(64)).unwrap();
    queue.push(b"lost\n");
    assert_eq!(queue.stats().dropped_total, 1);
    drop(all);
    queue.push(b"kept\n");
    queue.flush().await;
    assert_eq!(queue.stats().dropped_total, 1);
}

#[test]
fn the_last_handle_leaves_when_all_is_written() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (entered, done) = mpsc::channel();
    let (_, open) = mpsc::channel();
    let gate = Gate { entered, open, written: written.clone() };
    let queue = LogQueue::start(gate, &ledger(64), ByteSize::kib(64)).unwrap();
    queue.push(b"last words\n");
    drop(queue);
    // The thread drops its writer, and with it the sender, after the last write.
    while done.recv().is_ok() {}
    assert_eq!(*written.lock(), b"last words\n");
}
