//! `get`, `put`, `cp`, `mv` and `sync`: one errand in five words.
//!
//! Read what was asked ([`errand`]), refuse what would be copied onto itself (`itself`), find what is meant, one object after the other
//! (`find`, `pairs`, `same`), say where each goes (`aim`), move a bounded number of them at once (`crowd`, `one`), and delete last what is
//! to be deleted (`after`, `surplus`). How an object is moved well is the
//! engine's; nothing here has a byte of one in hand.

mod after;
mod aim;
mod crowd;
mod errand;
mod find;
mod interrupt;
mod itself;
mod keyed;
mod one;
mod out;
mod pairs;
mod same;
mod stored;
mod surplus;
mod up;

pub(crate) use errand::rules;
pub(crate) use interrupt::Interrupt;
pub(crate) use keyed::Keyed;

use std::{
    ffi::{OsStr, OsString},
    sync::Arc,
    time::Duration,
};

use forebay_budget::Work;
use forebay_transfer::Progress;
use tokio::time::timeout;

use self::{errand::Errand, one::Mover};
use crate::{
    args::{Base, Globs, Moving, Verb},
    output::{self, Exit, Failure, Outcome},
    place::{Place, S3Place},
    reach::{self, Reach, Task},
    report::{Data, Reporter, Status},
};

/// How long stores, and threads that wait for the disk, may take to end.
const END_MAX: Duration = Duration::from_secs(2);

/// Does it.
pub(crate) fn run(asked: &Moving) -> Outcome {
    let errand = Errand::read(asked)?;
    let reach = Reach::new(&asked.base, &asked.stored, errand.task(&asked.other))?;
    let runtime = reach::runtime()?;
    let outcome = runtime.block_on(carry_out(asked, errand, reach));
    runtime.shutdown_timeout(END_MAX);
    outcome
}

async fn carry_out(asked: &Moving, errand: Errand, reach: Reach) -> Outcome {
    let mut interrupt = Interrupt::listen()?;
    let progress = Progress::new();
    let data = if errand.is_to_stdout() { Data::Stdout } else { Data::Elsewhere };
    let mut reporter = Reporter::new(asked.base.form, data, progress.clone());
    if errand.is_many() {
        reporter.expect_many();
    }
    let mover = Arc::new(Mover::new(errand, reach, asked, progress.clone()).await?);
    let ended = match asked.verb {
        Verb::Sync => {
            let pairs = pairs::Pairs::new(&mover).await?;
            match crowd::run(&mover, pairs, &mut reporter, &mut interrupt).await? {
                crowd::End::Whole => surplus::delete(&mover, &mut reporter, &mut interrupt).await?,
                crowd::End::Interrupted => crowd::End::Interrupted,
            }
        }
        Verb::Get | Verb::Put | Verb::Copy | Verb::Move => {
            let found = find::Find::new(&mover).await?;
            crowd::run(&mover, found, &mut reporter, &mut interrupt).await?
        }
    };
    let left = left(&mover, &progress).await;
    Ok(reporter.finish(match ended {
        crowd::End::Whole => None,
        crowd::End::Interrupted => Some(left),
    }))
}

/// What is left of what was under way, once the stores have been told of what is given up.
async fn left(mover: &Mover, progress: &Progress) -> &'static str {
    let told = timeout(END_MAX, mover.reach.engine.settled()).await.is_ok_and(|all| all);
    mover.errand.left_behind(progress.seen().kept > 0, told)
}

/// A failure of a whole command because of what was asked.
fn usage(problem: impl std::fmt::Display) -> Failure {
    Failure::usage(anyhow::anyhow!("{problem}"))
}

/// A place as it was written.
pub(crate) fn place(text: &OsStr) -> Result<Place, Failure> {
    Place::parse(text).map_err(usage)
}

/// A place in a bucket as it was written.
pub(crate) fn s3_place(text: &OsStr) -> Result<S3Place, Failure> {
    match place(text)? {
        Place::S3(s3) => Ok(s3),
        other => Err(usage(format_args!("`{other}` is in no bucket: write s3://BUCKET/KEY"))),
    }
}

/// Work that leaves nothing behind when it is interrupted.
pub(crate) async fn or_interrupted(work: impl Future<Output = Outcome>) -> Outcome {
    let mut interrupt = Interrupt::listen()?;
    tokio::select! {
        outcome = work => outcome,
        () = interrupt.asked() => {
            output::say("interrupted: nothing is left behind");
            Ok(Exit::Interrupted)
        }
    }
}

/// `cat`: one object after the other to standard output, until one fails.
pub(crate) fn cat(base: &Base, places: &[OsString], version: Option<String>) -> Outcome {
    if version.is_some() && places.len() > 1 {
        return Err(usage("--version-id is of one object: name one"));
    }
    let mut asked = Moving::to_stdout(base.clone(), places.first().cloned(), version);
    let reach = Reach::new(base, &asked.stored, Task::with_web(Work::Ordered))?;
    let runtime = reach::runtime()?;
    asked.choice.globs = Globs::AsWritten;
    let outcome = runtime.block_on(async {
        let mut interrupt = Interrupt::listen()?;
        let progress = Progress::new();
        let mut reporter = Reporter::new(base.form, Data::Stdout, progress.clone());
        let mover = Mover::new(Errand::read(&asked)?, reach, &asked, progress.clone()).await?;
        for text in places {
            let candidate = mover.candidate(&place(text)?)?;
            reporter.begin(&candidate.shown);
            let event = tokio::select! {
                biased;
                () = interrupt.asked() => return Ok(reporter.finish(Some(left(&mover, &progress).await))),
                event = mover.carry(candidate) => event,
            };
            let Some(event) = event else { continue };
            reporter.ended(&event);
            if event.status == Status::Failed {
                break;
            }
        }
        Ok(reporter.finish(None))
    });
    runtime.shutdown_timeout(END_MAX);
    outcome
}
