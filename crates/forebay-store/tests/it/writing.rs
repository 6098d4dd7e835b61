//! What a directory promises to those who write: whole or not at all, on a condition, and nothing left of what was given up.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use forebay_budget::{ByteSize, Class, FdLedger, Ledger};
use forebay_store::remote::{Attributes, Condition};
use forebay_store::{
    Durability, Incoming, LocalOptions, LocalStore, NewObject, Sandbox, Store, StoreErrorKind, Writable,
};
use forebay_testkit::pattern::Pattern;
use forebay_testkit::small_disk::SmallDisk;

use crate::bench::{Bench, as_nobody, fetch, idle, key, open, runtime};

const BIG: usize = 3_000_000;

fn ask(name: &str) -> NewObject {
    NewObject { key: key(name), len: None, attributes: Attributes::default(), condition: Condition::Always }
}

fn absent(name: &str) -> NewObject {
    NewObject { condition: Condition::Absent, ..ask(name) }
}

async fn begin(store: &LocalStore, ask: &NewObject) -> Result<Box<dyn Incoming>, StoreErrorKind> {
    store.create(ask).await.map_err(|error| error.kind())
}

/// Writes in pieces of all sizes.
async fn write(incoming: &mut dyn Incoming, bytes: &[u8]) -> Result<(), StoreErrorKind> {
    let (mut rest, mut size) = (bytes, 1);
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        incoming.write(Bytes::copy_from_slice(piece)).await.map_err(|error| error.kind())?;
        (rest, size) = (behind, (size * 3) % 100_003 + 1);
    }
    Ok(())
}

async fn put(store: &LocalStore, ask: &NewObject, bytes: &[u8]) -> Result<(), StoreErrorKind> {
    let mut incoming = begin(store, ask).await?;
    write(&mut *incoming, bytes).await?;
    incoming.publish().await.map(drop).map_err(|error| error.kind())
}

/// Everything in a directory, hidden or not.
fn all_names(bench: &Bench) -> Vec<String> {
    let names = fs::read_dir(bench.root()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn with_arrivals() -> Bench {
    let capacities = [
        (Class::SmallFiles, ByteSize::mib(1)),
        (Class::Listings, ByteSize::mib(2)),
        (Class::Arrivals, ByteSize::mib(2)),
    ];
    Bench::with(Ledger::new(capacities), FdLedger::new(64))
}

fn live() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn an_object_is_seen_when_it_is_whole_and_has_the_bytes_that_were_written() {
    let bytes = Pattern::new(1).bytes(0, BIG);
    for bench in [with_arrivals(), Bench::new()] {
        live().block_on(async {
            for (n, store) in bench.both().iter().enumerate() {
                let name = format!("dir/new-{n}");
                bench.put("dir/other", "x");
                let mut incoming = begin(store, &ask(&name)).await.unwrap();
                write(&mut *incoming, &bytes).await.unwrap();
                assert_eq!(open(store, &name).await.unwrap_err(), StoreErrorKind::NotFound);
                let stored = incoming.publish().await.unwrap();
                drop(incoming);
                assert_eq!(fetch(store, &name).await.unwrap(), bytes, "also right after it was not there");
                let now = open(store, &name).await.unwrap();
                assert_eq!(now.meta().validator, stored.validator);
            }
            idle(&bench).await;
        });
        let peak = bench.ledger.usage(Class::Arrivals).peak;
        assert!(peak <= (2 * (256 + 100)) << 10, "{peak} bytes waited for the disk");
    }
}

#[test]
fn nothing_is_left_of_what_is_given_up() {
    let bench = with_arrivals();
    live().block_on(async {
        let store = bench.store();
        bench.put("old", "old");
        for name in ["new", "old"] {
            let mut incoming = begin(&store, &ask(name)).await.unwrap();
            write(&mut *incoming, &Pattern::new(2).bytes(0, BIG)).await.unwrap();
            drop(incoming);
        }
        assert_eq!(fetch(&store, "old").await.unwrap(), b"old");
        idle(&bench).await;
    });
    assert_eq!(all_names(&bench), ["old"]);
}

#[test]
fn readers_have_the_old_object_or_the_new_one() {
    let bench = with_arrivals();
    bench.put("a", "the old one");
    live().block_on(async {
        let store = bench.store();
        let old = open(&store, "a").await.unwrap();
        put(&store, &ask("a"), b"the new").await.unwrap();
        assert_eq!(crate::bench::read(&old).await, b"the old one");
        assert_eq!(fetch(&store, "a").await.unwrap(), b"the new");
        put(&store, &ask("a"), b"").await.unwrap();
        assert_eq!(fetch(&store, "a").await.unwrap(), b"");
    });
    assert_eq!(all_names(&bench), ["a"]);
}

#[test]
fn a_condition_is_looked_at_before_the_first_byte_and_again_at_the_end() {
    let bench = with_arrivals();
    bench.put("there", "1");
    live().block_on(async {
        let store = bench.store();
        assert_eq!(begin(&store, &absent("there")).await.unwrap_err(), StoreErrorKind::Precondition);
        let validator = open(&store, "there").await.unwrap().meta().validator.clone().unwrap();
        let same = NewObject { condition: Condition::Matches(validator), ..ask("there") };
        let (mut first, mut second) =
            (begin(&store, &same).await.unwrap(), begin(&store, &same).await.unwrap());
        write(&mut *first, b"first").await.unwrap();
        write(&mut *second, b"second").await.unwrap();
        first.publish().await.unwrap();
        assert_eq!(second.publish().await.unwrap_err().kind(), StoreErrorKind::Precondition);
        drop(second);
        assert_eq!(begin(&store, &same).await.unwrap_err(), StoreErrorKind::Precondition);
        assert_eq!(fetch(&store, "there").await.unwrap(), b"first");

        let (mut first, mut second) =
            (begin(&store, &absent("new")).await.unwrap(), begin(&store, &absent("new")).await.unwrap());
        second.publish().await.unwrap();
        assert_eq!(first.publish().await.unwrap_err().kind(), StoreErrorKind::Precondition);
    });
    assert_eq!(all_names(&bench), ["new", "there"]);
}

#[test]
fn of_many_who_make_one_name_one_succeeds() {
    let bench = with_arrivals();
    let store = bench.store();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let made = runtime.block_on(async {
        let tries: Vec<_> = (0..16)
            .map(|n: u8| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut incoming = begin(&store, &absent("one")).await?;
                    write(&mut *incoming, &[n; 100]).await?;
                    incoming.publish().await.map(|_| n).map_err(|error| error.kind())
                })
            })
            .collect();
        let mut made = Vec::new();
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(n) => made.push(n),
                Err(kind) => assert_eq!(kind, StoreErrorKind::Precondition),
            }
        }
        made
    });
    assert_eq!(made.len(), 1);
    assert_eq!(fs::read(bench.root().join("one")).unwrap(), [made[0]; 100]);
}

#[test]
fn what_stands_in_the_way_is_told_before_the_first_byte() {
    let bench = with_arrivals();
    bench.put("dir/file", "x");
    bench.link("link", "dir/file");
    bench.put("read-only", "x");
    fs::set_permissions(bench.root().join("read-only"), fs::Permissions::from_mode(0o444)).unwrap();
    live().block_on(async {
        for store in bench.both() {
            let cases = [
                ("dir", StoreErrorKind::Conflict),
                ("", StoreErrorKind::Conflict),
                ("missing/file", StoreErrorKind::Conflict),
                ("dir/file/file", StoreErrorKind::Conflict),
                ("link", StoreErrorKind::Conflict),
                ("read-only", StoreErrorKind::Denied),
                (".git", StoreErrorKind::Denied),
            ];
            for (name, kind) in cases {
                assert_eq!(begin(&store, &ask(name)).await.unwrap_err(), kind, "{name:?}");
            }
        }
    });
    assert_eq!(all_names(&bench), ["dir", "link", "read-only"]);
}

#[test]
fn nothing_is_written_outside_the_root_through_a_link() {
    let bench = with_arrivals();
    bench.link("out", "../outside");
    live().block_on(async {
        for store in bench.both() {
            assert_eq!(begin(&store, &ask("out/file")).await.unwrap_err(), StoreErrorKind::Conflict);
            let made = store.make_directory(&key("out/dir")).await;
            assert_eq!(made.unwrap_err().kind(), StoreErrorKind::Conflict);
        }
    });
    assert_eq!(fs::read_dir(bench.top().join("outside")).unwrap().count(), 0);
}

#[test]
fn a_replaced_file_keeps_its_permissions_but_not_the_bits_that_lend_rights() {
    let bench = with_arrivals();
    bench.put("a", "x");
    let path = bench.root().join("a");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4640)).unwrap();
    live().block_on(async { put(&bench.store(), &ask("a"), b"y").await.unwrap() });
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o640);
}

#[test]
fn a_directory_that_may_not_be_written_is_said_to_be_that() {
    let bench = with_arrivals();
    let store = bench.store();
    for dir in [bench.top().to_path_buf(), bench.root()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    }
    as_nobody(|| {
        live().block_on(async {
            assert_eq!(begin(&store, &ask("a")).await.unwrap_err(), StoreErrorKind::Denied);
            assert_eq!(store.make_directory(&key("d")).await.unwrap_err().kind(), StoreErrorKind::Denied);
        });
    });
}

#[test]
fn a_full_disk_is_told_at_once_where_the_length_is_known_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let (ledger, fds) = (Ledger::new([(Class::Arrivals, ByteSize::mib(2))]), FdLedger::new(64));
    let options = LocalOptions { free_min: ByteSize::mib(1), ..LocalOptions::new(ledger.clone(), fds) };
    let store = LocalStore::open(disk.path(), options).unwrap();
    live().block_on(async {
        let told = |len| NewObject { len: Some(len), ..ask("a") };
        assert_eq!(begin(&store, &told(8 << 20)).await.unwrap_err(), StoreErrorKind::Full);
        let first = begin(&store, &told(4 << 20)).await.unwrap();
        assert_eq!(begin(&store, &told(4 << 20)).await.unwrap_err(), StoreErrorKind::Full, "it is promised");
        drop(first);
        put(&store, &told(4 << 20), &Pattern::new(3).bytes(0, 4 << 20)).await.unwrap();

        let mut untold = begin(&store, &ask("b")).await.unwrap();
        let error = match write(&mut *untold, &Pattern::new(4).bytes(0, 8 << 20)).await {
            Ok(()) => untold.publish().await.unwrap_err().kind(),
            Err(kind) => kind,
        };
        assert_eq!(error, StoreErrorKind::Full);
        let again = untold.write(Bytes::from_static(b"more")).await.and(Ok(()));
        let again = match again {
            Ok(()) => untold.publish().await.map(drop),
            error => error,
        };
        assert_eq!(again.unwrap_err().kind(), StoreErrorKind::Unavailable, "it stays failed");
        drop(untold);
        assert_eq!(fetch(&store, "a").await.unwrap().len(), 4 << 20);
    });
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 1);
    assert_eq!(ledger.usage(Class::Arrivals).in_use, 0);
}

#[test]
fn removing_and_renaming_are_conditional_too_and_seen_at_once() {
    let bench = with_arrivals();
    bench.put("dir/a", "a");
    bench.put("dir/b", "b");
    live().block_on(async {
        let store = bench.store();
        let always = Condition::Always;
        let kind = |result: Result<(), forebay_store::StoreError>| result.map_err(|error| error.kind());
        let remove =
            async |name: &str, condition: &Condition| kind(store.remove(&key(name), condition).await);
        let rename = async |from: &str, to: &str, condition: &Condition| {
            kind(store.rename(&key(from), &key(to), condition).await.map(drop))
        };
        let tag = open(&store, "dir/a").await.unwrap().meta().validator.clone().unwrap();
        assert_eq!(remove("dir", &always).await, Err(StoreErrorKind::Conflict), "it is not empty");
        assert_eq!(remove("", &always).await, Err(StoreErrorKind::Conflict));
        assert_eq!(remove("dir/x", &always).await, Err(StoreErrorKind::NotFound));
        assert_eq!(remove("x/y/z", &always).await, Err(StoreErrorKind::NotFound));
        assert_eq!(
            remove("dir/b", &Condition::Matches(tag.clone())).await,
            Err(StoreErrorKind::Precondition)
        );
        assert_eq!(rename("dir/a", "dir/b", &Condition::Absent).await, Err(StoreErrorKind::Precondition));
        assert_eq!(rename("dir/x", "dir/y", &always).await, Err(StoreErrorKind::NotFound));
        assert_eq!(rename("dir", "dir/below", &always).await, Err(StoreErrorKind::Conflict));
        assert_eq!(rename("dir/a", "missing/a", &always).await, Err(StoreErrorKind::Conflict));
        assert_eq!(open(&store, "dir/c").await.unwrap_err(), StoreErrorKind::NotFound);
        assert_eq!(rename("dir/a", "dir/c", &Condition::Absent).await, Ok(()));
        assert_eq!(fetch(&store, "dir/c").await.unwrap(), b"a");
        assert_eq!(open(&store, "dir/a").await.unwrap_err(), StoreErrorKind::NotFound);
        assert_eq!(rename("dir", "moved", &always).await, Ok(()));
        assert_eq!(open(&store, "dir/c").await.unwrap_err(), StoreErrorKind::NotFound);
        assert_eq!(fetch(&store, "moved/c").await.unwrap(), b"a");
        for name in ["moved/b", "moved/c", "moved"] {
            assert_eq!(remove(name, &always).await, Ok(()), "{name}");
            assert_eq!(open(&store, name).await.unwrap_err(), StoreErrorKind::NotFound);
        }
        assert_eq!(kind(store.make_directory(&key("new")).await), Ok(()));
        assert_eq!(kind(store.make_directory(&key("new")).await), Err(StoreErrorKind::Precondition));
    });
    assert_eq!(all_names(&bench), ["new"]);
}

#[test]
fn descriptors_are_waited_for_and_then_refused() {
    let bench = Bench::with(Ledger::new([]), FdLedger::new(2));
    let options = LocalOptions { sandbox: Sandbox::Auto, durability: Durability::Left, ..bench.options() };
    let store = bench.store_with(options);
    runtime().block_on(async {
        let held = begin(&store, &ask("a")).await.unwrap();
        assert_eq!(begin(&store, &ask("b")).await.unwrap_err(), StoreErrorKind::Unavailable);
        drop(held);
        begin(&store, &ask("b")).await.unwrap();
    });
}

/// Whoever serves has it behind this.
const _: fn(LocalStore) -> std::sync::Arc<dyn Writable> = |store| std::sync::Arc::new(store);
const _: fn(&dyn Writable) -> &dyn Store = |store| store;
