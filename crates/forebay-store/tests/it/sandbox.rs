//! Nothing outside the root is ever served, by the kernel's sandbox or by ours.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_store::{LocalOptions, LocalStore, Order, StoreErrorKind, Symlinks};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::bench::{Bench, a_second_later, as_nobody, fetch, list_error, names};

const NOT_FOUND: Result<Vec<u8>, StoreErrorKind> = Err(StoreErrorKind::NotFound);

fn secrets() -> Bench {
    let bench = Bench::new();
    std::fs::write(bench.top().join("outside/secret"), "secret").unwrap();
    bench.put("dir/file", "inside");
    bench
}

#[test]
fn the_kernel_keeps_us_where_it_can() {
    let [auto, stepwise] = Bench::new().both();
    assert!(auto.is_kept_by_kernel(), "this machine has openat2");
    assert!(!stepwise.is_kept_by_kernel());
}

#[tokio::test(start_paused = true)]
async fn links_that_stay_inside_are_followed() {
    let bench = secrets();
    bench.put("dir/deep/other", "other");
    for (link, target) in [
        ("file", "dir/file"),
        ("dir/sibling", "./file"),
        ("dir/up", "../dir/file"),
        ("dir/deep/up", "../../dir//file"),
        ("chain", "dir/up"),
        ("folder", "dir/deep"),
        ("root", "."),
        ("dir/root", ".."),
    ] {
        bench.link(link, target);
    }
    for store in bench.both() {
        for path in
            ["file", "dir/sibling", "dir/up", "dir/deep/up", "chain", "root/dir/file", "dir/root/chain"]
        {
            assert_eq!(fetch(&store, path).await.unwrap(), b"inside", "{path} by {store:?}");
        }
        assert_eq!(fetch(&store, "folder/other").await.unwrap(), b"other", "{store:?}");
        assert_eq!(names(&store, "folder", Order::default(), 10).await, ["other", "up"], "{store:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn links_that_leave_or_lead_nowhere_are_not_there() {
    let bench = secrets();
    let (outside, inside) = (bench.top().join("outside/secret"), bench.root().join("dir/file"));
    for (link, target) in [
        ("parent", "../outside/secret"),
        ("dir/parent", "../../outside/secret"),
        ("absolute", outside.to_str().unwrap()),
        ("absolute-inside", inside.to_str().unwrap()),
        ("out-and-in", "../root/dir/file"),
        ("through", "dir/parent"),
        ("dangling", "nothing"),
        ("circle", "circle"),
        ("left", "right"),
        ("right", "left"),
        ("below-a-file", "dir/file/x"),
    ] {
        bench.link(link, target);
    }
    bench.link("folder", "../outside");
    for store in bench.both() {
        for path in [
            "parent",
            "dir/parent",
            "absolute",
            "absolute-inside",
            "out-and-in",
            "through",
            "dangling",
            "circle",
            "left",
            "below-a-file",
            "folder",
            "folder/secret",
        ] {
            assert_eq!(fetch(&store, path).await, NOT_FOUND, "{path} by {store:?}");
        }
        assert_eq!(list_error(&store, "folder", Default::default()).await, StoreErrorKind::NotFound);
        assert_eq!(names(&store, "", Order::default(), 50).await, ["dir"], "{store:?}");
        assert_eq!(names(&store, "dir", Order::default(), 50).await, ["file"], "{store:?}");
    }
}

#[test]
fn a_directory_that_may_not_be_entered_cannot_be_left_by_its_parent_either() {
    let bench = secrets();
    bench.put("closed/x", "x");
    bench.put("file", "inside");
    bench.link("through", "closed/../file");
    let mode = |path: std::path::PathBuf, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(bench.top().to_path_buf(), 0o755);
    let closed = bench.root().join("closed");
    mode(closed.clone(), 0o644);
    as_nobody(|| {
        crate::bench::runtime().block_on(async {
            for store in bench.both() {
                assert_eq!(fetch(&store, "through").await, Err(StoreErrorKind::Denied), "{store:?}");
                assert_eq!(fetch(&store, "file").await.unwrap(), b"inside");
            }
        });
    });
    mode(closed, 0o755);
}

#[tokio::test(start_paused = true)]
async fn links_can_be_refused_altogether() {
    let bench = secrets();
    bench.link("file", "dir/file");
    bench.link("folder", "dir");
    for sandbox in [forebay_store::Sandbox::Auto, forebay_store::Sandbox::Stepwise] {
        let options = LocalOptions { sandbox, symlinks: Symlinks::Refuse, ..bench.options() };
        let store = bench.store_with(options);
        assert_eq!(fetch(&store, "dir/file").await.unwrap(), b"inside");
        for path in ["file", "folder", "folder/file"] {
            assert_eq!(fetch(&store, path).await, NOT_FOUND, "{path}");
        }
        assert_eq!(names(&store, "", Order::default(), 50).await, ["dir"]);
    }
}

#[tokio::test(start_paused = true)]
async fn magic_links_of_proc_lead_nowhere() {
    let bench = Bench::new();
    for sandbox in [forebay_store::Sandbox::Auto, forebay_store::Sandbox::Stepwise] {
        let options = LocalOptions { sandbox, ..bench.options() };
        let store = LocalStore::open("/proc/self".as_ref(), options).unwrap();
        assert!(fetch(&store, "status").await.is_ok());
        for path in ["exe", "cwd", "root/etc/hostname", "fd/0"] {
            assert_eq!(fetch(&store, path).await, NOT_FOUND, "{path}");
        }
    }
}

/// 1. The store opens `dir`.
/// 2. Somebody replaces `dir` by a link to the outside.
/// 3. The store opens `secret` below it.
///
/// Whatever the interleaving, the answer is the file inside or nothing.
#[test]
fn a_directory_that_is_swapped_for_a_link_under_way_lets_nothing_out() {
    let bench = secrets();
    bench.put("dir/secret", "inside");
    bench.link("link", "../outside");
    let root = bench.root();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (dir, link) = (root.join("dir"), root.join("link"));
            while !stop.load(Ordering::Relaxed) {
                let how = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, &dir, CWD, &link, how).unwrap();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut found = 0;
            for store in bench.both() {
                let uncached = LocalOptions { recent_max: 0, ..bench.options() };
                let uncached = bench.store_with(uncached);
                for _ in 0..1500 {
                    for store in [&store, &uncached] {
                        match fetch(store, "dir/secret").await {
                            Ok(bytes) => {
                                assert_eq!(bytes, b"inside");
                                found += 1;
                            }
                            Err(error) => assert_eq!(error, StoreErrorKind::NotFound),
                        }
                    }
                }
            }
            assert!(found > 0, "the race was never won");
        });
        stop.store(true, Ordering::Relaxed);
    });
}

#[tokio::test(start_paused = true)]
async fn fifos_sockets_and_devices_are_not_there_and_block_nobody() {
    let bench = secrets();
    let root = bench.root();
    mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    let mut paths = vec!["fifo", "socket"];
    let null = rustix::fs::makedev(1, 3);
    match mknodat(CWD, root.join("device"), FileType::CharacterDevice, Mode::RUSR, null) {
        Ok(()) => paths.push("device"),
        Err(error) => forebay_testkit::notice::skipped(format!("this user may not make a device ({error})")),
    }
    for (index, path) in paths.clone().into_iter().enumerate() {
        bench.link(&format!("link{index}"), path);
    }
    for store in bench.both() {
        for path in &paths {
            assert_eq!(fetch(&store, path).await, NOT_FOUND, "{path} by {store:?}");
        }
        assert_eq!(fetch(&store, "link0").await, NOT_FOUND);
        assert_eq!(names(&store, "", Order::default(), 50).await, ["dir"], "{store:?}");
        a_second_later().await;
    }
}
