//! Two sides, name by name.
//!
//! Both are walked in the order of their names' bytes, and the smaller of the two next names is the next pair, so that each side has
//! one item in hand. That only holds while both really are in order, and a side that is not would make objects look as if they were
//! missing: then something would be deleted that is there. So each side's order is checked, and an error ends the merge.

use std::cmp::Ordering;
use std::time::SystemTime;

use tokio::sync::mpsc;

use super::{Item, Keys, Select, Tree};
use crate::{TransferError, TransferErrorKind};

/// Files that are read ahead of the other side.
const AHEAD: usize = 256;

/// One side of a comparison.
#[derive(Debug)]
pub enum Side {
    /// What is in a place, below a prefix of so many bytes.
    Keys(Keys, usize),
    /// What is below a directory, from a thread that reads it.
    Tree(mpsc::Receiver<Result<Item, SideError>>),
}

/// An item that one side could not say enough of. Others follow.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SideError(Box<str>);

/// What both sides have of one name.
#[derive(Debug, PartialEq, Eq)]
pub enum Pair {
    /// The source alone has it.
    Source(Item),
    /// The target alone has it.
    Target(Item),
    /// Both have it.
    Both(Item, Item),
}

/// How it is told that a target is what its source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// It has the same length, and its source is not newer.
    #[default]
    SizeAndTime,
    /// It has the same length.
    Size,
}

/// Walks two sides at once.
#[derive(Debug)]
pub struct Merge {
    source: Ordered,
    target: Ordered,
    select: Select,
}

/// A side whose next item is known, and whose order is checked.
#[derive(Debug)]
struct Ordered {
    side: Side,
    what: &'static str,
    next: Option<Item>,
    last: Box<str>,
}

impl Side {
    async fn next(&mut self) -> Result<Option<Item>, TransferError> {
        match self {
            Self::Keys(keys, prefix_len) => loop {
                match keys.next().await? {
                    None => return Ok(None),
                    Some(entry) => {
                        if let Some(item) = Item::of_entry(entry, *prefix_len) {
                            return Ok(Some(item));
                        }
                    }
                }
            },
            Self::Tree(items) => match items.recv().await {
                None => Ok(None),
                Some(Ok(item)) => Ok(Some(item)),
                Some(Err(error)) => {
                    let what = "cannot read all of the directory";
                    Err(TransferError::new(TransferErrorKind::Local, what).because(error))
                }
            },
        }
    }
}

/// The files of a tree as items, from a thread that reads some of them ahead; it ends when the tree does, or when nobody listens any more.
///
/// A name that is no key (it is not UTF-8), and what cannot be looked at, is an error among the items.
pub fn read_ahead(tree: Tree) -> mpsc::Receiver<Result<Item, SideError>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        for found in tree {
            let item = found.map_err(|error| SideError(error.to_string().into())).and_then(|file| {
                let shown = file.name.display().to_string();
                let name = file.name.into_os_string().into_string();
                let name = name
                    .map_err(|_| SideError(format!("{shown}: its name is not UTF-8, and keys are").into()))?;
                Ok(Item { name: name.into(), len: file.len, modified: file.modified, validator: None })
            });
            if sender.blocking_send(item).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Merge {
    /// A walk over both; what `select` leaves out is seen on neither side.
    pub fn new(source: Side, target: Side, select: Select) -> Self {
        let ordered = |side, what| Ordered { side, what, next: None, last: "".into() };
        Self { source: ordered(source, "source"), target: ordered(target, "target"), select }
    }

    /// The next name that either side has; `None` at the end of both.
    ///
    /// # Errors
    ///
    /// That a side could not be listed to its end, or is not in order. What follows means nothing.
    pub async fn next(&mut self) -> Result<Option<Pair>, TransferError> {
        self.source.fill(&self.select).await?;
        self.target.fill(&self.select).await?;
        let order = match (&self.source.next, &self.target.next) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(source), Some(target)) => source.name.cmp(&target.name),
        };
        let source = if order.is_le() { self.source.next.take() } else { None };
        let target = if order.is_ge() { self.target.next.take() } else { None };
        Ok(match (source, target) {
            (Some(source), Some(target)) => Some(Pair::Both(source, target)),
            (Some(source), None) => Some(Pair::Source(source)),
            (None, target) => target.map(Pair::Target),
        })
    }
}

impl Ordered {
    /// Has the next item in hand, if there is one.
    async fn fill(&mut self, select: &Select) -> Result<(), TransferError> {
        while self.next.is_none() {
            let Some(item) = self.side.next().await? else { return Ok(()) };
            if item.name <= self.last && !self.last.is_empty() {
                let what = format!(
                    "the {} is not listed in order: `{}` came after `{}`",
                    self.what, item.name, self.last
                );
                return Err(TransferError::new(TransferErrorKind::Invalid, what));
            }
            self.last.clone_from(&item.name);
            // A key that stands for its directory is nothing to compare.
            if !item.name.is_empty() && !item.name.ends_with('/') && select.takes(&item.name) {
                self.next = Some(item);
            }
        }
        Ok(())
    }
}

impl Compare {
    /// Whether the target is what the source is, as far as this tells.
    pub fn is_same(self, source: &Item, target: &Item) -> bool {
        let newer = |one: Option<SystemTime>, other| {
            one.zip(other).is_none_or(|(one, other)| whole_s(one) > whole_s(other))
        };
        source.len == target.len
            && match self {
                Self::Size => true,
                Self::SizeAndTime => !newer(source.modified, target.modified),
            }
    }
}

/// Stores keep whole seconds, disks more than that: what is cut off makes nothing newer.
fn whole_s(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn item(name: &str) -> Item {
        Item { name: name.into(), len: 1, modified: None, validator: None }
    }

    fn side(names: &[String]) -> Side {
        let (sender, receiver) = mpsc::channel(names.len().max(1));
        for name in names {
            sender.try_send(Ok(item(name))).unwrap();
        }
        Side::Tree(receiver)
    }

    async fn all(mut merge: Merge) -> Result<Vec<Pair>, TransferError> {
        let mut pairs = Vec::new();
        while let Some(pair) = merge.next().await? {
            pairs.push(pair);
        }
        Ok(pairs)
    }

    proptest! {
        #[test]
        fn a_merge_is_the_join_of_two_sets(source: std::collections::BTreeSet<String>, target: std::collections::BTreeSet<String>) {
            let real = |set: std::collections::BTreeSet<String>| -> Vec<String> {
                set.into_iter().filter(|name| !name.is_empty() && !name.ends_with('/')).collect()
            };
            let (source, target) = (real(source), real(target));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let pairs = runtime.block_on(all(Merge::new(side(&source), side(&target), Select::default()))).unwrap();
            let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
            for pair in &pairs {
                match pair {
                    Pair::Source(item) => prop_assert!(has(&source, &item.name) && !has(&target, &item.name)),
                    Pair::Target(item) => prop_assert!(!has(&source, &item.name) && has(&target, &item.name)),
                    Pair::Both(item, other) => prop_assert!(item.name == other.name && has(&source, &item.name) && has(&target, &item.name)),
                }
            }
            let union: std::collections::BTreeSet<_> = source.iter().chain(&target).collect();
            prop_assert_eq!(pairs.len(), union.len());
        }
    }

    #[tokio::test]
    async fn a_side_out_of_order_ends_the_merge() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let merge = Merge::new(side(&names(&["a", "b"])), side(&names(&["b", "a"])), Select::default());
        let error = all(merge).await.unwrap_err();
        assert_eq!(error.to_string(), "the target is not listed in order: `a` came after `b`");
    }

    #[test]
    fn a_target_is_the_same_if_its_source_is_not_newer_by_a_second() {
        let at = |ms| Some(SystemTime::UNIX_EPOCH + Duration::from_millis(ms));
        let with = |len, modified| Item { len, modified, ..item("a") };
        for (source, target, size_and_time, size) in [
            (with(1, at(1000)), with(1, at(1000)), true, true),
            (with(1, at(1900)), with(1, at(1000)), true, true),
            (with(1, at(2000)), with(1, at(1000)), false, true),
            (with(1, at(1000)), with(1, at(2000)), true, true),
            (with(2, at(1000)), with(1, at(2000)), false, false),
            (with(1, None), with(1, at(1000)), false, true),
        ] {
            assert_eq!(
                Compare::SizeAndTime.is_same(&source, &target),
                size_and_time,
                "{source:?} {target:?}"
            );
            assert_eq!(Compare::Size.is_same(&source, &target), size, "{source:?} {target:?}");
        }
    }
}
