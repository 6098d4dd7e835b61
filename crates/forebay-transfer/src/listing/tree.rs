//! What is below a directory of this machine, in the order in which a bucket lists keys.
//!
//! A bucket lists by the bytes of whole keys, so that `a.txt` comes before `a/b` although `a` comes before `a.txt`: `.` is a smaller byte
//! than `/`. A walk that is to be merged with a listing must do the same, so a directory's name is compared with its slash.
//!
//! The order needs sorting, and a directory may have any number of names. So a directory is read again for each page of the
//! smallest names that have not been seen yet: memory is bounded by the page and by the depth, and a directory of a million names is
//! read some sixty times, a fraction of a second each.
//!
//! Links to files are followed, links to directories are not entered (they may form circles), and what is neither file nor directory is
//! left out. Our own temporary files are left out too.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::item::is_ours;

/// The most names of one directory that are held.
const PAGE_NAMES_MAX: usize = 16_384;
/// How deep a walk goes.
const DEPTH_MAX: usize = 64;

/// Walks the tree below a directory. Blocking: for the blocking pool.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    page_max: usize,
    /// The open directories, outermost first.
    open: Vec<Page>,
}

/// A file below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path below the root, with slashes.
    pub name: PathBuf,
    /// Its length in bytes.
    pub len: u64,
    /// When it was last written.
    pub modified: Option<SystemTime>,
}

/// A file or directory that cannot be looked at. The walk goes on behind it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct TreeError {
    /// Its path below the root; empty for the root itself.
    pub path: PathBuf,
    source: io::Error,
}

/// A directory under way.
#[derive(Debug)]
struct Page {
    /// Below the root, without a slash at its end.
    dir: PathBuf,
    /// The smallest that are left, ready to be taken from the front.
    names: std::collections::btree_set::IntoIter<Vec<u8>>,
    /// The last of `names`, if others may follow.
    more_behind: Option<Vec<u8>>,
}

impl Tree {
    /// A walk over all files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::with_pages_of(root, PAGE_NAMES_MAX)
    }

    fn with_pages_of(root: impl Into<PathBuf>, page_max: usize) -> Self {
        let start =
            Page { dir: PathBuf::new(), names: BTreeSet::new().into_iter(), more_behind: Some(Vec::new()) };
        Self { root: root.into(), page_max, open: vec![start] }
    }

    /// Turns a name of the innermost page into a file, or enters it.
    fn step(&mut self, name: Vec<u8>) -> Option<Result<TreeFile, TreeError>> {
        let dir = &self.open.last()?.dir;
        match name.strip_suffix(b"/") {
            Some(name) => {
                let dir = dir.join(OsStr::from_bytes(name));
                if self.open.len() == DEPTH_MAX {
                    let source = io::Error::other(format!("deeper than {DEPTH_MAX} directories"));
                    return Some(Err(TreeError { path: dir, source }));
                }
                self.open.push(Page {
                    dir,
                    names: BTreeSet::new().into_iter(),
                    more_behind: Some(Vec::new()),
                });
                None
            }
            None => {
                let path = dir.join(OsString::from_vec(name));
                match fs::metadata(self.root.join(&path)) {
                    Ok(meta) if meta.is_file() => {
                        Some(Ok(TreeFile { name: path, len: meta.len(), modified: meta.modified().ok() }))
                    }
                    Ok(_) => None,
                    Err(source) => Some(Err(TreeError { path, source })),
                }
            }
        }
    }
}

impl Iterator for Tree {
    type Item = Result<TreeFile, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(page) = self.open.last_mut() {
            if let Some(name) = page.names.next() {
                if let Some(found) = self.step(name) {
                    return Some(found);
                }
            } else if let Some(behind) = page.more_behind.take() {
                match smallest(&self.root.join(&page.dir), &behind, self.page_max) {
                    Ok(names) => {
                        page.more_behind =
                            (names.len() == self.page_max).then(|| names.last().cloned()).flatten();
                        page.names = names.into_iter();
                    }
                    Err(source) => {
                        let path = std::mem::take(&mut page.dir);
                        self.open.pop();
                        return Some(Err(TreeError { path, source }));
                    }
                }
            } else {
                self.open.pop();
            }
        }
        None
    }
}

/// The smallest names of a directory behind `behind`, directories with a slash.
fn smallest(dir: &Path, behind: &[u8], most: usize) -> io::Result<BTreeSet<Vec<u8>>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let mut name = entry.file_name().into_vec();
        if is_ours(&name) || !is_wanted(entry.file_type()?) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            name.push(b'/');
        }
        if name.as_slice() > behind {
            names.insert(name);
            if names.len() > most {
                names.pop_last();
            }
        }
    }
    Ok(names)
}

fn is_wanted(kind: FileType) -> bool {
    kind.is_file() || kind.is_dir() || kind.is_symlink()
}

#[cfg(test)]
mod tests {
    use forebay_store::TEMP_PREFIX;

    use super::*;

    fn names(tree: Tree) -> Vec<String> {
        tree.map(|found| found.map_or_else(|error| error.to_string(), |file| file.name.display().to_string()))
            .collect()
    }

    #[test]
    fn files_come_in_the_order_of_keys_whatever_the_page() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a/b", "a/c", "a.txt", "a-", "b/x/y", "z", "a0", "b.d/1"] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        for page in [1, 2, 3, 100] {
            let found = names(Tree::with_pages_of(root.path(), page));
            let mut sorted = found.clone();
            sorted.sort();
            assert_eq!(found, sorted, "pages of {page}");
            assert_eq!(found, ["a-", "a.txt", "a/b", "a/c", "a0", "b.d/1", "b/x/y", "z"]);
        }
    }

    #[test]
    fn links_to_files_are_followed_links_to_directories_are_not_and_broken_ones_are_told() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "file").unwrap();
        fs::create_dir(root.path().join("dir")).unwrap();
        for (link, target) in [("to-file", "file"), ("circle", "."), ("broken", "nowhere")] {
            std::os::unix::fs::symlink(target, root.path().join(link)).unwrap();
        }
        fs::write(root.path().join(format!("{TEMP_PREFIX}x")), "").unwrap();
        let found = names(Tree::new(root.path()));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("broken: "), "{found:?}");
        assert_eq!(found[1..], ["file", "to-file"]);
    }

    #[test]
    fn a_root_that_is_not_there_is_one_error() {
        let root = tempfile::tempdir().unwrap();
        let mut tree = Tree::new(root.path().join("nowhere"));
        assert!(tree.next().unwrap().is_err());
        assert!(tree.next().is_none());
    }
}
