//! A directory to serve, the ledgers that pay, and short ways to say what is done with them.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use forebay_store::{
    Content, Key, ListAsk, LocalOptions, LocalStore, Object, Order, Sandbox, Store, StoreError,
    StoreErrorKind,
};
use tempfile::TempDir;

/// A temporary directory with an outside (`outside/`) and a root (`root/`), and the ledgers.
pub(crate) struct Bench {
    dir: TempDir,
    pub(crate) ledger: Ledger,
    pub(crate) fds: FdLedger,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let capacities = [
            (Class::SmallFiles, ByteSize::mib(1)),
            (Class::Listings, ByteSize::mib(2)),
            (Class::Archives, ByteSize::mib(1)),
        ];
        Self::with(Ledger::new(capacities), FdLedger::new(64))
    }

    pub(crate) fn on_tmpfs() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap_or_else(|error| {
            forebay_testkit::notice::skipped(format!("no tmpfs, an ordinary directory instead: {error}"));
            tempfile::tempdir().unwrap()
        });
        let Self { ledger, fds, .. } = Self::new();
        Self::within(dir, ledger, fds)
    }

    pub(crate) fn with(ledger: Ledger, fds: FdLedger) -> Self {
        Self::within(tempfile::tempdir().unwrap(), ledger, fds)
    }

    fn within(dir: TempDir, ledger: Ledger, fds: FdLedger) -> Self {
        for name in ["root", "outside"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir, ledger, fds }
    }

    pub(crate) fn options(&self) -> LocalOptions {
        LocalOptions { settle: Duration::ZERO, ..LocalOptions::new(self.ledger.clone(), self.fds.clone()) }
    }

    pub(crate) fn store(&self) -> LocalStore {
        self.store_with(self.options())
    }

    pub(crate) fn store_with(&self, options: LocalOptions) -> LocalStore {
        LocalStore::open(&self.root(), options).unwrap()
    }

    /// The same directory, once kept by the kernel and once by our own walk.
    pub(crate) fn both(&self) -> [LocalStore; 2] {
        [Sandbox::Auto, Sandbox::Stepwise]
            .map(|sandbox| self.store_with(LocalOptions { sandbox, ..self.options() }))
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub(crate) fn top(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file below the root, with its directories.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Makes a symbolic link below the root.
    pub(crate) fn link(&self, name: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.root().join(name)).unwrap();
    }
}

pub(crate) fn key(path: impl AsRef<[u8]>) -> Key {
    Key::parse(path.as_ref()).unwrap()
}

/// All bytes of an object.
pub(crate) async fn read(object: &Object) -> Vec<u8> {
    part(object, 0, object.meta().len).await
}

/// The bytes `start..end` of an object.
pub(crate) async fn part(object: &Object, start: u64, end: u64) -> Vec<u8> {
    let range = forebay_store::ByteRange::new(start, end).unwrap();
    let content = object.read(range).unwrap();
    assert_eq!(content.len(), Some(end - start));
    bytes(&content).await
}

pub(crate) async fn bytes(content: &Content) -> Vec<u8> {
    match content {
        Content::Bytes(bytes) => bytes.to_vec(),
        Content::File(span) => {
            let mut bytes = vec![0; usize::try_from(span.len).unwrap()];
            span.file.read_exact_at(&mut bytes, span.offset).unwrap();
            bytes
        }
        Content::Remote(span) => {
            let (mut body, mut bytes) = (span.open().await.unwrap(), Vec::new());
            while let Some(chunk) = body.chunk().await {
                bytes.extend_from_slice(&chunk.unwrap());
            }
            bytes
        }
    }
}

pub(crate) async fn open(store: &dyn Store, path: impl AsRef<[u8]>) -> Result<Object, StoreErrorKind> {
    store.open(&key(path)).await.map_err(|error| error.kind())
}

pub(crate) async fn fetch(store: &dyn Store, path: impl AsRef<[u8]>) -> Result<Vec<u8>, StoreErrorKind> {
    let object = open(store, path).await?;
    Ok(read(&object).await)
}

/// All names of a directory, in order, read in pages of `limit`.
pub(crate) async fn names(store: &dyn Store, dir: &str, order: Order, limit: usize) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let ask = ListAsk { after: after.take(), limit, order, ..ListAsk::default() };
        let page = store.list(&key(dir), &ask).await.unwrap();
        assert!(page.entries.len() <= limit);
        names.extend(page.entries.iter().map(|entry| entry.name.escape_ascii().to_string()));
        match page.next {
            Some(cursor) => after = Some(cursor.to_string().parse().unwrap()),
            None => return names,
        }
    }
}

/// The kind of failure of listing a directory.
pub(crate) async fn list_error(store: &dyn Store, dir: &str, ask: ListAsk) -> StoreErrorKind {
    let answer: Result<_, StoreError> = store.list(&key(dir), &ask).await;
    answer.unwrap_err().kind()
}

/// Lets so much time pass that everything remembered is too old.
pub(crate) async fn a_second_later() {
    tokio::time::advance(Duration::from_secs(1)).await;
}

/// Waits until nothing is held: the cache empties itself in a second or two.
pub(crate) async fn idle(bench: &Bench) {
    tokio::time::timeout(Duration::from_secs(10), async {
        while !(bench.ledger.idle() && bench.fds.idle()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("still held: {:?} {:?}", bench.ledger, bench.fds));
}

/// Runs a test on a thread that is not root, so that permissions count. (Credentials are per thread on Linux, and
/// threads that it starts inherit them.)
pub(crate) fn as_nobody(test: impl FnOnce() + Send) {
    use rustix::thread::{set_thread_res_gid, set_thread_res_uid};
    let nobody = 65534;
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                let gid = rustix::process::Gid::from_raw(nobody);
                let uid = rustix::process::Uid::from_raw(nobody);
                set_thread_res_gid(gid, gid, gid).unwrap();
                set_thread_res_uid(uid, uid, uid).unwrap();
            }
            test();
        });
        run.join().unwrap();
    });
}

/// A runtime with paused time, on this thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// `Arc<dyn Store>` for a walk.
pub(crate) fn shared(store: &LocalStore) -> Arc<dyn Store> {
    Arc::new(store.clone())
}
