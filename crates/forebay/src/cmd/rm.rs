//! `forebay rm`: deletes objects, a thousand in a request.

use forebay_budget::Work;
use forebay_s3::S3;
use forebay_store::remote::{Bucket, Doomed, ObjectKey};
use forebay_transfer::{Progress, TransferError};

use crate::{
    args::{Depth, Removing, Run, Stored},
    moving::{self, Interrupt, Keyed},
    output::{Failure, Outcome},
    place::{Place, S3Place},
    reach::{self, Reach, Task},
    report::{Data, ObjectEvent, Reporter, Status},
};

/// Keys of one request (S3).
const BATCH: usize = 1000;

pub(crate) fn run(asked: &Removing) -> Outcome {
    let reach = Reach::new(&asked.base, &Stored::default(), Task::of(Work::Placed))?;
    reach::runtime()?.block_on(remove(asked, &reach))
}

/// One version of one object, for good.
async fn remove_version(asked: &Removing, version: &str, reach: &Reach) -> Outcome {
    let choice = &asked.choice;
    let place = match &asked.places[..] {
        [place] if choice.depth == Depth::One && choice.files_from.is_none() => moving::s3_place(place)?,
        _ => {
            let problem = "--version-id is of one object: name it, without -r or a list";
            return Err(Failure::usage(anyhow::anyhow!(problem)));
        }
    };
    let key = ObjectKey::new(place.key.as_str())
        .map_err(|error| Failure::usage(anyhow::anyhow!("{}: {error}", Place::S3(place.clone()))))?;
    let mut reporter = Reporter::new(asked.base.form, Data::Elsewhere, Progress::new());
    let shown = place.to_string();
    let event = ObjectEvent {
        version: Some(version.to_owned()),
        ..ObjectEvent::new("rm", Status::Deleted, shown.clone(), None)
    };
    reporter.ended(&match asked.run {
        Run::Dry => ObjectEvent { status: Status::WouldDelete, ..event },
        Run::Real => {
            let which = Doomed::Version(version.into());
            match reach.bucket(&place).await?.delete_if(&key, &which).await {
                Ok(()) => event,
                Err(error) => event.failed(&TransferError::of_store(&shown, error)),
            }
        }
    });
    Ok(reporter.finish(None))
}

async fn remove(asked: &Removing, reach: &Reach) -> Outcome {
    if let Some(version) = &asked.version {
        return Box::pin(moving::or_interrupted(remove_version(asked, version, reach))).await;
    }
    let mut interrupt = Interrupt::listen()?;
    let mut reporter = Reporter::new(asked.base.form, Data::Elsewhere, Progress::new());
    reporter.expect_many();
    let account = reach.account().await?;
    let mut keyed = Keyed::new(&asked.places, &asked.choice, &account)?;
    let mut batch: Vec<(S3, ObjectKey)> = Vec::new();
    loop {
        let next = tokio::select! {
            biased;
            () = interrupt.asked() => return Ok(reporter.finish(Some("what is deleted is deleted; run the same command again to go on"))),
            next = keyed.next() => next,
        };
        let found = match next {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(error) => {
                reporter.failed(&error);
                break;
            }
        };
        // A request is for one bucket.
        if batch.len() == BATCH || batch.first().is_some_and(|(bucket, _)| bucket.name() != found.0.name()) {
            delete(asked.run, std::mem::take(&mut batch), &mut reporter).await;
        }
        batch.push(found);
    }
    delete(asked.run, batch, &mut reporter).await;
    Ok(reporter.finish(None))
}

async fn delete(run: Run, batch: Vec<(S3, ObjectKey)>, reporter: &mut Reporter) {
    let Some((bucket, _)) = batch.first() else { return };
    let bucket = bucket.clone();
    let keys: Vec<ObjectKey> = batch.into_iter().map(|(_, key)| key).collect();
    let shown =
        |key: &ObjectKey| S3Place { bucket: bucket.name().clone(), key: key.as_str().to_owned() }.to_string();
    if run == Run::Dry {
        for key in &keys {
            reporter.ended(&ObjectEvent::new("rm", Status::WouldDelete, shown(key), None));
        }
        return;
    }
    let kept = match bucket.delete(&keys).await {
        Ok(kept) => kept,
        Err(error) => return reporter.failed(&TransferError::of_store("cannot delete", error)),
    };
    for key in &keys {
        let event = ObjectEvent::new("rm", Status::Deleted, shown(key), None);
        if !kept.iter().any(|(refused, _)| refused == key) {
            reporter.ended(&event);
        }
    }
    for (key, error) in kept {
        let event = ObjectEvent::new("rm", Status::Deleted, shown(&key), None);
        reporter.ended(&event.failed(&TransferError::of_store(&shown(&key), error)));
    }
}

/// A failure of a whole command.
pub(super) fn failed(error: forebay_store::StoreError) -> Failure {
    anyhow::Error::new(error).into()
}
