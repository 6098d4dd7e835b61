//! What the target has and the source has not, deleted last.
//!
//! Both sides are walked a second time instead of remembering a list of any length. Nothing is deleted unless every listing and every copy
//! went well: an object that a broken listing did not name looks just like one that is not there.

use std::{fs, sync::Arc};

use forebay_store::remote::{Bucket, ObjectKey};
use forebay_transfer::{
    TransferError,
    listing::{Pair, local_path},
};

use super::{Interrupt, crowd::End, one::Mover, pairs};
use crate::{
    args::{Run, Surplus},
    output::Failure,
    place::{Place, S3Place},
    report::{ObjectEvent, Reporter, Status},
};

/// Keys of one request.
const BATCH: usize = 1000;

/// Deletes what is to be deleted.
pub(super) async fn delete(
    mover: &Arc<Mover>,
    reporter: &mut Reporter,
    interrupt: &mut Interrupt,
) -> Result<End, Failure> {
    if mover.when.surplus == Surplus::Keep {
        return Ok(End::Whole);
    }
    if reporter.tally().failed > 0 {
        crate::output::say("nothing is deleted, because not everything went well");
        return Ok(End::Whole);
    }
    let mut merge = pairs::merge(mover)?;
    let mut batch = Vec::new();
    loop {
        let next = tokio::select! {
            biased;
            () = interrupt.asked() => return Ok(End::Interrupted),
            next = merge.next() => next,
        };
        match next {
            Ok(Some(Pair::Target(item))) => batch.push(item.name),
            Ok(Some(Pair::Source(_) | Pair::Both(..))) => {}
            Ok(None) => break,
            Err(error) => {
                reporter.failed(&error);
                return Ok(End::Whole);
            }
        }
        if batch.len() == BATCH {
            remove(mover, std::mem::take(&mut batch), reporter).await?;
        }
    }
    remove(mover, batch, reporter).await?;
    Ok(End::Whole)
}

async fn remove(mover: &Mover, names: Vec<Box<str>>, reporter: &mut Reporter) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    if mover.when.run == Run::Dry {
        for name in names {
            reporter.ended(&ObjectEvent::new("sync", Status::WouldDelete, shown(mover, &name), None));
        }
        return Ok(());
    }
    match mover.errand.to.place() {
        Place::S3(s3) => remove_objects(mover, s3, &names, reporter).await,
        Place::Local(dir) => {
            for name in names {
                let event = ObjectEvent::new("sync", Status::Deleted, shown(mover, &name), None);
                let removed = match local_path(&name) {
                    Ok(path) => fs::remove_file(dir.join(path)),
                    Err(error) => Err(std::io::Error::other(error)),
                };
                reporter.ended(&match removed {
                    Ok(()) => event,
                    Err(error) => event.failed(&TransferError::of_file(shown(mover, &name), error)),
                });
            }
            Ok(())
        }
        Place::Web(_) | Place::Stream => Ok(()),
    }
}

async fn remove_objects(
    mover: &Mover,
    s3: &S3Place,
    names: &[Box<str>],
    reporter: &mut Reporter,
) -> Result<(), Failure> {
    let keys: Vec<ObjectKey> =
        names.iter().filter_map(|name| ObjectKey::new(format!("{}{name}", s3.key)).ok()).collect();
    let kept = match mover.target_bucket()?.delete(&keys).await {
        Ok(kept) => kept,
        Err(error) => {
            reporter.failed(&TransferError::of_store("cannot delete", error));
            return Ok(());
        }
    };
    for key in keys {
        let name = S3Place { key: key.as_str().to_owned(), ..s3.clone() }.to_string();
        let event = ObjectEvent::new("sync", Status::Deleted, name.clone(), None);
        let refused = kept.iter().find(|(refused, _)| *refused == key);
        reporter.ended(&match refused {
            None => event,
            Some((_, error)) => event.failed(&TransferError::of_store(&name, error.kind().into())),
        });
    }
    Ok(())
}

fn shown(mover: &Mover, name: &str) -> String {
    match mover.errand.to.place() {
        Place::S3(s3) => S3Place { key: format!("{}{name}", s3.key), ..s3.clone() }.to_string(),
        Place::Local(dir) => dir.join(name).display().to_string(),
        Place::Web(_) | Place::Stream => name.to_owned(),
    }
}
