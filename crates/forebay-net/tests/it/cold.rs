//! Files whose pages are not in memory: fetched off the workers, and sent byte by byte as they are.

use std::fs::File;
use std::io::IoSliceMut;
use std::path::{Path, PathBuf};

use forebay_net::{NetStats, TlsConfig};
use forebay_testkit::cert::Certificate;
use forebay_testkit::raw::RawConn;
use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};
use tokio::net::TcpStream;

use crate::http2::{ask, body, connect_as, runtime};
use crate::server::{Server, pattern, router};

const LEN: u64 = (6 << 20) + 13;

/// A file beside the build's own, which is on a disk more often than the temporary directory is.
struct OnDisk {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl OnDisk {
    fn new() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = dir.path().join("cold");
        pattern("cold").write_file(&path, LEN).unwrap();
        Self { _dir: dir, path }
    }

    /// Has the kernel forget the pages. Nothing may look at the file after that: a probe, too, starts the
    /// kernel's readahead, and a reader behind that may never find a cold page.
    fn forget(&self) {
        let file = File::open(&self.path).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    }
}

/// Whether the build's file system forgets pages when it is told to, and says so. Tried on a file of its own.
fn file_system_tells() -> bool {
    let twin = OnDisk::new();
    twin.forget();
    probe(&File::open(&twin.path).unwrap(), 0) == Err(Errno::AGAIN)
}

fn probe(file: &File, at: u64) -> Result<usize, Errno> {
    rustix::io::preadv2(file, &mut [IoSliceMut::new(&mut [0])], at, ReadWriteFlags::NOWAIT)
}

/// Serves the cold file to `download`, which returns what came, and says what the server did for it.
fn serve_cold(server: Server, download: impl FnOnce(&Server) -> Vec<u8>) -> Option<NetStats> {
    if !file_system_tells() {
        forebay_testkit::notice::skipped("the file system of the build keeps its pages or does not tell");
        return None;
    }
    let file = OnDisk::new();
    link(&file.path, &server.root.path().join("cold"));
    file.forget();
    let bytes = download(&server);
    assert_eq!(bytes.len() as u64, LEN);
    pattern("cold").check(0, &bytes).unwrap();
    let stats = server.totals();
    assert!(stats.cold_fetches > 0, "a worker went to the disk itself: {stats:?}");
    Some(stats)
}

fn link(file: &Path, name: &Path) {
    std::os::unix::fs::symlink(file, name).unwrap();
}

#[test]
fn a_cold_file_is_fetched_off_the_workers_and_still_leaves_by_sendfile() {
    let download = |server: &Server| forebay_testkit::raw::get(server.addr, "/f/cold").unwrap().body;
    if let Some(stats) = serve_cold(Server::start(), download) {
        assert_eq!((stats.zero_copy_bytes, stats.late_read_bytes), (LEN, 0));
    }
}

#[test]
fn a_cold_file_is_fetched_off_the_workers_before_tls_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "a").unwrap();
    let config = TlsConfig::from_pem(&certificate.cert_path, &certificate.key_path).unwrap();
    let server = Server::with(|options| options.tls = Some(config), router);
    let download = |server: &Server| {
        let client = certificate.client(&["http/1.1"]).unwrap();
        let mut conn = RawConn::connect_tls(server.addr, client).unwrap();
        conn.request("GET", "/f/cold", "").unwrap().body
    };
    if let Some(stats) = serve_cold(server, download) {
        assert_eq!(stats.late_read_bytes, LEN);
    }
}

#[test]
fn a_cold_file_is_read_off_the_workers_for_http_2() {
    let download = |server: &Server| {
        runtime().block_on(async {
            let tcp = TcpStream::connect(server.addr).await.unwrap();
            let client = connect_as(&h2::client::Builder::new(), tcp).await;
            body(ask(&client, "/f/cold").await).await
        })
    };
    if let Some(stats) = serve_cold(Server::start(), download) {
        assert_eq!(stats.pread_bytes, LEN);
    }
}
