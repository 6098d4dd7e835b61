//! Many at once, and not more than are planned: each object that is under way holds files and connections.
//!
//! One loop owns everything: what is found, what is under way, the clock, and the wish to stop. Being interrupted drops what is
//! under way, which leaves each object either untouched or ready to go on.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::interval};

use super::{Interrupt, find::Finder, one::Mover};
use crate::{
    output::Failure,
    report::{ObjectEvent, Reporter},
};

/// How often machines are told how far it is.
const TICK: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All that was found has come to an end, good or bad.
    Whole,
    Interrupted,
}

/// Moves all that is found.
pub(super) async fn run(
    mover: &Arc<Mover>,
    mut finder: impl Finder,
    reporter: &mut Reporter,
    interrupt: &mut Interrupt,
) -> Result<End, Failure> {
    let most = usize::try_from(mover.reach.plan.connections).unwrap_or(usize::MAX).max(1);
    let mut under_way: JoinSet<Option<ObjectEvent>> = JoinSet::new();
    let mut more = true;
    let mut tick = interval(TICK);
    tick.reset();
    while more || !under_way.is_empty() {
        tokio::select! {
            biased;
            () = interrupt.asked() => {
                under_way.shutdown().await;
                return Ok(End::Interrupted);
            }
            Some(ended) = under_way.join_next() => match ended {
                Ok(event) => event.iter().for_each(|event| reporter.ended(event)),
                Err(broken) => return Err(anyhow::Error::new(broken).context("a transfer broke off").into()),
            },
            found = finder.next(), if more && under_way.len() < most => match found {
                Ok(Some(Ok(candidate))) => {
                    reporter.begin(&candidate.shown);
                    let mover = Arc::clone(mover);
                    under_way.spawn(async move { Box::pin(mover.carry(candidate)).await });
                }
                Ok(Some(Err(unfit))) => reporter.failed(&unfit.into()),
                Ok(None) => more = false,
                Err(error) => {
                    reporter.failed(&error);
                    more = false;
                }
            },
            _ = tick.tick() => reporter.tick(),
        }
    }
    Ok(End::Whole)
}
