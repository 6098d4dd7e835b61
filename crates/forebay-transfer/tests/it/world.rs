//! A server, an engine and a directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, UpstreamSizes};
use forebay_net::client::{Client, ClientOptions};
use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::{ObjectKey, Tenacity};
use forebay_testkit::fake_origin::{FakeOrigin, Page};
use forebay_testkit::pattern::Pattern;
use forebay_transfer::{
    Concurrency, Engine, EngineOptions, GetOptions, Got, Progress, Source, TransferError,
};
use tempfile::TempDir;

pub(crate) const PATTERN: Pattern = Pattern::new(7);
pub(crate) const KIB: u64 = 1 << 10;

pub(crate) struct World {
    pub(crate) server: FakeOrigin,
    pub(crate) engine: Engine,
    pub(crate) client: Client,
    pub(crate) dir: TempDir,
    pub(crate) progress: Progress,
}

pub(crate) fn ledger() -> Ledger {
    Ledger::new(Class::ALL.map(|class| (class, ByteSize::mib(64))))
}

pub(crate) fn client(ledger: &Ledger) -> Client {
    let sizes =
        UpstreamSizes { buffer: ByteSize::kib(32), receive: ByteSize::kib(64), tls: ByteSize::kib(64) };
    Client::new(ClientOptions {
        stall_timeout: Duration::from_millis(300),
        ..ClientOptions::new(ledger.clone(), FdLedger::new(256), sizes)
    })
}

pub(crate) fn quick() -> Tenacity {
    let (wait_min, wait_max) = (Duration::from_millis(1), Duration::from_millis(50));
    Tenacity { tries_max: 4, wait_min, wait_max }
}

pub(crate) fn engine(ledger: Ledger) -> Engine {
    with(ledger, Concurrency::Exactly(4))
}

/// One request after the other, for tests that count them.
pub(crate) fn one_at_a_time(ledger: Ledger) -> Engine {
    with(ledger, Concurrency::Exactly(1))
}

fn with(ledger: Ledger, concurrency: Concurrency) -> Engine {
    Engine::new(EngineOptions { ledger, concurrency, tenacity: quick() })
}

impl World {
    pub(crate) fn new() -> Self {
        let ledger = ledger();
        Self {
            server: FakeOrigin::start().unwrap(),
            client: client(&ledger),
            engine: engine(ledger),
            dir: TempDir::new().unwrap(),
            progress: Progress::new(),
        }
    }

    /// A world with an object of this length at `/o`.
    pub(crate) fn with(len: u64) -> Self {
        let world = Self::new();
        world.put(Page::pattern(PATTERN, len).etag("\"v1\""));
        world
    }

    pub(crate) fn put(&self, page: Page) {
        self.server.put("/o", page);
    }

    pub(crate) fn source(&self) -> Source {
        let base = self.server.url("/").parse().unwrap();
        let origin = Origin::new(base, self.client.clone(), OriginOptions::default()).unwrap();
        Source::new(Arc::new(origin), ObjectKey::new("o").unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("target")
    }

    pub(crate) async fn get(&self) -> Result<Got, TransferError> {
        self.get_with(&pieces()).await
    }

    pub(crate) async fn get_with(&self, options: &GetOptions) -> Result<Got, TransferError> {
        self.engine.get_file(&self.source(), &self.path(), options, &self.progress).await
    }

    /// The names in the directory, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The target is there, whole, and alone.
    pub(crate) fn assert_whole(&self, len: u64) {
        let found = std::fs::read(self.path()).unwrap();
        assert_eq!(found.len() as u64, len);
        PATTERN.check(0, &found).unwrap();
        assert_eq!(self.names(), ["target"]);
    }
}

/// Pieces small enough for objects of a mebibyte to have many.
pub(crate) fn pieces() -> GetOptions {
    GetOptions { part_size: Some(ByteSize::kib(64)), ..GetOptions::default() }
}

/// How many of 17 pages, 4 MiB apart, are in memory; `None` where the file system does not tell.
pub(crate) fn in_memory(file: &std::fs::File) -> Option<usize> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    let mut found = 0;
    for page in 0..17u64 {
        let (mut byte, at) = ([0], page << 22);
        match preadv2(file, &mut [std::io::IoSliceMut::new(&mut byte)], at, ReadWriteFlags::NOWAIT) {
            Ok(_) => found += 1,
            Err(Errno::AGAIN) => {}
            Err(_) => return None,
        }
    }
    Some(found)
}
