//! A directory of 200,000 entries costs no more memory than one of 20, and every entry of it is seen once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(deprecated, reason = "the reader that replaces it cannot read from memory yet")]

mod counting;

use std::path::Path;
use std::sync::Arc;

use async_zip::base::read::mem::ZipFileReader;
use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use forebay_gateway::{Gateway, GatewayOptions};
use forebay_store::{Key, LocalOptions, LocalStore, Walk};
use http::Request;
use http_body_util::BodyExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const MANY: usize = 200_000;
const SOME: usize = 20_000;
const FEW: usize = 20;
/// A file system may allow 65,000 names of one file.
const LINKS_MAX: usize = 50_000;
/// What the plan has for one listing.
const LINE_BYTES: u64 = 480 << 10;
/// What may differ: a chunk of text or two, beside the one being written.
const SLACK_BYTES: usize = 64 << 10;

struct Bench {
    dir: TempDir,
    ledger: Ledger,
    gateway: Gateway,
    store: Arc<LocalStore>,
    runtime: Runtime,
}

/// `many/`, `some/` and `few/`, with one file under many names: a name is all that an entry costs to make.
fn fill(top: &Path) -> std::io::Result<()> {
    for (dir, count) in [("many", MANY), ("some", SOME), ("few", FEW)] {
        std::fs::create_dir(top.join(dir))?;
        for number in 0..count {
            let original = top.join(format!("original-{}", number / LINKS_MAX));
            std::fs::File::options().create(true).append(true).open(&original)?;
            std::fs::hard_link(original, top.join(dir).join(format!("entry-{number:06}.bin")))?;
        }
    }
    Ok(())
}

impl Bench {
    fn new() -> Self {
        let in_memory = TempDir::new_in("/dev/shm").and_then(|dir| fill(dir.path()).map(|()| dir));
        let dir = in_memory.unwrap_or_else(|_| {
            let dir = TempDir::new().unwrap();
            fill(dir.path()).unwrap();
            dir
        });
        let sizes = [(Class::Listings, ByteSize::mib(1)), (Class::Archives, ByteSize::mib(4))];
        let ledger = Ledger::new(sizes);
        let mut local = LocalOptions::new(ledger.clone(), FdLedger::new(16));
        local.recent_max = 0;
        let store = Arc::new(LocalStore::open(dir.path(), local).unwrap());
        let gateway = Gateway::new(store.clone(), GatewayOptions::default(), ledger.clone()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Self { dir, ledger, gateway, store, runtime };
        // What the first of its kind allocates for good is not the directory's.
        bench.read("/few/", "text/html", |_| {});
        bench.read("/few/", "application/json", |_| {});
        bench
    }

    /// Reads an answer chunk by chunk, keeping none.
    fn read(&self, target: &str, accept: &str, mut look: impl FnMut(&[u8])) -> usize {
        let request = Request::get(target).header("accept", accept).body(String::new()).unwrap();
        let mut len = 0;
        self.runtime.block_on(async {
            let answer = self.gateway.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 200, "{target}");
            let mut body = answer.into_body();
            while let Some(frame) = body.frame().await {
                let bytes = frame.unwrap().into_data().unwrap();
                len += bytes.len();
                look(&bytes);
            }
        });
        len
    }
}

/// Which numbers were seen, once each.
struct Seen(Vec<bool>);

impl Seen {
    fn none_of(count: usize) -> Self {
        Self(vec![false; count])
    }

    fn note(&mut self, name: &str) {
        let number = name.strip_prefix("entry-").and_then(|rest| rest.strip_suffix(".bin")).unwrap();
        let slot = &mut self.0[number.parse::<usize>().unwrap()];
        assert!(!std::mem::replace(slot, true), "{name} came twice");
    }

    fn is_all(&self) -> bool {
        self.0.iter().all(|seen| *seen)
    }
}

#[test]
fn a_directory_of_200_000_entries_costs_what_one_of_20_costs() {
    let bench = Bench::new();
    for accept in ["text/html", "application/json"] {
        let (few, few_len) = counting::peak(|| bench.read("/few/", accept, |_| {}));
        let (many, many_len) = counting::peak(|| bench.read("/many/", accept, |_| {}));
        assert!(many_len > 10 * few_len, "{accept}: a page of it is longer: {few_len}, {many_len}");
        assert!(many <= few + SLACK_BYTES, "{accept}: {many} bytes instead of {few}");
        assert!(many as u64 <= LINE_BYTES, "{accept}: {many} bytes are more than are planned");
    }
    let usage = bench.ledger.usage(Class::Listings);
    assert_eq!((usage.peak, usage.in_use), (LINE_BYTES, 0));
}

/// Each page begins with a scan, so that all pages of `many/` would take a minute; a walk's are fewer.
#[test]
fn the_pages_of_20_000_entries_show_each_once() {
    let bench = Bench::new();
    let (mut seen, mut next) = (Seen::none_of(SOME), String::new());
    loop {
        let mut page = Vec::new();
        bench.read(&format!("/some/?format=json{next}"), "*/*", |bytes| page.extend_from_slice(bytes));
        let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
        for entry in page["entries"].as_array().unwrap() {
            seen.note(entry["name"].as_str().unwrap());
        }
        match page["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => break,
        }
    }
    assert!(seen.is_all());
}

#[test]
fn a_zip_of_200_000_files_is_read_by_others() {
    let bench = Bench::new();
    let mut zip = Vec::new();
    bench.read("/many/?archive=zip", "*/*", |bytes| zip.extend_from_slice(bytes));
    assert_eq!(bench.ledger.usage(Class::Archives).in_use, 0);
    let zip = bench.runtime.block_on(ZipFileReader::new(zip)).unwrap();
    let mut seen = Seen::none_of(MANY);
    for entry in zip.file().entries() {
        seen.note(entry.filename().as_str().unwrap().strip_prefix("many/").unwrap());
    }
    assert!(seen.is_all());
}

#[test]
fn a_walk_over_200_000_entries_sees_each_once_within_its_lease() {
    let bench = Bench::new();
    let lease = bench.ledger.try_acquire(Class::Archives, Walk::COST).unwrap();
    let mut seen = Seen::none_of(MANY);
    let (peak, ()) = counting::peak(|| {
        bench.runtime.block_on(async {
            let root = Key::parse(b"many").unwrap();
            let mut walk = Walk::new(bench.store.clone(), root, lease).unwrap();
            while let Some(step) = walk.next().await.unwrap() {
                seen.note(std::str::from_utf8(step.path()).unwrap());
            }
        });
    });
    assert!(seen.is_all());
    assert!(peak as u64 <= Walk::COST, "{peak} bytes are more than are paid");
    assert_eq!(bench.ledger.usage(Class::Archives).in_use, 0);
    drop(bench.dir);
}
