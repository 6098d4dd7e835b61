//! What was asked, read and judged before anything is begun.

use std::{ffi::OsStr, path::Path, str::FromStr, time::SystemTime};

use forebay_budget::Work;
use forebay_store::remote::Attributes;
use forebay_transfer::{
    listing::{Pattern, Select, Verdict},
    verify::{Algorithm, Expected},
};

use super::{stored, usage};
use crate::{
    args::{Choice, Depth, Globs, Moving, OtherSide, Rule, Verb},
    output::Failure,
    place::{Place, S3Place},
    reach::Task,
};

/// What moves from where to where.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) verb: Verb,
    pub(crate) from: From,
    pub(crate) to: To,
    pub(crate) select: Select,
    /// What the bytes of the one object must be.
    pub(crate) digest: Option<Expected>,
    /// The digest that is stored; the store's or the source's own if nothing was said.
    pub(crate) checksum: Option<Algorithm>,
    pub(crate) attributes: Attributes,
    /// Whether anything was said of what to store.
    pub(crate) attributes_given: bool,
}

/// Which objects or files.
#[derive(Debug)]
pub(crate) enum From {
    /// This one, whatever it is.
    One(Place),
    /// All keys that match.
    Pattern(S3Place, Pattern),
    /// All below.
    Below(Place),
    /// Those that a file names, which are below a place if one was given.
    Lines { list: std::ffi::OsString, base: Option<Place> },
}

/// Where they go.
#[derive(Debug)]
pub(crate) enum To {
    /// There, or into it if it is a directory.
    There(Place),
    /// Below it.
    Below(Place),
}

impl Errand {
    /// Reads what was asked.
    pub(crate) fn read(asked: &Moving) -> Result<Self, Failure> {
        let (source, target) = places(asked)?;
        let select = rules(&asked.choice)?;
        let from = from(asked, source)?;
        let to = to(&from, target)?;
        check(asked.verb, &from, &to)?;
        if from.is_many() {
            check_one(asked)?;
        }
        let attributes = stored::attributes(&asked.stored, SystemTime::now())?;
        Ok(Self {
            verb: asked.verb,
            from,
            to,
            select,
            digest: read_flag("digest", asked.proof.digest.as_deref())?,
            checksum: read_flag("checksum", asked.stored.checksum.as_deref())?,
            attributes_given: attributes != Attributes::default(),
            attributes,
        })
    }

    /// What the plan has to know.
    pub(crate) fn task<'a>(&self, other: &'a OtherSide) -> Task<'a> {
        let web = match &self.from {
            From::Lines { .. } => true,
            from => matches!(from.place(), Some(Place::Web(_))),
        };
        Task { work: self.work(), web, other: Some(other) }
    }

    /// Whether any bytes have to be held.
    fn work(&self) -> Work {
        match (self.from.place(), self.to.place()) {
            (_, Place::Stream) | (Some(Place::Stream), _) => Work::Ordered,
            (_, Place::Local(_)) => Work::Placed,
            _ => Work::Ordered,
        }
    }

    /// Whether standard output carries objects.
    pub(crate) fn is_to_stdout(&self) -> bool {
        matches!(self.to.place(), Place::Stream)
    }

    /// Whether there may be more than one object.
    pub(crate) fn is_many(&self) -> bool {
        self.from.is_many()
    }

    /// What an interruption leaves, for the last line: whether parts are `kept` for the next run, and whether stores have been `told` of those
    /// that are not.
    pub(crate) fn left_behind(&self, kept: bool, told: bool) -> &'static str {
        match self.to.place() {
            Place::Stream => "standard output has a part of it; nothing else is left behind",
            _ if kept => "what arrived is kept; run the same command again to go on",
            _ if told => "what was under way is given up; nothing of it is left behind",
            _ => "the store did not say that it gave up what was sent: `forebay abort-uploads` finds it",
        }
    }
}

impl From {
    /// The place that was named, if one was.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::One(place) | Self::Below(place) => Some(place),
            Self::Pattern(..) => None,
            Self::Lines { base, .. } => base.as_ref(),
        }
    }

    fn is_many(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}

impl To {
    pub(crate) fn place(&self) -> &Place {
        match self {
            Self::There(place) | Self::Below(place) => place,
        }
    }
}

/// With a list, the only place that is named is the target.
fn places(asked: &Moving) -> Result<(Option<Place>, Option<Place>), Failure> {
    let read =
        |text: &Option<std::ffi::OsString>| text.as_deref().map(Place::parse).transpose().map_err(usage);
    let (first, second) = (read(&asked.from)?, read(&asked.to)?);
    match (&asked.choice.files_from, second) {
        (Some(_), None) => Ok((None, first)),
        (_, second) => Ok((first, second)),
    }
}

fn from(asked: &Moving, source: Option<Place>) -> Result<From, Failure> {
    let Choice { depth, globs, files_from, .. } = &asked.choice;
    if let Some(list) = files_from {
        return Ok(From::Lines { list: list.clone(), base: source.map(below) });
    }
    let place = source.ok_or_else(|| usage("nothing was named to move"))?;
    if let (Place::S3(s3), Globs::Match) = (&place, globs)
        && let Some(pattern) = Pattern::of_key(&s3.key).map_err(usage)?
    {
        return Ok(From::Pattern(s3.clone(), pattern));
    }
    match (depth, asked.verb) {
        (Depth::All, _) | (_, Verb::Sync) => Ok(From::Below(below(place))),
        (Depth::One, _) if matches!(&place, Place::S3(s3) if s3.key.is_empty() || s3.key.ends_with('/')) => {
            Err(usage(format_args!(
                "{place} names a prefix and no object: add -r to take all that is below it"
            )))
        }
        (Depth::One, _) if matches!(&place, Place::Local(path) if path.is_dir()) => {
            Err(usage(format_args!("{place} is a directory: add -r to take all that is below it")))
        }
        (Depth::One, _) => Ok(From::One(place)),
    }
}

fn to(from: &From, target: Option<Place>) -> Result<To, Failure> {
    let place = target.unwrap_or_else(|| Place::Local(".".into()));
    match (from.is_many(), &place) {
        (true, Place::Stream) => Err(usage("many objects cannot go to one standard output: use forebay cat")),
        (true, Place::Local(path)) if path.is_file() => {
            Err(usage(format_args!("{place} is a file, and there may be many objects: name a directory")))
        }
        (true, _) => Ok(To::Below(below(place))),
        (false, _) => Ok(To::There(place)),
    }
}

/// A prefix ends at a slash: `s3://bucket/log` and all below is not `s3://bucket/logs`.
pub(super) fn below(place: Place) -> Place {
    match place {
        Place::S3(s3) if !s3.key.is_empty() && !s3.key.ends_with('/') => {
            Place::S3(S3Place { key: format!("{}/", s3.key), ..s3 })
        }
        other => other,
    }
}

/// What each command moves, and what goes nowhere.
fn check(verb: Verb, from: &From, to: &To) -> Result<(), Failure> {
    let pattern;
    let source = match from {
        From::Pattern(s3, _) => {
            pattern = Place::S3(s3.clone());
            Some(&pattern)
        }
        other => other.place(),
    };
    let (shown, target) = (source.map(ToString::to_string).unwrap_or_default(), to.place());
    match (verb, source, target) {
        (Verb::Get, Some(Place::Local(_) | Place::Stream), _) => Err(usage(format_args!(
            "{shown} is on this machine: get fetches s3://BUCKET/KEY or https://HOST/PATH, put stores files"
        ))),
        (Verb::Get, _, Place::S3(_) | Place::Web(_)) => {
            Err(usage(format_args!("get writes files: use forebay cp to copy to {target}")))
        }
        (Verb::Put, Some(Place::S3(_) | Place::Web(_)), _) => {
            Err(usage(format_args!("put stores files: use forebay cp to copy from {shown}")))
        }
        (_, _, Place::Web(_)) => Err(usage(format_args!("{target}: a web server cannot be written"))),
        (Verb::Put, _, Place::Local(_) | Place::Stream) => Err(usage(format_args!(
            "{target} is on this machine: name where to store it, as in s3://BUCKET/KEY"
        ))),
        (_, Some(Place::Local(_) | Place::Stream), Place::Local(_) | Place::Stream) => {
            Err(usage(format_args!("{shown} and {target} are both on this machine: use cp or rsync")))
        }
        (Verb::Move, Some(Place::Web(_) | Place::Stream), _) => {
            Err(usage(format_args!("{shown} cannot be deleted when it is copied: use forebay cp")))
        }
        (Verb::Move, _, Place::Stream) => Err(usage(
            "what was written to standard output cannot be proven: use forebay cat, then forebay rm",
        )),
        (Verb::Sync, Some(Place::Web(_) | Place::Stream), _) | (Verb::Sync, _, Place::Stream) => {
            Err(usage("sync compares directories and prefixes: name one on each side"))
        }
        (_, Some(Place::Web(_)), _) if from.is_many() => Err(usage(format_args!(
            "{shown}: a web server cannot be listed; name each object, or use --files-from"
        ))),
        _ => Ok(()),
    }
}

pub(crate) fn rules(choice: &Choice) -> Result<Select, Failure> {
    let rules = choice.rules.iter().map(|(rule, pattern)| {
        let verdict = match rule {
            Rule::Include => Verdict::Take,
            Rule::Exclude => Verdict::Leave,
        };
        (verdict, pattern.as_str())
    });
    Select::new(rules).map_err(usage)
}

/// What can be said of one object alone.
fn check_one(asked: &Moving) -> Result<(), Failure> {
    let said = [("digest", &asked.proof.digest), ("version-id", &asked.proof.version)];
    match said.into_iter().find(|(_, said)| said.is_some()) {
        Some((flag, _)) => {
            Err(usage(format_args!("--{flag} is of one object: name it, without -r or a list")))
        }
        None => Ok(()),
    }
}

fn read_flag<T>(flag: &str, text: Option<&str>) -> Result<Option<T>, Failure>
where
    T: FromStr<Err: std::fmt::Display>,
{
    text.map(|text| text.parse().map_err(|error| usage(format_args!("--{flag}: {error}")))).transpose()
}

/// Whether a path is one that a file can be put into.
pub(super) fn is_directory(path: &Path) -> bool {
    Place::parse(path.as_os_str()).is_ok_and(|place| place.is_directory_like()) || path.is_dir()
}

/// A place as a list names it: in full, or below another.
pub(super) fn line(text: &OsStr, base: Option<&Place>) -> Result<Place, String> {
    let named = Place::parse(text).map_err(|error| error.to_string())?;
    match (base, named) {
        (Some(Place::S3(s3)), Place::Local(path)) => {
            let name = path.to_str().ok_or_else(|| format!("{}: keys are UTF-8", path.display()))?;
            Ok(Place::S3(S3Place { key: format!("{}{name}", s3.key), ..s3.clone() }))
        }
        (Some(Place::Local(dir)), Place::Local(path)) => Ok(Place::Local(dir.join(path))),
        (_, Place::Stream) => Err("- is no object of a list".to_owned()),
        (_, named) => Ok(named),
    }
}
