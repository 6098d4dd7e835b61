//! The promises of a walk, which stands on `list`.

use forebay_budget::{ByteSize, Class, Lease, Ledger};
use forebay_store::{StoreErrorKind, Walk};

use super::Subject;
use crate::bench::key;

fn lease() -> Lease {
    let ledger = Ledger::new([(Class::Archives, ByteSize::b(Walk::COST))]);
    ledger.try_acquire(Class::Archives, Walk::COST).unwrap()
}

/// The paths of a walk, directories with a slash at their end.
async fn paths(subject: &impl Subject, root: &str) -> Result<Vec<String>, StoreErrorKind> {
    let mut walk = Walk::new(subject.store(), key(root), lease()).unwrap();
    let mut paths = Vec::new();
    while let Some(step) = walk.next().await.map_err(|error| error.kind())? {
        let slash = if step.entry.kind.is_file() { "" } else { "/" };
        paths.push(format!("{}{slash}", step.path().escape_ascii()));
    }
    Ok(paths)
}

pub(crate) async fn a_walk_sees_everything_once_and_in_order(subject: &impl Subject) {
    for name in ["t/b/2", "t/b/1/x", "t/b/10", "t/a", "t/c", "t/b.txt", "t/é/ü", "other/file"] {
        subject.put(name, name.as_bytes());
    }
    subject.settle().await;
    let below = ["a", "b/", "b/1/", "b/1/x", "b/10", "b/2", "b.txt", "c", r"\xc3\xa9/", r"\xc3\xa9/\xc3\xbc"];
    assert_eq!(paths(subject, "t").await.unwrap(), below);
    assert_eq!(paths(subject, "t/b").await.unwrap(), ["1/", "1/x", "10", "2"]);
    let all = paths(subject, "").await.unwrap();
    assert_eq!(all.len(), below.len() + 3);
    assert_eq!(all[..3], ["other/", "other/file", "t/"]);
}

pub(crate) async fn a_walk_of_nothing_ends_and_of_a_missing_root_fails(subject: &impl Subject) {
    assert_eq!(paths(subject, "").await.unwrap(), [""; 0]);
    assert_eq!(paths(subject, "missing").await, Err(StoreErrorKind::NotFound));
}
