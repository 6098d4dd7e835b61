//! Bodies on their way to files: by the kernel where it can, exact to the byte whatever happens.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, mpsc};

use forebay_net::LeasedFile;
use forebay_net::client::{ClientBody, ClientErrorKind, Moved, Way, WriteCause, WriteError};
use forebay_testkit::pattern::Pattern;
use rustix::fs::{MemfdFlags, SealFlags};

use crate::client_kit::{Bench, Scripted, answer, head, until_closed};

fn bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Pattern::new(7).fill(0, &mut bytes);
    bytes
}

fn target() -> (tempfile::TempDir, Arc<LeasedFile>) {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::new().read(true).write(true).create_new(true).open(dir.path().join("f"));
    (dir, Arc::new(LeasedFile::unleased(options.unwrap())))
}

fn content(file: &File, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, offset).unwrap();
    bytes
}

/// Moves the whole body and says how much of it went unseen.
async fn all(
    body: &mut ClientBody,
    file: &Arc<LeasedFile>,
    offset: u64,
    max: u64,
) -> Result<(u64, u64), WriteError> {
    let (mut moved, mut unseen) = (0, 0);
    loop {
        let Moved { bytes, way } = body.write_to(file, offset + moved, max).await?;
        assert!(bytes <= max);
        if bytes == 0 {
            return Ok((moved, unseen));
        }
        moved += bytes;
        unseen += if way == Way::Unseen { bytes } else { 0 };
    }
}

#[tokio::test]
async fn a_plain_body_of_known_length_is_moved_by_the_kernel_to_its_place() {
    let sent = bytes(9_000_001);
    let server = Scripted::answering(answer(&sent));
    let bench = Bench::new(|_| {});
    for max in [u64::MAX, 1 << 20, 70_001] {
        let (_dir, file) = target();
        let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
        let (moved, unseen) = all(&mut body, &file, 4097, max).await.unwrap();
        assert_eq!(moved, sent.len() as u64);
        assert!(unseen > moved - (64 << 10), "only what came with the head was copied: {unseen}");
        assert!(content(&file, 4097, sent.len()) == sent, "bytes differ, at most {max} a time");
        assert_eq!(body.remaining(), Some(0));
    }
    assert_eq!(bench.client.stats().opened_total, 1, "each time the connection went back");
    let pipes = bench.fds.usage().in_use - bench.client.stats().open;
    assert_eq!(pipes, 2, "one pipe served them all");
}

#[tokio::test]
async fn whoever_wants_to_see_the_bytes_sees_each_once_and_in_order() {
    let sent = bytes(3_000_001);
    let server = Scripted::answering(answer(&sent));
    let bench = Bench::new(|_| {});
    let (_dir, file) = target();
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    let mut seen = Vec::new();
    loop {
        let offset = seen.len() as u64;
        let moved =
            body.write_seen(&file, offset, 100_000, |bytes| seen.extend_from_slice(bytes)).await.unwrap();
        assert_eq!(moved.way, Way::Seen);
        if moved.bytes == 0 {
            break;
        }
    }
    assert!(seen == sent && content(&file, 0, sent.len()) == sent);
}

#[tokio::test]
async fn chunks_and_bodies_without_a_length_are_copied() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let endless = "HTTP/1.1 200 OK\r\n\r\nhello world";
    for text in [chunked, endless] {
        let server = Scripted::start(move |_, mut stream| {
            head(&mut stream);
            stream.write_all(text.as_bytes()).unwrap();
        });
        let (_dir, file) = target();
        let bench = Bench::new(|_| {});
        let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
        assert_eq!(all(&mut body, &file, 1, 4).await.unwrap(), (11, 0));
        assert_eq!(content(&file, 1, 11), b"hello world");
    }
}

#[tokio::test]
async fn a_file_that_takes_nothing_from_a_pipe_gets_its_bytes_all_the_same() {
    let sent = bytes(2_000_000);
    let server = Scripted::answering(answer(&sent));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let appended = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    let file = Arc::new(LeasedFile::unleased(appended));
    let bench = Bench::new(|_| {});
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    assert_eq!(all(&mut body, &file, 0, 1 << 20).await.unwrap(), (2_000_000, 0));
    assert!(std::fs::read(&path).unwrap() == sent);
}

#[tokio::test]
async fn a_full_file_is_not_the_networks_fault_and_no_byte_is_lost() {
    let sent = bytes(1_000_000);
    let server = Scripted::answering(answer(&sent));
    let bench = Bench::new(|_| {});
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    // A file that may not grow beyond what it has.
    let small = File::from(rustix::fs::memfd_create("small", MemfdFlags::ALLOW_SEALING).unwrap());
    small.set_len(300_000).unwrap();
    rustix::fs::fcntl_add_seals(&small, SealFlags::GROW).unwrap();
    let small = Arc::new(LeasedFile::unleased(small));
    let mut moved = 0;
    let failed = loop {
        match body.write_to(&small, moved, u64::MAX).await {
            Ok(more) => moved += more.bytes,
            Err(error) => break error,
        }
    };
    assert!(matches!(failed.cause, WriteCause::File(_)), "{failed}");
    moved += failed.moved;
    assert!(moved <= 300_000);
    assert_eq!(body.remaining(), Some(1_000_000 - moved), "what is in the pipe is not delivered");
    let start = usize::try_from(moved).unwrap();
    assert!(content(&small, 0, start) == sent[..start]);
    // The rest goes on where that ended: some to another file, some to a reader.
    let (_dir, file) = target();
    let next = body.write_to(&file, moved, 10_000).await.unwrap().bytes;
    let middle = start + usize::try_from(next).unwrap();
    assert!(content(&file, moved, middle - start) == sent[start..middle]);
    let mut rest = Vec::new();
    while let Some(chunk) = body.chunk().await {
        rest.extend_from_slice(&chunk.unwrap());
    }
    assert!(rest == sent[middle..]);
}

#[tokio::test]
async fn without_a_descriptor_for_a_pipe_bytes_are_copied() {
    let sent = bytes(1_000_000);
    let server = Scripted::answering(answer(&sent));
    let bench = Bench::new(|options| options.fds = forebay_budget::FdLedger::new(1));
    let (_dir, file) = target();
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    assert_eq!(all(&mut body, &file, 0, u64::MAX).await.unwrap(), (1_000_000, 0));
    assert!(content(&file, 0, sent.len()) == sent);
}

#[tokio::test]
async fn a_body_cut_short_on_its_way_to_a_file_says_so_and_what_arrived_is_there() {
    let sent = bytes(500_000);
    let mut text = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n".to_vec();
    text.extend_from_slice(&sent);
    let server = Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(&text).unwrap();
    });
    let bench = Bench::new(|_| {});
    let (_dir, file) = target();
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    let mut moved = 0;
    let failed = loop {
        match body.write_to(&file, moved, u64::MAX).await {
            Ok(more) => moved += more.bytes,
            Err(error) => break error,
        }
    };
    let WriteCause::Network(cause) = &failed.cause else { panic!("{failed}") };
    assert_eq!(cause.kind(), ClientErrorKind::Short);
    assert_eq!(moved + failed.moved, 500_000);
    assert!(content(&file, 0, sent.len()) == sent);
    assert_eq!(body.remaining(), Some(400_000));
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_a_whole_pipe_or_a_failed_body() {
    let (go_on, goes_on) = mpsc::channel::<()>();
    let goes_on = std::sync::Mutex::new(goes_on);
    let server = Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc").unwrap();
        goes_on.lock().unwrap().recv().unwrap();
        stream.write_all(b"def").unwrap();
        until_closed(&mut stream);
    });
    let bench = Bench::new(|_| {});
    let (_dir, file) = target();
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    let mut moved = 0;
    while moved < 3 {
        moved += body.write_to(&file, moved, 1 << 20).await.unwrap().bytes;
    }
    for _ in 0..10 {
        // Nothing is there: the wait is given up at once, and nothing is lost by that.
        let mut wait = std::pin::pin!(body.write_to(&file, moved, 1 << 20));
        assert!(futures_util::poll!(&mut wait).is_pending());
    }
    go_on.send(()).unwrap();
    assert_eq!(all(&mut body, &file, 3, 1 << 20).await.unwrap().0, 3);
    assert_eq!(content(&file, 0, 6), b"abcdef");
    bench.until("the connection went back", |bench| bench.client.stats().idle == 1).await;
}

#[tokio::test]
async fn bytes_can_be_dropped_by_the_kernel_up_to_a_place() {
    let sent = bytes(3_000_000);
    let server = Scripted::answering(answer(&sent));
    let bench = Bench::new(|_| {});
    let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
    let mut dropped = 0;
    while dropped < 2_000_000 {
        dropped += body.discard(2_000_000 - dropped).await.unwrap();
    }
    assert_eq!(body.remaining(), Some(1_000_000));
    let mut rest = Vec::new();
    while let Some(chunk) = body.chunk().await {
        rest.extend_from_slice(&chunk.unwrap());
    }
    assert!(rest == sent[2_000_000..]);
    assert_eq!(body.discard(1).await.unwrap(), 0);
}

/// While bytes come fast, the kernel is asked to tell of many at once; a sender that slows down in the middle is heard all the same.
#[tokio::test]
async fn few_bytes_after_many_are_dropped_too_and_the_connection_goes_on() {
    const MANY: u64 = 8 << 20;
    let (go_on, heard) = std::sync::mpsc::channel::<()>();
    let heard = std::sync::Mutex::new(heard);
    let server = Scripted::start(move |_, mut stream| {
        while head(&mut stream).is_some() {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MANY + 10);
            let _ = stream.write_all(&vec![0; MANY as usize]);
            for _ in 0..2 {
                let _ = stream.write_all(b"five.");
                heard.lock().unwrap().recv().unwrap();
            }
        }
    });
    let bench = Bench::new(|_| {});
    for _ in 0..2 {
        let mut body = bench.get(&server.url("/")).await.unwrap().into_body();
        for part in [MANY + 5, 5] {
            let mut dropped = 0;
            while dropped < part {
                dropped += body.discard(1 << 20).await.unwrap();
            }
            assert_eq!(dropped, part);
            go_on.send(()).unwrap();
        }
        assert_eq!(body.discard(1).await.unwrap(), 0);
    }
    assert_eq!(server.accepted(), 1);
}
