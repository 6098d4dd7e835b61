//! A root that cannot be served is refused in one line that names the fix.

use std::os::unix::fs::PermissionsExt;

use forebay_store::{LocalStore, RootError};

use crate::bench::{Bench, as_nobody};

fn refusal(bench: &Bench, path: &str) -> String {
    let error = LocalStore::open(&bench.top().join(path), bench.options()).unwrap_err();
    let text = error.to_string().replace(bench.top().to_str().unwrap(), "/srv");
    assert!(!text.contains('\n'));
    text
}

#[test]
fn a_root_that_is_missing_or_a_file_says_what_to_do() {
    let bench = Bench::new();
    bench.put("file", "");
    assert_eq!(
        refusal(&bench, "nothing"),
        "`/srv/nothing` does not exist: create it (`mkdir -p`) or name another directory"
    );
    assert_eq!(
        refusal(&bench, "root/file"),
        "`/srv/root/file` is not a directory: name the directory that holds it"
    );
    assert_eq!(
        refusal(&bench, "root/file/below"),
        "`/srv/root/file/below` is not a directory: name the directory that holds it"
    );
}

#[test]
fn a_root_that_may_not_be_read_or_entered_says_who_we_are() {
    let bench = Bench::new();
    let mode = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(bench.top().join(path), permissions).unwrap();
    };
    mode("", 0o755);
    for bits in [0o000, 0o444, 0o111] {
        mode("root", bits);
        as_nobody(|| {
            let error = LocalStore::open(&bench.root(), bench.options()).unwrap_err();
            assert!(matches!(error, RootError::Denied { .. }), "{bits:o}: {error}");
            let uid = rustix::process::geteuid().as_raw();
            let expected = format!("cannot be read by uid {uid}: give it `r-x` on the directory");
            assert!(error.to_string().contains(&expected), "{error}");
        });
    }
    mode("root", 0o755);
}
