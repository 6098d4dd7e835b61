//! One object from where it is to where it goes, and what is said of it.

use std::{fs, path::Path, sync::Arc, time::SystemTime};

use forebay_s3::{S3, S3Account};
use forebay_store::{
    expiring::{Malformed, OnlyFresh},
    remote::{ObjectKey, Pin, Remote},
};
use forebay_transfer::{
    Existing as ExistingFile, GetOptions, OrderedOptions, Parents, Progress, Source, TransferError,
    TransferErrorKind,
    verify::{Demand, Level, Proof},
};

use super::{
    after::Copied,
    aim::{Aim, aim},
    errand::{Errand, From, To},
    find::{Candidate, Doubt, What},
    same::Likeness,
    usage,
};
use crate::{
    args::{Existing, Expiry, Moving, OtherSide, Run, Verb, When},
    config::Verify,
    output::{self, Failure},
    place::{Place, S3Place},
    reach::{self, Reach},
    report::{ObjectEvent, Status},
};

/// Everything that moving one object takes.
pub(super) struct Mover {
    pub(super) errand: Errand,
    pub(super) reach: Reach,
    pub(super) when: When,
    pub(super) source: Option<S3Account>,
    pub(super) target: Option<S3>,
    other: OtherSide,
    proof: crate::args::Proof,
    pub(super) progress: Progress,
}

/// What became of the bytes.
pub(super) struct Moved {
    pub(super) len: u64,
    pub(super) resumed: u64,
    pub(super) proof: Proof,
    pub(super) etag: Option<String>,
    pub(super) version: Option<String>,
    /// What it was that was moved.
    pub(super) copied: Option<Copied>,
}

impl Mover {
    pub(super) async fn new(
        errand: Errand,
        reach: Reach,
        asked: &Moving,
        progress: Progress,
    ) -> Result<Self, Failure> {
        let from_s3 = match &errand.from {
            From::Pattern(..) | From::Lines { .. } => true,
            other => matches!(other.place(), Some(Place::S3(_))),
        };
        let source = match from_s3 {
            true => Some(reach.account_of(&asked.other).await?),
            false => None,
        };
        let target = match errand.to.place() {
            Place::S3(s3) => Some(reach.bucket(s3).await?),
            _ => None,
        };
        let mover = Self {
            errand,
            reach,
            when: asked.when,
            source,
            target,
            other: asked.other.clone(),
            proof: asked.proof.clone(),
            progress,
        };
        mover.check()?;
        Ok(mover)
    }

    pub(super) fn source_bucket(&self, place: &S3Place) -> Result<S3, Failure> {
        let account =
            self.source.as_ref().ok_or_else(|| usage(format_args!("{place} is not on this machine")))?;
        Ok(account.bucket(place.bucket.clone()))
    }

    pub(super) fn target_bucket(&self) -> Result<&S3, Failure> {
        self.target.as_ref().ok_or_else(|| usage(format_args!("{} is no bucket", self.errand.to.place())))
    }

    /// Moves it, or says why not; nothing if it is there already.
    pub(super) async fn carry(&self, candidate: Candidate) -> Option<ObjectEvent> {
        let shown = candidate.shown.clone();
        let event = |target| ObjectEvent::new(self.verb(), Status::Done, shown, target);
        let aim = match aim(&self.errand.to, &candidate) {
            Ok(aim) => aim,
            Err(unfit) => return Some(event(None).failed(&unfit.into())),
        };
        let event = event(Some(aim.to_string()));
        let event = match self.doubts(&candidate, &aim).await {
            Ok(Likeness::Same) => return None,
            Ok(Likeness::Other) => event,
            Ok(Likeness::Unknown) => event.incomparable(),
            Err(error) => return Some(event.failed(&error)),
        };
        Some(match self.is_left_alone(&candidate, &aim).await {
            Ok(Some((kind, why))) => event.skipped(kind, why),
            Err(error) => event.failed(&error),
            Ok(None) if self.when.run == Run::Dry => {
                ObjectEvent { status: Status::WouldMove, bytes: candidate.len, ..event }
            }
            Ok(None) => self.move_now(candidate, &aim, event).await,
        })
    }

    async fn doubts(&self, candidate: &Candidate, aim: &Aim) -> Result<Likeness, TransferError> {
        match candidate.doubt {
            Doubt::None => Ok(Likeness::Other),
            Doubt::Digest => self.likeness(candidate, aim).await,
        }
    }

    async fn move_now(&self, candidate: Candidate, aim: &Aim, event: ObjectEvent) -> ObjectEvent {
        match self.moved(&candidate, aim).await.and_then(|moved| self.proven(moved, &candidate)) {
            Ok(moved) => {
                let event = ObjectEvent { etag: moved.etag, version: moved.version, ..event };
                let event = event.done(moved.len, moved.resumed, moved.proof);
                match self.errand.verb {
                    Verb::Move => self.delete_source(&candidate, moved.copied, event).await,
                    Verb::Get | Verb::Put | Verb::Copy | Verb::Sync => event,
                }
            }
            Err(error)
                if error.kind() == TransferErrorKind::Precondition
                    && self.when.existing == Existing::Keep =>
            {
                event.skipped(EXISTS.0, EXISTS.1)
            }
            Err(error) => event.failed(&error),
        }
    }

    async fn moved(&self, candidate: &Candidate, aim: &Aim) -> Result<Moved, TransferError> {
        if self.is_itself(&candidate.what, aim) {
            let what = format!("{aim} is source and target at once: name another target, or what to change");
            return Err(TransferError::new(TransferErrorKind::Invalid, what));
        }
        match (&candidate.what, aim) {
            (What::Bucket(bucket, key), Aim::File(path)) => {
                self.down(Arc::new(bucket.clone()), key, path).await
            }
            (What::Web(remote, key, _), Aim::File(path)) => self.down(Arc::clone(remote), key, path).await,
            (What::Bucket(bucket, key), Aim::Stdout) => self.out(Arc::new(bucket.clone()), key).await,
            (What::Web(remote, key, _), Aim::Stdout) => self.out(Arc::clone(remote), key).await,
            (What::File(path), Aim::Object(place, key)) => self.up(path, place, key).await,
            (What::Stdin, Aim::Object(place, key)) => self.pipe(place, key).await,
            (What::Web(remote, from, _), Aim::Object(place, key)) => {
                self.through(Arc::clone(remote), from, place, key).await
            }
            (What::Bucket(bucket, from), Aim::Object(place, key)) if self.other == OtherSide::default() => {
                self.within(bucket, from, place, key).await
            }
            (What::Bucket(bucket, from), Aim::Object(place, key)) => {
                self.through(Arc::new(bucket.clone()), from, place, key).await
            }
            (What::File(_) | What::Stdin, Aim::File(_) | Aim::Stdout) => {
                let what = format!("{} and {aim} are both on this machine: use cp or rsync", candidate.shown);
                Err(TransferError::new(TransferErrorKind::Invalid, what))
            }
        }
    }

    /// What is stored, and not proven as far as was demanded, is there; whoever demanded it is told.
    fn proven(&self, moved: Moved, candidate: &Candidate) -> Result<Moved, TransferError> {
        if self.reach.config.transfer.verify == Verify::Full && moved.proof.level < Level::FullObject {
            let what = format!("{} is copied, and only its {} is proven", candidate.shown, moved.proof.level);
            return Err(TransferError::new(TransferErrorKind::Integrity, what));
        }
        Ok(moved)
    }

    /// From a place to a file.
    async fn down(
        &self,
        remote: Arc<dyn Remote>,
        key: &ObjectKey,
        path: &Path,
    ) -> Result<Moved, TransferError> {
        let settings = reach::get_options(&self.reach.config);
        let options = GetOptions {
            page_cache: self.reach.page_cache,
            demand: self.demand(settings.demand),
            existing: if self.when.existing == Existing::Keep {
                ExistingFile::Kept
            } else {
                ExistingFile::Replaced
            },
            parents: match &self.errand.to {
                To::There(place) if !place.is_directory_like() => Parents::Required,
                To::There(_) | To::Below(_) => Parents::Made,
            },
            ..settings
        };
        let source = self.source(remote, key);
        let got = self.reach.engine.get_file(&source, path, &options, &self.progress).await?;
        Ok(Moved {
            len: got.len,
            resumed: got.resumed,
            proof: got.proof,
            etag: got.facts.validator.as_ref().map(output::etag),
            copied: Some(Copied::Object(got.facts.pin())),
            version: got.facts.version.map(Into::into),
        })
    }

    /// How far bytes that come here are to be proven.
    fn demand(&self, setting: Demand) -> Demand {
        self.errand.digest.clone().map_or(setting, Demand::Digest)
    }

    /// From a place to standard output.
    async fn out(&self, remote: Arc<dyn Remote>, key: &ObjectKey) -> Result<Moved, TransferError> {
        let settings = reach::get_options(&self.reach.config);
        let options = OrderedOptions {
            part_size: settings.part_size,
            demand: self.demand(settings.demand),
            ..OrderedOptions::default()
        };
        let source = self.source(remote, key);
        let (len, proof) = super::out::write(&self.reach.engine, &source, &options, &self.progress).await?;
        Ok(Moved { len, resumed: 0, proof, etag: None, version: None, copied: None })
    }

    /// An object to read: of the version that was asked for, and fresh if that was asked for.
    pub(super) fn source(&self, remote: Arc<dyn Remote>, key: &ObjectKey) -> Source {
        let remote: Arc<dyn Remote> = match self.proof.expiry {
            Expiry::Ignore => remote,
            Expiry::Respect => Arc::new(OnlyFresh::new(remote, Malformed::Expired)),
            Expiry::Strict => Arc::new(OnlyFresh::new(remote, Malformed::Error)),
        };
        let pin = Pin { version: self.proof.version.as_deref().map(Into::into), ..Pin::default() };
        Source { pin, ..Source::new(remote, key.clone()) }
    }

    fn verb(&self) -> &'static str {
        match self.errand.verb {
            Verb::Get => "get",
            Verb::Put => "put",
            Verb::Copy => "cp",
            Verb::Move => "mv",
            Verb::Sync => "sync",
        }
    }
}

const EXISTS: (&str, &str) = ("exists", "it is there already");
const NOT_NEWER: (&str, &str) = ("not_newer", "what is there is as new");

/// Why something is left alone: a word, and the same for people.
type Left = Option<(&'static str, &'static str)>;

impl Mover {
    /// Whether the target is kept, as far as that has to be known before: `--no-clobber` is decided when it is written.
    async fn is_left_alone(&self, candidate: &Candidate, aim: &Aim) -> Result<Left, TransferError> {
        let wanted = match (self.when.existing, self.when.run) {
            (Existing::Replace, _) | (Existing::Keep, Run::Real) => return Ok(None),
            (Existing::Keep, Run::Dry) => EXISTS,
            (Existing::ReplaceOlder, _) => NOT_NEWER,
        };
        let there = match aim {
            Aim::Stdout => None,
            Aim::File(path) => fs::metadata(path).ok().map(|meta| meta.modified().ok()),
            Aim::Object(place, key) => match &self.target {
                Some(bucket) => when(bucket, key, &place.to_string()).await?,
                None => None,
            },
        };
        let Some(there) = there else { return Ok(None) };
        if wanted == EXISTS {
            return Ok(Some(EXISTS));
        }
        let here = match (candidate.modified, &candidate.what) {
            (Some(time), _) => Some(time),
            (None, What::Bucket(bucket, key)) => when(bucket, key, &candidate.shown).await?.flatten(),
            (None, What::Web(remote, key, _)) => when(&**remote, key, &candidate.shown).await?.flatten(),
            (None, What::File(path)) => fs::metadata(path).and_then(|meta| meta.modified()).ok(),
            (None, What::Stdin) => None,
        };
        let newer = here.zip(there).is_none_or(|(here, there)| here > there);
        Ok((!newer).then_some(NOT_NEWER))
    }
}

/// When an object was written, if it is there.
async fn when(
    remote: &dyn Remote,
    key: &ObjectKey,
    shown: &str,
) -> Result<Option<Option<SystemTime>>, TransferError> {
    match reach::facts(remote, key, None).await {
        Ok(facts) => Ok(Some(facts.modified)),
        Err(error) if error.kind() == forebay_store::StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(TransferError::of_store(shown, error)),
    }
}
