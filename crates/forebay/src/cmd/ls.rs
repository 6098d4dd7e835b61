//! `forebay ls` and `forebay du`: keys in their order, or their sum; a page of them in memory.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use forebay_budget::{ByteSize, Work};
use forebay_s3::S3;
use forebay_store::remote::{KeyEntry, KeysAsk, Tenacity};
use forebay_transfer::listing::{Keys, Pattern, Select};
use serde::Serialize;

use super::versions;
use crate::{
    args::{Ages, Depth, Detail, Globs, Lengths, Listing, Stored},
    moving,
    output::{self, Exit, Failure, Form, Outcome},
    place::{Place, S3Place, escaped},
    reach::{self, Reach, Task},
};

/// One line for machines.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Key {
        key: &'a str,
        bytes: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        modified: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        etag: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        storage_class: Option<&'a str>,
    },
    Prefix {
        prefix: &'a str,
    },
}

/// What is listed.
struct Walk {
    keys: Keys,
    wanted: Wanted,
}

/// Which keys of a bucket are meant.
pub(super) struct Wanted {
    pub(super) bucket: S3,
    pub(super) prefix: String,
    pub(super) by_directory: bool,
    prefix_len: usize,
    pattern: Option<Pattern>,
    select: Select,
}

pub(crate) fn list(asked: &Listing) -> Outcome {
    in_runtime(asked, async |reach| match &asked.place {
        None => buckets(&reach, asked.base.form).await,
        Some(_) => match asked.ages {
            Ages::Newest => keys(asked, Walk::new(asked, &reach, asked.choice.depth).await?).await,
            Ages::All => versions::list(asked, Wanted::new(asked, &reach, asked.choice.depth).await?).await,
        },
    })
}

pub(crate) fn usage(asked: &Listing) -> Outcome {
    in_runtime(asked, async |reach| sum(asked, Walk::new(asked, &reach, Depth::All).await?).await)
}

fn in_runtime(asked: &Listing, work: impl AsyncFnOnce(Reach) -> Outcome) -> Outcome {
    let reach = Reach::new(&asked.base, &Stored::default(), Task::of(Work::Placed))?;
    reach::runtime()?.block_on(moving::or_interrupted(work(reach)))
}

impl Wanted {
    async fn new(asked: &Listing, reach: &Reach, depth: Depth) -> Result<Self, Failure> {
        let place = moving::s3_place(asked.place.as_deref().unwrap_or_default())?;
        let pattern = match asked.choice.globs {
            Globs::Match => Pattern::of_key(&place.key).map_err(|error| Failure::usage(error.into()))?,
            Globs::AsWritten => None,
        };
        let prefix = pattern.as_ref().map_or(place.key.as_str(), Pattern::prefix).to_owned();
        let by_directory = depth == Depth::One && pattern.is_none();
        let bucket = reach.bucket(&place).await?;
        let prefix_len = prefix.rfind('/').map_or(0, |slash| slash + 1);
        let select = moving::rules(&asked.choice)?;
        Ok(Self { bucket, prefix, by_directory, prefix_len, pattern, select })
    }

    /// Whether a key, or what a group of keys begins with, is one of them.
    pub(super) fn takes(&self, key: &str) -> bool {
        let name = key.get(self.prefix_len..).unwrap_or_default();
        self.pattern.as_ref().is_none_or(|pattern| pattern.matches(key)) && self.select.takes(name)
    }
}

impl Walk {
    async fn new(asked: &Listing, reach: &Reach, depth: Depth) -> Result<Self, Failure> {
        let wanted = Wanted::new(asked, reach, depth).await?;
        let (prefix, by_directory) = (wanted.prefix.as_str().into(), wanted.by_directory);
        let ask = KeysAsk { prefix, by_directory, ..KeysAsk::default() };
        let keys = Keys::new(Arc::new(wanted.bucket.clone()), ask, Tenacity::default());
        Ok(Self { keys, wanted })
    }

    async fn next(&mut self) -> Result<Option<KeyEntry>, Failure> {
        loop {
            let Some(entry) = self.keys.next().await.map_err(anyhow::Error::new)? else { return Ok(None) };
            let key = match &entry {
                KeyEntry::Object { key, .. } => key.as_str(),
                KeyEntry::Prefix(prefix) => prefix,
            };
            if self.wanted.takes(key) {
                return Ok(Some(entry));
            }
        }
    }
}

async fn keys(asked: &Listing, mut walk: Walk) -> Outcome {
    output::lines(async || {
        let Some(entry) = walk.next().await? else { return Ok(None) };
        Ok(Some(match asked.base.form {
            Form::Json => for_machines(&entry)?,
            Form::Text => for_people(&entry, asked),
        }))
    })
    .await
}

async fn buckets(reach: &Reach, form: Form) -> Outcome {
    let account = reach.account().await?;
    let mut next: Option<Box<str>> = None;
    loop {
        let page = account.buckets(next.as_deref()).await.map_err(anyhow::Error::new)?;
        for bucket in page.entries {
            let made = bucket.made.map(time);
            match form {
                Form::Text => output::data(format_args!(
                    "{:>20}  s3://{}/",
                    made.unwrap_or_default(),
                    escaped(&bucket.name)
                ))?,
                Form::Json => output::data(serde_json::json!({ "bucket": bucket.name, "made": made }))?,
            };
        }
        next = page.next;
        if next.is_none() {
            return Ok(Exit::Done);
        }
    }
}

async fn sum(asked: &Listing, mut walk: Walk) -> Outcome {
    let mut classes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    while let Some(entry) = walk.next().await? {
        if let KeyEntry::Object { len, storage_class, .. } = entry {
            let class = storage_class.as_deref().unwrap_or("STANDARD").to_owned();
            let (objects, bytes) = classes.entry(class).or_default();
            *objects += 1;
            *bytes = bytes.saturating_add(len);
        }
    }
    let total =
        classes.values().fold((0_u64, 0_u64), |sum, class| (sum.0 + class.0, sum.1.saturating_add(class.1)));
    let place = moving::s3_place(asked.place.as_deref().unwrap_or_default())?;
    match asked.base.form {
        Form::Json => {
            let class = |(name, (objects, bytes)): (&String, &(u64, u64))| {
                (name.clone(), serde_json::json!({ "objects": objects, "bytes": bytes }))
            };
            let classes: serde_json::Map<_, _> = classes.iter().map(class).collect();
            output::data(
                serde_json::json!({ "place": place.to_string(), "objects": total.0, "bytes": total.1, "classes": classes }),
            )
        }
        Form::Text => {
            let mut text = String::new();
            for (class, (objects, bytes)) in classes.iter().filter(|_| classes.len() > 1) {
                text += &format!("{:>14} {objects:>10} objects  {class}\n", length(*bytes, asked.lengths));
            }
            output::data(format_args!(
                "{text}{:>14} {:>10} objects  {place}",
                length(total.1, asked.lengths),
                total.0
            ))
        }
    }
}

fn for_machines(entry: &KeyEntry) -> Result<String, Failure> {
    let line = match entry {
        KeyEntry::Prefix(prefix) => Line::Prefix { prefix },
        KeyEntry::Object { key, len, modified, validator, storage_class } => Line::Key {
            key: key.as_str(),
            bytes: *len,
            modified: modified.map(time),
            etag: validator.as_ref().map(output::etag),
            storage_class: storage_class.as_deref(),
        },
    };
    Ok(serde_json::to_string(&line).map_err(anyhow::Error::from)?)
}

fn for_people(entry: &KeyEntry, asked: &Listing) -> String {
    match entry {
        KeyEntry::Prefix(prefix) => format!("{:>20} {:>14}  {}", "", "-", escaped(prefix)),
        KeyEntry::Object { key, len, modified, validator, storage_class } => {
            let mut line = format!(
                "{:>20} {:>14}  {key}",
                modified.map(time).unwrap_or_default(),
                length(*len, asked.lengths)
            );
            if asked.detail == Detail::Long {
                let tag = validator.as_ref().map(output::etag).unwrap_or_default();
                line += &format!("  {}  {tag}", storage_class.as_deref().unwrap_or("STANDARD"));
            }
            line
        }
    }
}

/// Seconds of UTC.
pub(super) fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

pub(super) fn length(bytes: u64, lengths: Lengths) -> String {
    match lengths {
        Lengths::Bytes => bytes.to_string(),
        Lengths::Human => ByteSize::b(bytes).to_string(),
    }
}

/// A bucket, for those that name one.
pub(super) fn bucket_only(place: &S3Place) -> Result<(), Failure> {
    match place.key.as_str() {
        "" => Ok(()),
        _ => Err(Failure::usage(anyhow::anyhow!(
            "{} names an object: name the bucket alone, as in s3://{}",
            Place::S3(place.clone()),
            place.bucket
        ))),
    }
}
