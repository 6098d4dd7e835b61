//! Keys that are named, for what needs nothing of objects but their names.

use std::ffi::OsString;

use forebay_s3::{S3, S3Account};
use forebay_store::remote::{KeyEntry, ObjectKey};
use forebay_transfer::{
    TransferError, TransferErrorKind,
    listing::{Keys, Pattern, Select},
};
use tokio::sync::mpsc;

use super::{
    errand::{below, rules},
    find::{keys, lines},
    s3_place, usage,
};
use crate::{
    args::{Choice, Depth, Globs},
    output::Failure,
    place::{Place, S3Place},
};

/// The keys that places, patterns and a list stand for, one after the other.
pub(crate) struct Keyed {
    account: S3Account,
    globs: Globs,
    depth: Depth,
    select: Select,
    places: std::vec::IntoIter<S3Place>,
    list: Option<mpsc::Receiver<std::io::Result<OsString>>>,
    listing: Option<Listing>,
}

struct Listing {
    bucket: S3,
    keys: Keys,
    prefix_len: usize,
    pattern: Option<Pattern>,
}

impl Keyed {
    /// Judges all places that were named before anything is done to any of them.
    pub(crate) fn new(places: &[OsString], choice: &Choice, account: &S3Account) -> Result<Self, Failure> {
        let read: Vec<S3Place> = places.iter().map(|text| s3_place(text)).collect::<Result<_, _>>()?;
        let is_pattern =
            |place: &S3Place| choice.globs == Globs::Match && place.key.contains(['*', '?', '[']);
        let prefix = |place: &&S3Place| place.key.is_empty() || place.key.ends_with('/');
        if choice.depth == Depth::One
            && let Some(place) = read.iter().filter(|place| !is_pattern(place)).find(prefix)
        {
            return Err(usage(format_args!(
                "{place} names a prefix and no object: add -r to delete all that is below it"
            )));
        }
        Ok(Self {
            account: account.clone(),
            globs: choice.globs,
            depth: choice.depth,
            select: rules(choice)?,
            places: read.into_iter(),
            list: choice.files_from.as_deref().map(lines).transpose()?,
            listing: None,
        })
    }

    /// The next key; `None` at the end. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Option<(S3, ObjectKey)>, TransferError> {
        loop {
            if let Some(listing) = &mut self.listing {
                match listing.next(&self.select).await? {
                    Some(key) => return Ok(Some((listing.bucket.clone(), key))),
                    None => self.listing = None,
                }
            }
            let place = match self.places.next() {
                Some(place) => place,
                None => match self.listed().await? {
                    Some(place) => place,
                    None => return Ok(None),
                },
            };
            if let Some(one) = self.begin(place)? {
                return Ok(Some(one));
            }
        }
    }

    /// The next place of the list.
    async fn listed(&mut self) -> Result<Option<S3Place>, TransferError> {
        let Some(list) = &mut self.list else { return Ok(None) };
        let Some(line) = list.recv().await else { return Ok(None) };
        let line = line.map_err(|error| TransferError::of_file("cannot read the list", error))?;
        match s3_place(&line) {
            Ok(place) => Ok(Some(place)),
            Err(failure) => Err(TransferError::new(TransferErrorKind::Invalid, failure.error.to_string())),
        }
    }

    /// The key itself, or a listing of what it stands for.
    fn begin(&mut self, place: S3Place) -> Result<Option<(S3, ObjectKey)>, TransferError> {
        let invalid = |error: String| TransferError::new(TransferErrorKind::Invalid, error);
        let bucket = self.account.bucket(place.bucket.clone());
        let pattern = match self.globs {
            Globs::Match => Pattern::of_key(&place.key).map_err(|error| invalid(error.to_string()))?,
            Globs::AsWritten => None,
        };
        if pattern.is_none() && self.depth == Depth::One {
            let key =
                ObjectKey::new(place.key.as_str()).map_err(|error| invalid(format!("{place}: {error}")))?;
            return Ok(Some((bucket, key)));
        }
        let (prefix, prefix_len) = match &pattern {
            Some(pattern) => (pattern.prefix().to_owned(), pattern.directory().len()),
            None => match below(Place::S3(place)) {
                Place::S3(below) => (below.key.clone(), below.key.len()),
                Place::Web(_) | Place::Local(_) | Place::Stream => return Ok(None),
            },
        };
        self.listing = Some(Listing { keys: keys(&bucket, &prefix), bucket, prefix_len, pattern });
        Ok(None)
    }
}

impl Listing {
    async fn next(&mut self, select: &Select) -> Result<Option<ObjectKey>, TransferError> {
        while let Some(entry) = self.keys.next().await? {
            let KeyEntry::Object { key, .. } = entry else { continue };
            let name = key.as_str().get(self.prefix_len..).unwrap_or_default();
            if self.pattern.as_ref().is_none_or(|pattern| pattern.matches(key.as_str())) && select.takes(name)
            {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}
