//! warm, purge and refresh: which URLs, on which edges, and what came of each.
//!
//! | file | what it is |
//! |---|---|
//! | `edges` | the edges that settings describe, and the plan of work on them |
//! | `feed` | URLs from arguments, files, sitemaps and listings |
//! | `below` | URLs of what lies below a place |
//! | `dry` | what would be done |
//! | `said` | rows, lines of JSON, the bar, the summary |
//! | `row` | one URL on one edge in words |
//! | `counts` | what the summary counts, and the exit code that follows |

mod below;
mod counts;
mod dry;
pub(crate) mod edges;
mod feed;
mod row;
mod said;
#[cfg(test)]
mod tests;

use std::{env, sync::Arc, thread};

use anyhow::Context;
use forebay_agent::{
    Action,
    fleet::{self, Stopper},
    list::{Spool, UrlList},
};

use tokio::runtime::Handle;

use self::{counts::End, edges::Edges, feed::Feed, said::Said};
use crate::{
    args::{Edging, Run},
    moving::Interrupt,
    output::{self, Exit, Failure, Outcome},
    reach,
};

pub(crate) fn run(asked: &Edging) -> Outcome {
    let config = asked.base.sources.load()?.to_config()?;
    let edges = Edges::new(&config, asked.digest)?;
    let feed = Feed::new(asked, &config, edges.clients.control.clone())?;
    let runtime = match asked.action {
        // Heads of a hundred bytes: two threads would spend their time waking each other.
        Action::Purge => reach::runtime_of(1),
        Action::Warm | Action::Refresh => reach::runtime(),
    }?;
    let outcome = runtime.block_on(async {
        let (spool, list) =
            Spool::new(&env::temp_dir()).context("cannot keep the list of URLs in a temporary file")?;
        let list = list.in_pieces(edges.plan.list_piece);
        match asked.run {
            Run::Dry => dry::run(asked, &edges, feed, spool, &list).await,
            Run::Real => for_real(asked, edges, feed, spool, list).await,
        }
    });
    // A list may still be waited for that nobody will work through.
    runtime.shutdown_background();
    outcome
}

async fn for_real(asked: &Edging, edges: Edges, feed: Feed, spool: Spool, list: UrlList) -> Outcome {
    let mut interrupt = Interrupt::listen()?;
    let (stopper, stop) = Stopper::new();
    let said = Arc::new(Said::new(asked, edges.workers().collect(), list.clone(), stopper));
    let writing = thread::Builder::new().name("rows".into()).spawn({
        let said = Arc::clone(&said);
        move || said.write_all()
    });
    drop(writing.context("cannot start a thread")?);
    // A thread of its own: standard input may say nothing for hours.
    let feeding = tokio::task::spawn_blocking({
        let (said, runtime) = (Arc::clone(&said), Handle::current());
        move || runtime.block_on(feed.fill(spool, move |bad| said.bad(&bad)))
    });
    let ticking = tokio::spawn(said::tick(Arc::clone(&said)));
    let tell: fleet::Tell = {
        let said = Arc::clone(&said);
        Arc::new(move |done| said.done(&done))
    };
    let dir = env::temp_dir();
    let mut working = std::pin::pin!(fleet::run(&edges.fleet, asked.action, &list, &dir, &tell, &stop));
    let mut interrupted = false;
    let worked: Result<(), std::io::Error> = loop {
        tokio::select! {
            worked = &mut working => break worked,
            () = interrupt.asked() => {
                if std::mem::replace(&mut interrupted, true) {
                    break Ok(());
                }
                said.stop();
                if edges.must_finish() {
                    output::say("interrupted: finishing what would otherwise be fetched at full speed; once more to leave at once");
                }
            }
        }
    };
    ticking.abort();
    // Where work was given up, the list may still be on its way.
    let fed = if interrupted {
        feeding.abort();
        Ok(())
    } else {
        feeding.await.map_err(anyhow::Error::from)?
    };
    let end = match (interrupted, &fed) {
        (true, _) => End::Interrupted,
        (false, Ok(())) => End::Whole,
        (false, Err(_)) => End::Cut,
    };
    // Nobody may be reading what is left to be written.
    let finishing = tokio::task::spawn_blocking(move || said.finish(end));
    let exit = tokio::select! {
        finished = finishing => finished.map_err(anyhow::Error::from)??,
        () = interrupt.asked() => return Ok(Exit::Interrupted),
    };
    fed.map_err(|error| Failure { exit, error })?;
    match worked {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot read the list of URLs").into())
        }
        _ => Ok(exit),
    }
}

/// What is wrong with the command line, before anything was begun.
fn usage(error: anyhow::Error) -> Failure {
    Failure { exit: Exit::Usage, error }
}
