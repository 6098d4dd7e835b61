//! Whole downloads on kernels and file systems that lack what the fast path is made of.

use std::fs::File;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use forebay_budget::ByteSize;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::raw;
use forebay_testkit::response::End;
use http_body::Body;
use rustix::io::Errno;
use tokio::sync::oneshot;

use super::body::FileBody;
use super::faults::{Call, lacks};
use super::reader::ReadWindow;
use super::span::{FileSpan, LeasedFile};
use crate::{ListenOptions, Listener, NetStats, ServeOptions, serve};

const LEN: u64 = (5 << 20) + 77;

fn file() -> Arc<LeasedFile> {
    let file = tempfile::NamedTempFile::new().unwrap();
    Pattern::new(7).write_file(file.path(), LEN).unwrap();
    Arc::new(LeasedFile::unleased(File::open(file.path()).unwrap()))
}

fn body(file: &Arc<LeasedFile>, options: &ServeOptions) -> FileBody {
    let window = ReadWindow::on_demand(options.ledger.clone(), ByteSize::kib(128), Duration::from_secs(5));
    FileBody::of(FileSpan::new(Arc::clone(file), 0, LEN), window)
}

/// Downloads a file from a server of one thread, which lacks `call` after it worked so many times.
fn download_without(call: Call, works: u32, says: Errno, file: &Arc<LeasedFile>) -> NetStats {
    let file = Arc::clone(file);
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        lacks(call, works, says);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = ServeOptions::default();
            let watch = options.watch.clone();
            let plan = options.clone();
            let answer = move || std::future::ready(body(&file, &plan).respond().into_response());
            let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
            tell.send((listener.local_addr(), watch)).unwrap();
            let until = async { drop(stopped.await) };
            serve(listener, Router::new().route("/", get(answer)), options, until).await;
        });
    });
    let (addr, watch) = told.recv().unwrap();
    let answer = raw::get(addr, "/").unwrap();
    assert_eq!((answer.body.len() as u64, answer.end), (LEN, End::Complete));
    Pattern::new(7).check(0, &answer.body).unwrap();
    drop(stop);
    server.join().unwrap();
    watch.stats()
}

#[test]
fn without_sendfile_the_bytes_are_read_and_are_the_same() {
    for says in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP] {
        let stats = download_without(Call::SendFile, 0, says, &file());
        assert_eq!((stats.zero_copy_bytes, stats.late_read_bytes, stats.desyncs), (0, LEN, 0), "{says}");
    }
}

#[test]
fn a_sendfile_that_stops_working_under_way_is_replaced_where_it_stood() {
    let stats = download_without(Call::SendFile, 2, Errno::INVAL, &file());
    assert!(stats.zero_copy_bytes > 0 && stats.late_read_bytes > 0);
    assert_eq!((stats.zero_copy_bytes + stats.late_read_bytes, stats.desyncs), (LEN, 0));
}

#[test]
fn where_the_file_system_cannot_tell_only_the_first_touch_leaves_the_worker() {
    for says in [Errno::OPNOTSUPP, Errno::NOSYS] {
        let stats = download_without(Call::ReadNoWait, 0, says, &file());
        assert_eq!((stats.cold_fetches, stats.zero_copy_bytes), (1, LEN), "{says}");
    }
}

#[test]
fn a_page_that_went_cold_under_way_is_fetched_off_the_worker() {
    let stats = download_without(Call::ReadNoWait, 4, Errno::AGAIN, &file());
    assert!(stats.cold_fetches >= 2, "the probe said so of every window but the first two");
    assert_eq!(stats.zero_copy_bytes, LEN);
}

#[test]
fn an_ordinary_body_reads_the_same_bytes_where_the_file_system_cannot_tell() {
    for says in [Errno::OPNOTSUPP, Errno::NOSYS, Errno::AGAIN] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut body = body(&file(), &ServeOptions::default());
            lacks(Call::ReadNoWait, 0, says);
            let mut at = 0;
            while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let data = frame.unwrap().into_data().unwrap();
                Pattern::new(7).check(at, &data).unwrap();
                at += data.len() as u64;
            }
            assert_eq!(at, LEN);
        });
    }
}
