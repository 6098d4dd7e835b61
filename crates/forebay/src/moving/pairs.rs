//! What `sync` means: what the source has and the target has not, or not as it is.

use forebay_store::remote::ObjectKey;
use forebay_transfer::{
    TransferError,
    listing::{self, Item, Merge, Pair, Side, Tree, read_ahead},
};
use tokio::sync::mpsc;

use super::{
    find::{Candidate, Doubt, Finder, Unfit, keys},
    one::Mover,
    usage,
};
use crate::{
    args::Compare,
    output::Failure,
    place::{Place, S3Place},
};

/// Walks both sides.
pub(super) struct Pairs<'a> {
    mover: &'a Mover,
    merge: Merge,
}

impl<'a> Pairs<'a> {
    pub(super) async fn new(mover: &'a Mover) -> Result<Self, Failure> {
        Ok(Self { mover, merge: merge(mover)? })
    }
}

/// Both sides from their beginnings.
pub(super) fn merge(mover: &Mover) -> Result<Merge, Failure> {
    let errand = &mover.errand;
    let source = match errand.from.place() {
        Some(Place::S3(s3)) => Side::Keys(keys(&mover.source_bucket(s3)?, &s3.key), s3.key.len()),
        Some(Place::Local(dir)) if dir.is_dir() => Side::Tree(read_ahead(Tree::new(dir))),
        Some(place) => {
            return Err(usage(format_args!(
                "{place} is no directory: sync compares directories and prefixes"
            )));
        }
        None => return Err(usage("sync compares directories and prefixes: name one on each side")),
    };
    let target = match errand.to.place() {
        Place::S3(s3) => Side::Keys(keys(mover.target_bucket()?, &s3.key), s3.key.len()),
        Place::Local(dir) if dir.exists() => Side::Tree(read_ahead(Tree::new(dir))),
        // What is not there has nothing in it.
        _ => Side::Tree(mpsc::channel(1).1),
    };
    Ok(Merge::new(source, target, errand.select.clone()))
}

impl Finder for Pairs<'_> {
    async fn next(&mut self) -> Result<Option<Result<Candidate, Unfit>>, TransferError> {
        loop {
            let (item, doubt) = match self.merge.next().await? {
                None => return Ok(None),
                Some(Pair::Source(item)) => (item, Doubt::None),
                Some(Pair::Both(source, target)) => match self.mover.compares(&source, &target) {
                    Some(doubt) => (source, doubt),
                    None => continue,
                },
                Some(Pair::Target(_)) => continue,
            };
            return Ok(Some(candidate(self.mover, item).map(|found| Candidate { doubt, ..found })));
        }
    }
}

impl Mover {
    /// Whether what is there has to be replaced; nothing says that it need not.
    fn compares(&self, source: &Item, target: &Item) -> Option<Doubt> {
        let same = match self.when.compare {
            Compare::SizeAndTime => listing::Compare::SizeAndTime.is_same(source, target),
            Compare::Size => listing::Compare::Size.is_same(source, target),
            Compare::Digest if listing::Compare::Size.is_same(source, target) => return Some(Doubt::Digest),
            Compare::Digest => false,
        };
        (!same).then_some(Doubt::None)
    }
}

/// An item of the source.
fn candidate(mover: &Mover, item: Item) -> Result<Candidate, Unfit> {
    match mover.errand.from.place() {
        Some(Place::Local(root)) => Ok(Candidate::file(root, item)),
        Some(Place::S3(s3)) => {
            let key = format!("{}{}", s3.key, item.name);
            let unfit =
                |why: String| Unfit { shown: S3Place { key: key.clone(), ..s3.clone() }.to_string(), why };
            let bucket = mover.source_bucket(s3).map_err(|failure| unfit(failure.error.to_string()))?;
            let name = ObjectKey::new(key.as_str()).map_err(|error| unfit(error.to_string()))?;
            Ok(Candidate::object(bucket, name, item))
        }
        other => Err(Unfit {
            shown: other.map(ToString::to_string).unwrap_or_default(),
            why: "it cannot be listed".to_owned(),
        }),
    }
}
