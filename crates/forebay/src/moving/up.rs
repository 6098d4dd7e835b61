//! Into a bucket: from a file, from standard input, from another place, or from the same one.

use std::{fs::File, io, os::fd::AsFd, path::Path, sync::Arc};

use forebay_s3::S3;
use forebay_store::StoreError;
use forebay_store::remote::{
    Attributes, Condition, CopyAsk, Facts, ObjectKey, PutAsk, Remote, Tenacity, Tries, persist,
};
use forebay_transfer::parts::PART_MAX;
use forebay_transfer::{
    Destination, Put, PutOptions, Source, TransferError, TransferErrorKind, verify::Algorithm,
};

use super::{
    after::{Copied, FileMark},
    one::{Moved, Mover},
};
use crate::{
    args::Existing,
    place::{S3Place, escaped},
    reach,
};

impl Mover {
    /// From a file.
    pub(super) async fn up(
        &self,
        path: &Path,
        place: &S3Place,
        key: &ObjectKey,
    ) -> Result<Moved, TransferError> {
        let to = self.destination(place, key)?;
        let options = self.put_options(self.typed(&path.to_string_lossy()));
        let mark = FileMark::of(path);
        let mark = mark.map_err(|error| TransferError::of_file(escaped(&path.to_string_lossy()), error))?;
        let put = self.reach.engine.put_file(path, &to, &options, &self.progress).await?;
        Ok(Moved { copied: Some(Copied::File(mark)), ..put.into() })
    }

    /// From standard input, of whatever length.
    pub(super) async fn pipe(&self, place: &S3Place, key: &ObjectKey) -> Result<Moved, TransferError> {
        let to = self.destination(place, key)?;
        let from = io::stdin().as_fd().try_clone_to_owned();
        let from = from.map_err(|error| TransferError::of_file("cannot read standard input", error))?;
        let from = tokio::fs::File::from_std(File::from(from));
        let options = self.put_options(self.typed(key.as_str()));
        Ok(self.reach.engine.put_pipe(from, &to, &options, &self.progress).await?.into())
    }

    /// From a place that is not the target's: the bytes pass through, a part at a time.
    pub(super) async fn through(
        &self,
        remote: Arc<dyn Remote>,
        from: &ObjectKey,
        place: &S3Place,
        key: &ObjectKey,
    ) -> Result<Moved, TransferError> {
        let to = self.destination(place, key)?;
        let source = self.source(remote, from);
        let pin = source.pin.clone().narrowed(&self.head(&source).await?);
        let source = Source { pin: pin.clone(), ..source };
        let attributes = match self.errand.attributes_given {
            true => self.errand.attributes.clone(),
            false => self.beside(&source).await?,
        };
        let put =
            self.reach.engine.put_remote(&source, &to, &self.put_options(attributes), &self.progress).await?;
        Ok(Moved { copied: Some(Copied::Object(pin)), ..put.into() })
    }

    /// Within one S3: the store copies.
    pub(super) async fn within(
        &self,
        bucket: &S3,
        from: &ObjectKey,
        place: &S3Place,
        key: &ObjectKey,
    ) -> Result<Moved, TransferError> {
        let to = self.destination(place, key)?;
        let source = self.source(Arc::new(bucket.clone()), from);
        let facts = self.head(&source).await?;
        let len = facts.len.unwrap_or_default();
        let attributes = match self.errand.attributes_given {
            true => self.errand.attributes.clone(),
            // A copy in parts has to be told what a copy in one request keeps by itself.
            false if len > PART_MAX.as_u64() => {
                self.beside(&Source { pin: facts.pin(), ..source.clone() }).await?
            }
            false => Attributes::default(),
        };
        let options = self.put_options(attributes);
        let ask = CopyAsk {
            source_bucket: (bucket.name() != &place.bucket).then(|| bucket.name().as_str().into()),
            source: from.clone(),
            pin: facts.pin(),
            target: PutAsk {
                key: key.clone(),
                attributes: options.attributes,
                condition: options.condition,
                checksum: None,
                checksum_kind: self.errand.checksum.map(Algorithm::kind),
            },
            keep_attributes: !self.errand.attributes_given,
        };
        let put = self.reach.engine.copy(&to, &ask, len, &self.progress).await?;
        Ok(Moved { copied: Some(Copied::Object(facts.pin())), ..put.into() })
    }

    async fn head(&self, source: &Source) -> Result<Facts, TransferError> {
        let facts = reach::facts(&*source.remote, &source.key, Some(&source.pin)).await;
        facts.map_err(|error| failed(source, error))
    }

    /// What a copy is to have beside its bytes. Where it is kept is no part of that: the target's bucket decides, or `--storage-class`.
    async fn beside(&self, source: &Source) -> Result<Attributes, TransferError> {
        let tries = Tries::of(&*source.remote, Tenacity::default());
        let attributes = persist(tries, || source.remote.attributes(&source.key, Some(&source.pin))).await;
        let attributes = attributes.map_err(|error| failed(source, error))?;
        Ok(Attributes { storage_class: None, ..attributes })
    }

    fn destination(&self, place: &S3Place, key: &ObjectKey) -> Result<Destination, TransferError> {
        let bucket = self
            .target
            .as_ref()
            .ok_or_else(|| TransferError::new(TransferErrorKind::Invalid, format!("{place} is no bucket")))?;
        Ok(Destination { bucket: Arc::new(bucket.clone()), key: key.clone() })
    }

    fn put_options(&self, attributes: Attributes) -> PutOptions {
        PutOptions {
            part_size: self.reach.config.transfer.part_size.given(),
            attributes,
            page_cache: self.reach.page_cache,
            condition: match self.when.existing {
                Existing::Keep => Condition::Absent,
                Existing::Replace | Existing::ReplaceOlder => Condition::Always,
            },
            checksum: self.errand.checksum.unwrap_or_default(),
            digest: self.errand.digest.clone(),
            ..PutOptions::default()
        }
    }

    /// What was said to store, and a type by the name's extension if none was said.
    fn typed(&self, name: &str) -> Attributes {
        let guessed = || mime_guess::from_path(name).first_raw().map(Into::into);
        let attributes = self.errand.attributes.clone();
        Attributes { content_type: attributes.content_type.clone().or_else(guessed), ..attributes }
    }
}

fn failed(source: &Source, error: StoreError) -> TransferError {
    TransferError::of_store(&format!("{}/{}", source.remote.place(), source.key), error)
}

impl From<Put> for Moved {
    fn from(put: Put) -> Self {
        Self {
            len: put.len,
            resumed: put.resumed,
            proof: put.proof,
            etag: put.stored.validator.map(|tag| tag.to_string()),
            version: put.stored.version.map(Into::into),
            copied: None,
        }
    }
}
