//! Which names are served: unfinished files never, dotfiles if asked for, bytes as they are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use forebay_store::{Dotfiles, Key, KeyError, LocalOptions, Order, StoreErrorKind};

use crate::bench::{Bench, as_nobody, fetch, names, open, runtime};

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_utf_8_is_a_name() {
    let bench = Bench::new();
    let name = b"caf\xe9 \xff.txt";
    std::fs::write(bench.root().join(OsStr::from_bytes(name)), "bytes").unwrap();
    for store in bench.both() {
        assert_eq!(fetch(&store, name).await.unwrap(), b"bytes");
        assert_eq!(names(&store, "", Order::default(), 5).await, [r"caf\xe9 \xff.txt"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_file_has_no_key_and_is_not_listed() {
    let bench = Bench::new();
    for name in [".forebay-upload-1", ".FOREBAY-2", "dir/.forebay-x/file", "seen"] {
        bench.put(name, "half");
    }
    let store = bench.store_with(LocalOptions { dotfiles: Dotfiles::Serve, ..bench.options() });
    assert_eq!(Key::parse(b".forebay-upload-1"), Err(KeyError::Reserved));
    assert_eq!(Key::parse(b"dir/.forebay-x/file"), Err(KeyError::Reserved));
    assert_eq!(names(&store, "", Order::default(), 5).await, ["dir", "seen"]);
    assert_eq!(names(&store, "dir", Order::default(), 5).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn dotfiles_are_hidden_unless_asked_for_and_well_known_never() {
    let bench = Bench::new();
    for name in [".env", "dir/.git/config", ".well-known/acme", ".well-known/.x", "dir/.well-known/y", "seen"]
    {
        bench.put(name, "x");
    }
    let store = bench.store();
    for path in [".env", "dir/.git", "dir/.git/config", ".well-known/.x", "dir/.well-known/y"] {
        assert_eq!(fetch(&store, path).await, Err(StoreErrorKind::NotFound), "{path}");
    }
    assert_eq!(fetch(&store, ".well-known/acme").await.unwrap(), b"x");
    assert_eq!(names(&store, "", Order::default(), 9).await, [".well-known", "dir", "seen"]);
    assert_eq!(names(&store, "dir", Order::default(), 9).await, [""; 0]);

    let open = bench.store_with(LocalOptions { dotfiles: Dotfiles::Serve, ..bench.options() });
    assert_eq!(fetch(&open, "dir/.git/config").await.unwrap(), b"x");
    assert_eq!(names(&open, "", Order::default(), 9).await, [".env", ".well-known", "dir", "seen"]);
}

#[test]
fn what_this_process_may_not_read_is_denied_and_not_listed() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    for name in ["closed", "open", "locked/file", "dir/file"] {
        bench.put(name, "x");
    }
    let mode = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(bench.top().join(path), permissions).unwrap();
    };
    for (path, bits) in [("", 0o755), ("root", 0o755), ("root/closed", 0), ("root/locked", 0)] {
        mode(path, bits);
    }
    as_nobody(|| {
        runtime().block_on(async {
            for store in bench.both() {
                for path in ["closed", "locked", "locked/file"] {
                    assert_eq!(
                        open(&store, path).await.unwrap_err(),
                        StoreErrorKind::Denied,
                        "{path} by {store:?}"
                    );
                }
                assert_eq!(names(&store, "", Order::default(), 9).await, ["dir", "open"], "{store:?}");
            }
        });
    });
    mode("root/locked", 0o755);
}
