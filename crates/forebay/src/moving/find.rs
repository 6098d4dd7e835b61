//! What is meant, one object or file after the other.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, BufRead, BufReader, Read},
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use forebay_s3::S3;
use forebay_store::remote::{KeyEntry, KeysAsk, ObjectKey, Remote, Tenacity};
use forebay_transfer::{
    TransferError, TransferErrorKind,
    listing::{Item, Keys, Pattern, SideError, Tree, read_ahead},
};
use tokio::sync::mpsc;
use url::Url;

use super::{
    errand::{self, From},
    one::Mover,
    usage,
};
use crate::{
    output::Failure,
    place::{Place, S3Place, escaped},
};

/// The longest line of a list, in bytes: a key, its bucket, and room.
const LINE_MAX: u64 = 8 << 10;
/// Lines that are read ahead.
const LINES_AHEAD: usize = 256;

/// Something to move.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) what: What,
    /// What it is called below the target; empty if it has no name.
    pub(super) name: String,
    /// What it is called in messages.
    pub(super) shown: String,
    pub(super) len: Option<u64>,
    pub(super) modified: Option<SystemTime>,
    pub(super) doubt: Doubt,
}

/// Whether it has to be moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doubt {
    #[default]
    None,
    /// Only if the digest of what is there is another.
    Digest,
}

/// Where its bytes are.
#[derive(Debug)]
pub(super) enum What {
    Bucket(S3, ObjectKey),
    Web(Arc<dyn Remote>, ObjectKey, Url),
    File(PathBuf),
    Stdin,
}

/// A part of the whole that cannot be moved, and why.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) shown: String,
    pub(super) why: String,
}

/// Yields what is meant.
pub(super) trait Finder {
    /// The next one; `None` at the end. Cancel safe. An error ends it: there may be more that nobody knows of.
    async fn next(&mut self) -> Result<Option<Result<Candidate, Unfit>>, TransferError>;
}

/// What `get`, `put`, `cp` and `mv` mean.
pub(super) struct Find<'a> {
    mover: &'a Mover,
    source: Source,
}

enum Source {
    One(Option<Candidate>),
    Keys { keys: Keys, bucket: S3, prefix_len: usize, pattern: Option<Pattern> },
    Tree { items: mpsc::Receiver<Result<Item, SideError>>, root: PathBuf },
    Lines { lines: mpsc::Receiver<io::Result<OsString>>, base: Option<Place> },
}

impl<'a> Find<'a> {
    pub(super) async fn new(mover: &'a Mover) -> Result<Self, Failure> {
        let source = match &mover.errand.from {
            From::One(place) => Source::One(Some(mover.candidate(place)?)),
            From::Pattern(s3, pattern) => {
                let bucket = mover.source_bucket(s3)?;
                let prefix_len = pattern.directory().len();
                let keys = keys(&bucket, pattern.prefix());
                Source::Keys { keys, bucket, prefix_len, pattern: Some(pattern.clone()) }
            }
            From::Below(Place::S3(s3)) => {
                let bucket = mover.source_bucket(s3)?;
                let keys = keys(&bucket, &s3.key);
                Source::Keys { keys, bucket, prefix_len: s3.key.len(), pattern: None }
            }
            From::Below(Place::Local(root)) => {
                if !root.is_dir() {
                    return Err(usage(format_args!("{} is no directory: leave out -r", root.display())));
                }
                Source::Tree { items: read_ahead(Tree::new(root)), root: root.clone() }
            }
            From::Below(place) => return Err(usage(format_args!("{place} cannot be listed"))),
            From::Lines { list, base } => Source::Lines { lines: lines(list)?, base: base.clone() },
        };
        Ok(Self { mover, source })
    }
}

impl Finder for Find<'_> {
    async fn next(&mut self) -> Result<Option<Result<Candidate, Unfit>>, TransferError> {
        let select = &self.mover.errand.select;
        loop {
            let found = match &mut self.source {
                Source::One(one) => return Ok(one.take().map(Ok)),
                Source::Keys { keys, bucket, prefix_len, pattern } => {
                    let Some(entry) = keys.next().await? else { return Ok(None) };
                    let KeyEntry::Object { key, .. } = &entry else { continue };
                    let key = key.clone();
                    if pattern.as_ref().is_some_and(|pattern| !pattern.matches(key.as_str())) {
                        continue;
                    }
                    let Some(item) = Item::of_entry(entry, *prefix_len) else { continue };
                    // What stands for a directory, and is one on a disk anyway.
                    if item.len == 0 && (item.name.is_empty() || item.name.ends_with('/')) {
                        continue;
                    }
                    Ok(Candidate::object(bucket.clone(), key, item))
                }
                Source::Tree { items, root } => match items.recv().await {
                    None => return Ok(None),
                    Some(Ok(item)) => Ok(Candidate::file(root, item)),
                    Some(Err(why)) => Err(Unfit { shown: root.display().to_string(), why: why.to_string() }),
                },
                Source::Lines { lines, base } => match lines.recv().await {
                    None => return Ok(None),
                    Some(line) => {
                        let line =
                            line.map_err(|error| TransferError::of_file("cannot read the list", error))?;
                        listed(self.mover, &line, base.as_ref())
                    }
                },
            };
            match found {
                Ok(candidate) if !select.takes(&candidate.name) => {}
                found => return Ok(Some(found)),
            }
        }
    }
}

impl Candidate {
    pub(super) fn object(bucket: S3, key: ObjectKey, item: Item) -> Self {
        let shown = S3Place { bucket: bucket.name().clone(), key: key.as_str().to_owned() }.to_string();
        let Item { name, len, modified, .. } = item;
        Self {
            what: What::Bucket(bucket, key),
            name: name.into(),
            shown,
            len: Some(len),
            modified,
            doubt: Doubt::None,
        }
    }

    pub(super) fn file(root: &Path, item: Item) -> Self {
        let path = root.join(&*item.name);
        let shown = escaped(&path.to_string_lossy());
        Self {
            what: What::File(path),
            name: item.name.into(),
            shown,
            len: Some(item.len),
            modified: item.modified,
            doubt: Doubt::None,
        }
    }
}

impl Mover {
    /// The one thing that a place names.
    pub(super) fn candidate(&self, place: &Place) -> Result<Candidate, Failure> {
        let what = match place {
            Place::S3(s3) => {
                let key = ObjectKey::new(s3.key.as_str())
                    .map_err(|error| usage(format_args!("{place}: {error}")))?;
                What::Bucket(self.source_bucket(s3)?, key)
            }
            Place::Web(url) => {
                let found = self.reach.web(url)?;
                What::Web(found.remote, found.key, url.clone())
            }
            Place::Local(path) => What::File(path.clone()),
            Place::Stream => What::Stdin,
        };
        let name = place.name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Candidate { what, name, shown: place.to_string(), len: None, modified: None, doubt: Doubt::None })
    }
}

pub(super) fn keys(bucket: &S3, prefix: &str) -> Keys {
    let ask = KeysAsk { prefix: prefix.into(), ..KeysAsk::default() };
    Keys::new(Arc::new(bucket.clone()), ask, Tenacity::default())
}

fn listed(mover: &Mover, line: &OsStr, base: Option<&Place>) -> Result<Candidate, Unfit> {
    let unfit = |why: String| Unfit { shown: escaped(&line.to_string_lossy()), why };
    let place = errand::line(line, base).map_err(unfit)?;
    let candidate = mover.candidate(&place).map_err(|failure| unfit(failure.error.to_string()))?;
    // Below a base, what a line says is the name; without one, the last part of it is.
    let name = match (base, line.to_str()) {
        (Some(_), Some(line)) if !line.contains("://") => line.trim_start_matches('/').to_owned(),
        _ => candidate.name,
    };
    Ok(Candidate { name, ..candidate })
}

/// The lines of a file or of standard input, read ahead by a thread. Empty lines are none.
pub(super) fn lines(list: &OsStr) -> Result<mpsc::Receiver<io::Result<OsString>>, Failure> {
    let reader: Box<dyn Read + Send> = match list.to_str() {
        Some("-") => Box::new(io::stdin()),
        _ => {
            let file = fs::File::open(list);
            Box::new(file.map_err(|error| {
                usage(format_args!("--files-from {}: {error}", Path::new(list).display()))
            })?)
        }
    };
    let (sender, receiver) = mpsc::channel(LINES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut reader = BufReader::new(reader);
        loop {
            let line = line(&mut reader);
            if matches!(line, Ok(None)) || sender.blocking_send(line.map(Option::unwrap_or_default)).is_err()
            {
                return;
            }
        }
    });
    Ok(receiver)
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<OsString>> {
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)?;
        if read as u64 == LINE_MAX {
            return Err(io::Error::other(format!("a line is longer than {LINE_MAX} bytes")));
        }
        let text = line.trim_ascii_end();
        match (read, text) {
            (0, _) => return Ok(None),
            (_, []) => {}
            (_, text) => return Ok(Some(OsString::from_vec(text.to_vec()))),
        }
    }
}

/// A part that cannot be moved, as the failure of a transfer.
impl std::convert::From<Unfit> for TransferError {
    fn from(unfit: Unfit) -> Self {
        Self::new(TransferErrorKind::Invalid, format!("{}: {}", unfit.shown, unfit.why))
    }
}
