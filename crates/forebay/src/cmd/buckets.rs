//! `forebay mb`, `rb`, `presign` and `abort-uploads`: what is done to buckets, and addresses made of them.

use std::{
    ffi::OsStr,
    time::{Duration, SystemTime},
};

use forebay_budget::Work;
use forebay_s3::Presigned;
use forebay_store::remote::{Attributes, Bucket, Condition, ObjectKey, Pin, PutAsk, UploadsAsk};
use forebay_transfer::{Progress, TransferError};

use super::{ls::bucket_only, rm::failed};
use crate::{
    args::{Aborting, Base, Presigning, Run, Stored},
    moving,
    output::{self, Exit, Failure, Form, Outcome},
    place::S3Place,
    reach::{self, Reach, Task},
    report::{Data, ObjectEvent, Reporter, Status},
};

/// How long an address works if nothing is said, and at most (S3).
const PRESIGN_USUAL: Duration = Duration::from_secs(3600);
const PRESIGN_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is younger may still be under way.
const STALE_USUAL: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn make(base: &Base, text: &OsStr) -> Outcome {
    let place = moving::s3_place(text)?;
    bucket_only(&place)?;
    with_bucket(base, &place, async |bucket| bucket.make().await.map_err(failed).map(|()| Exit::Done))
}

pub(crate) fn remove(base: &Base, text: &OsStr) -> Outcome {
    let place = moving::s3_place(text)?;
    bucket_only(&place)?;
    with_bucket(base, &place, async |bucket| bucket.remove().await.map_err(failed).map(|()| Exit::Done))
}

pub(crate) fn presign(asked: &Presigning) -> Outcome {
    let place = moving::s3_place(&asked.place)?;
    let key = ObjectKey::new(place.key.as_str())
        .map_err(|error| Failure::usage(anyhow::anyhow!("`{place}`: {error}")))?;
    let time = duration("expires", asked.expires.as_deref())?.unwrap_or(PRESIGN_USUAL);
    if time > PRESIGN_MAX || time < Duration::from_secs(1) {
        return Err(Failure::usage(anyhow::anyhow!("--expires: an address works for 1s to 7d")));
    }
    let put = match asked.method.as_deref().unwrap_or("GET").to_ascii_uppercase().as_str() {
        "GET" => None,
        "PUT" => Some(PutAsk {
            key: key.clone(),
            attributes: Attributes::default(),
            condition: Condition::Always,
            checksum: None,
            checksum_kind: None,
        }),
        other => return Err(Failure::usage(anyhow::anyhow!("--method: \"{other}\" is neither GET nor PUT"))),
    };
    with_bucket(&asked.base, &place, async |bucket| {
        let pin = Pin::default();
        let what = put.as_ref().map_or(Presigned::Get(&pin), Presigned::Put);
        let signed = bucket.presign(&key, what, time).await.map_err(failed)?;
        match asked.base.form {
            Form::Text => output::data(&signed.url),
            Form::Json => {
                let headers: serde_json::Map<_, _> = signed
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_string().into()))
                    .collect();
                output::data(
                    serde_json::json!({ "method": signed.method, "url": signed.url, "headers": headers }),
                )
            }
        }
    })
}

fn with_bucket(base: &Base, place: &S3Place, work: impl AsyncFnOnce(forebay_s3::S3) -> Outcome) -> Outcome {
    let reach = Reach::new(base, &Stored::default(), Task::of(Work::Placed))?;
    reach::runtime()?.block_on(moving::or_interrupted(async { work(reach.bucket(place).await?).await }))
}

pub(crate) fn abort_uploads(asked: &Aborting) -> Outcome {
    let place = moving::s3_place(&asked.place)?;
    let age = duration("older-than", asked.older_than.as_deref())?.unwrap_or(STALE_USUAL);
    with_bucket(&asked.base, &place, async |bucket| abort(asked, &place, &bucket, age).await)
}

async fn abort(asked: &Aborting, place: &S3Place, bucket: &forebay_s3::S3, age: Duration) -> Outcome {
    let mut reporter = Reporter::new(asked.base.form, Data::Elsewhere, Progress::new());
    reporter.expect_many();
    let stale = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut ask = UploadsAsk { prefix: place.key.as_str().into(), continuation: None };
    loop {
        let page = bucket.uploads(&ask).await.map_err(failed)?;
        for entry in page.entries {
            // An upload whose beginning is not told may be under way.
            if entry.begun.is_none_or(|begun| begun > stale) {
                continue;
            }
            let shown = S3Place { key: entry.upload.key.as_str().to_owned(), ..place.clone() }.to_string();
            let event = ObjectEvent::new("abort-uploads", Status::Deleted, shown.clone(), None);
            if asked.run == Run::Dry {
                reporter.ended(&ObjectEvent { status: Status::WouldDelete, ..event });
                continue;
            }
            reporter.ended(&match bucket.abort(&entry.upload).await {
                Ok(()) => event,
                Err(error) => event.failed(&TransferError::of_store(&shown, error)),
            });
        }
        ask.continuation = page.next;
        if ask.continuation.is_none() {
            return Ok(reporter.finish(None));
        }
    }
}

fn duration(flag: &str, text: Option<&str>) -> Result<Option<Duration>, Failure> {
    let read = |text| {
        humantime::parse_duration(text).map_err(|problem| {
            Failure::usage(anyhow::anyhow!(
                "--{flag}: \"{text}\" is not a time: {problem} (write for example 10m or 7d)"
            ))
        })
    };
    text.map(read).transpose()
}
