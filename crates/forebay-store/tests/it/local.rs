//! The local store keeps the contract, whoever keeps it inside its root.

use std::sync::Arc;

use forebay_store::{LocalOptions, LocalStore, Sandbox, Store};

use crate::bench::{Bench, a_second_later};
use crate::contract::{Subject, contract};

struct Local {
    bench: Bench,
    store: LocalStore,
}

impl Local {
    fn new(change: impl FnOnce(&mut LocalOptions)) -> Self {
        Self::on(Bench::new(), change)
    }

    fn on(bench: Bench, change: impl FnOnce(&mut LocalOptions)) -> Self {
        let mut options = bench.options();
        change(&mut options);
        Self { store: bench.store_with(options), bench }
    }
}

impl Subject for Local {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let temp = self.bench.top().join("outside/new");
        std::fs::write(&temp, bytes).unwrap();
        let path = self.bench.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::rename(temp, path).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.bench.root().join(name)).unwrap();
    }

    async fn settle(&self) {
        a_second_later().await;
    }
}

contract!(kept_by_the_kernel, Local::new(|_| {}));
contract!(kept_by_our_own_walk, Local::new(|options| options.sandbox = Sandbox::Stepwise));
contract!(without_a_cache, Local::new(|options| options.recent_max = 0));
contract!(without_small_files, Local::new(|options| options.small_file_max = forebay_budget::ByteSize::ZERO));
// A file system that cannot say whether a page is in memory.
contract!(on_tmpfs, Local::on(Bench::on_tmpfs(), |_| {}));
