//! The kernel is the oracle: on any tree, our walk opens what `openat2` opens, or fails as it does.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tempfile::TempDir;

use super::super::fault;
use super::super::sandbox::{LOOK, READ, Resolver, SCAN};
use super::{LINKS_MAX, open};
use crate::{Key, Sandbox, StoreErrorKind, Symlinks};

#[derive(Debug, Clone)]
enum Node {
    File,
    Link(String),
    Directory(BTreeMap<u8, Self>),
}

fn name() -> impl Strategy<Value = u8> {
    b'a'..=b'd'
}

/// Targets that climb, wind through names and other links, leave the root and end in slashes.
fn target() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        5 => name().prop_map(|name| char::from(name).to_string()),
        3 => Just("..".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just(String::new()),
    ];
    let parts = prop::collection::vec(part, 1..6).prop_map(|parts| parts.join("/"));
    parts.prop_map(|target| if target.is_empty() { ".".to_owned() } else { target })
}

fn directory() -> impl Strategy<Value = BTreeMap<u8, Node>> {
    let leaf = prop_oneof![2 => Just(Node::File), 3 => target().prop_map(Node::Link)];
    let node = leaf.prop_recursive(3, 20, 4, |inner| {
        prop::collection::btree_map(name(), inner, 1..5).prop_map(Node::Directory)
    });
    prop::collection::btree_map(name(), node, 1..5)
}

fn make(at: &Path, nodes: &BTreeMap<u8, Node>) {
    for (name, node) in nodes {
        let path = at.join(char::from(*name).to_string());
        match node {
            Node::File => std::fs::write(path, "").unwrap(),
            Node::Link(target) => symlink(target, path).unwrap(),
            Node::Directory(inner) => {
                std::fs::create_dir(&path).unwrap();
                make(&path, inner);
            }
        }
    }
}

/// A root, and something outside of it under each name that a link could climb to.
fn bench(nodes: &BTreeMap<u8, Node>) -> (TempDir, OwnedFd) {
    let dir = TempDir::new().unwrap();
    for name in ["a", "b"] {
        std::fs::write(dir.path().join(name), "outside").unwrap();
    }
    let root = dir.path().join("root");
    std::fs::create_dir(&root).unwrap();
    make(&root, nodes);
    let fd = rustix::fs::open(&root, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    (dir, fd)
}

/// What was opened, or the kind of failure.
fn seen(opened: Result<OwnedFd, Errno>) -> Result<(u64, u64), StoreErrorKind> {
    let stat = opened.map(|fd| rustix::fs::fstat(fd).unwrap()).map_err(fault::kind)?;
    Ok((stat.st_dev, stat.st_ino))
}

fn both(
    root: &OwnedFd,
    key: &Key,
    flags: OFlags,
    symlinks: Symlinks,
) -> [Result<(u64, u64), StoreErrorKind>; 2] {
    let kernel = Resolver::new(root, Sandbox::Auto, symlinks);
    assert!(kernel.is_kernel(), "this machine has openat2");
    [seen(kernel.open(root, key, flags)), seen(open(root.as_fd(), key, flags, symlinks))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn on_any_tree_it_opens_what_the_kernel_opens(
        tree in directory(),
        keys in prop::collection::vec(prop::collection::vec(name(), 1..5), 12),
    ) {
        let (_dir, root) = bench(&tree);
        for names in keys {
            let text: Vec<String> = names.iter().map(|&name| char::from(name).to_string()).collect();
            let key = Key::parse(text.join("/").as_bytes()).unwrap();
            for flags in [READ, LOOK, SCAN] {
                for symlinks in [Symlinks::FollowInside, Symlinks::Refuse] {
                    let [kernel, ours] = both(&root, &key, flags, symlinks);
                    prop_assert_eq!(kernel, ours, "{} {:?} {:?}", key, flags, symlinks);
                }
            }
        }
    }
}

fn tree(text: &[(&str, Option<&str>)]) -> (TempDir, OwnedFd) {
    let (dir, root) = bench(&BTreeMap::new());
    for (path, target) in text {
        let path = dir.path().join("root").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match target {
            Some(target) => symlink(target, path).unwrap(),
            None => std::fs::write(path, "").unwrap(),
        }
    }
    (dir, root)
}

fn agreed(root: &OwnedFd, path: &str) -> Result<(u64, u64), StoreErrorKind> {
    let key = Key::parse(path.as_bytes()).unwrap();
    let [kernel, ours] = both(root, &key, READ, Symlinks::FollowInside);
    assert_eq!(kernel, ours, "{path}");
    ours
}

#[test]
fn up_from_where_a_link_leads_is_not_up_from_where_it_stands() {
    let (_dir, root) = tree(&[
        ("far/away/x", None),
        ("far/file", None),
        ("file", None),
        ("link", Some("far/away")),
        ("through", Some("link/../file")),
        ("slash", Some("file/")),
        ("dot", Some("link/.")),
        ("missing", Some("nothing/../file")),
        ("below", Some("file/../file")),
    ]);
    assert_eq!(agreed(&root, "through"), agreed(&root, "far/file"));
    assert_ne!(agreed(&root, "through"), agreed(&root, "file"));
    assert_eq!(agreed(&root, "dot/x"), agreed(&root, "far/away/x"));
    for path in ["slash", "missing", "below"] {
        assert_eq!(agreed(&root, path), Err(StoreErrorKind::NotFound), "{path}");
    }
}

#[test]
fn as_many_links_are_followed_as_the_kernel_follows() {
    let names: Vec<String> = (0..=LINKS_MAX + 1).map(|n| n.to_string()).collect();
    let mut chain = vec![("0", None)];
    chain.extend(names.windows(2).map(|pair| (&*pair[1], Some(&*pair[0]))));
    let (_dir, root) = tree(&chain);
    assert!(agreed(&root, &LINKS_MAX.to_string()).is_ok());
    assert_eq!(agreed(&root, &(LINKS_MAX + 1).to_string()), Err(StoreErrorKind::NotFound));
}

#[test]
fn a_link_that_would_be_walked_for_ever_is_given_up() {
    let climbs = format!("{}d/file", "d/../".repeat(800));
    let mut tree_of = vec![("d/file", None), ("0", Some("."))];
    let names: Vec<String> = (0..30).map(|n| format!("l{n}")).collect();
    let targets: Vec<String> = (0..30)
        .map(|n| if n == 0 { climbs.clone() } else { format!("{}l{}", "d/../".repeat(800), n - 1) })
        .collect();
    tree_of.extend(names.iter().zip(&targets).map(|(name, target)| (&**name, Some(&**target))));
    let (_dir, root) = tree(&tree_of);
    assert!(agreed(&root, "l0").is_ok(), "one is walked");
    let last = Key::parse(b"l29").unwrap();
    assert_eq!(seen(open(root.as_fd(), &last, READ, Symlinks::FollowInside)), Err(StoreErrorKind::NotFound));
}
