//! The load of the incident: everything that a download server meets on a bad day, at once.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use forebay_testkit::fetch::{self, Fetched};
use forebay_testkit::pattern::{Pattern, sparse_file};
use forebay_testkit::readers::{Stall, StalledReaders};
use forebay_testkit::response::End;
use futures_util::future::join_all;

/// Readers that ask for the large file and read nothing.
pub(crate) const STALLED: usize = 500;
/// Downloads by clients that behave.
pub(crate) const DOWNLOADS: usize = 50;
/// Length of the file that nobody reads to its end.
pub(crate) const LARGE: u64 = 4 << 30;
/// Files for the downloads that are compared, and the length of each.
const FILES: u64 = 10;
const FILE: u64 = 8 << 20;
/// Entries of the directory that is listed.
const ENTRIES: usize = 200_000;

/// What is served. Everything is written, and so in the page cache, before a server starts: pages are
/// charged to whoever touches them first, and the server is to be charged only for what it holds.
#[derive(Debug)]
pub(crate) struct Site {
    dir: tempfile::TempDir,
    digests: Vec<String>,
}

/// What became of the load.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) stalled: StalledReaders,
    pub(crate) bombs: StalledReaders,
    pub(crate) downloads: Vec<io::Result<Fetched>>,
    pub(crate) listings: Vec<io::Result<Fetched>>,
    pub(crate) archives: Vec<io::Result<Fetched>>,
}

impl Site {
    pub(crate) fn create() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        sparse_file(&dir.path().join("large.bin"), LARGE).unwrap();
        fs::create_dir(dir.path().join("files")).unwrap();
        fs::create_dir(dir.path().join("huge")).unwrap();
        let mut digests = Vec::new();
        for seed in 0..FILES {
            let path = dir.path().join(format!("files/{seed}.bin"));
            Pattern::new(seed).write_file(&path, FILE).unwrap();
            digests.push(forebay_testkit::digest::of_file(&path).unwrap());
        }
        fill(&dir.path().join("huge"));
        Self { dir, digests }
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// Whether download number `index` is the file that was asked for, whole and unchanged.
    pub(crate) fn is_right(&self, index: usize, got: &Fetched) -> bool {
        got.head.status == 200 && got.bytes == FILE && got.digest == self.digests[file_of(index)]
    }
}

/// Names by the hundred thousand, as links to few files: a new file for each would have to find a free inode, which
/// takes minutes where as many were removed a moment ago.
fn fill(dir: &Path) {
    let mut linked = dir.join("000000.txt");
    fs::File::create(&linked).unwrap();
    for entry in 1..ENTRIES {
        let name = dir.join(format!("{entry:06}.txt"));
        // A file has at most so many names; the next one begins where it is refused.
        if fs::hard_link(&linked, &name).is_err() {
            fs::File::create(&name).unwrap();
            linked = name;
        }
    }
}

impl Report {
    /// How many of each came to a good end.
    pub(crate) fn summary(&self, site: &Site) -> String {
        let right =
            |(i, got): &(usize, &io::Result<Fetched>)| got.as_ref().is_ok_and(|g| site.is_right(*i, g));
        let whole = |got: &&io::Result<Fetched>| {
            got.as_ref().is_ok_and(|g| g.head.status == 200 && g.end == End::Complete)
        };
        format!(
            "{} stalled, {} bombs held, {} of {DOWNLOADS} downloads right, {} listings, {} archives whole",
            self.stalled.len(),
            self.bombs.len(),
            self.downloads.iter().enumerate().filter(right).count(),
            self.listings.iter().filter(whole).count(),
            self.archives.iter().filter(whole).count(),
        )
    }
}

/// First the readers that stall, then, while they are held, everything else at once.
pub(crate) async fn run(addr: SocketAddr) -> Report {
    let stalled = StalledReaders::open(addr, &Stall::get("/large.bin"), STALLED).await;
    let everything = vec!["0-"; 20].join(",");
    let overlapping: Vec<String> = (0..1000).map(|i| format!("{i}-")).collect();
    let bomb = Stall::with_fields("/large.bin", &format!("Range: bytes={everything}\r\n"));
    let many = Stall::with_fields("/large.bin", &format!("Range: bytes={}\r\n", overlapping.join(",")));
    let bombs = async {
        let mut bombs = StalledReaders::open(addr, &bomb, 2).await;
        bombs.add(addr, &many, 2).await;
        bombs
    };
    let targets: Vec<String> = (0..DOWNLOADS).map(|i| format!("/files/{}.bin", file_of(i))).collect();
    let downloads = join_all(targets.iter().map(|target| fetch::get(addr, target, "")));
    let pages = ["/huge/", "/huge/?order=desc", "/huge/?sort=size", "/huge/?format=json"];
    let listings = join_all(pages.map(|page| fetch::get(addr, page, "")));
    let archives =
        join_all(["zip", "tar"].map(archive_target).map(|t| async move { fetch::get(addr, &t, "").await }));
    let (bombs, downloads, listings, archives) = tokio::join!(bombs, downloads, listings, archives);
    Report { stalled, bombs, downloads, listings, archives }
}

fn archive_target(format: &str) -> String {
    format!("/files/?archive={format}")
}

fn file_of(index: usize) -> usize {
    index % usize::try_from(FILES).unwrap()
}
