//! Making an edge fetch an object, and showing that it has it.

use tokio::time::Instant;

use super::body::Nowhere;
use super::probing::{is_from_before, probe, probe_until};
use super::request::{Question, Variant};
use super::tries::Setback;
use super::worker::{Inner, Proof};
use crate::edge::{self, Answer, EdgeKind};
use crate::failure::{Failure, FailureClass};
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;

/// Warms all variants of an object that the edge does not have.
pub(super) async fn warm(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    outcome: &mut Outcome,
) -> Result<Verdict, Failure> {
    fetch_all(edge, kind, target, None, outcome).await.map(|were_there| match were_there {
        true => Verdict::Present,
        false => Verdict::Warmed,
    })
}

/// Has all variants fetched, after a purge at this time if there was one; whether all of them were there already.
pub(super) async fn fetch_all(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    purged: Option<Instant>,
    outcome: &mut Outcome,
) -> Result<bool, Failure> {
    let mut were_there = true;
    for variant in edge.variants() {
        were_there &= fetch(edge, kind, target, purged, variant, outcome).await?;
    }
    Ok(were_there)
}

/// Has one variant fetched; whether it was there already.
pub(super) async fn fetch(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    purged: Option<Instant>,
    variant: Option<&Variant>,
    outcome: &mut Outcome,
) -> Result<bool, Failure> {
    let fetched = fetch_one(edge, kind, target, purged, variant, outcome).await;
    fetched.map_err(|failure| match variant {
        None => failure,
        Some(variant) => Failure::new(failure.class, format!("{variant}: {}", failure.detail)),
    })
}

async fn fetch_one(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    purged: Option<Instant>,
    variant: Option<&Variant>,
    outcome: &mut Outcome,
) -> Result<bool, Failure> {
    // What it had when it was first asked: what a later try finds may be what an earlier one has brought.
    let mut before = Held::Unknown;
    // Where the origin does not hear of it, asking costs less than an object that nobody needs. After a purge the answer is known.
    if purged.is_none() && kind.probe().is_silent() && !edge.options.digest {
        let probed = probe(edge, kind, target, variant).await?;
        (before, outcome.after) = (probed.held, probed.held);
        if probed.held == Held::Hit {
            (outcome.status, outcome.attempts) = (Some(probed.status), 1);
        }
    }
    let got = if before == Held::Hit {
        Ok(Got { was_there: true, age: None })
    } else {
        get(edge, kind, target, variant, &mut before, outcome).await
    };
    // Of several variants, one that was not there counts.
    if matches!(outcome.before, Held::Unknown | Held::Hit) {
        outcome.before = before;
    }
    let got = got?;
    if purged.is_some_and(|purged| got.is_from_before(purged)) {
        return Err(Failure::new(
            FailureClass::StillThere,
            "after the purge the edge answered with what it had before",
        ));
    }
    if got.was_there || edge.options.proof == Proof::Never {
        return Ok(before == Held::Hit);
    }
    let probed = probe_until(edge, kind, target, variant, Held::Hit).await?;
    if probed.held != Held::Unknown {
        outcome.after = probed.held;
    }
    match probed.held {
        Held::Hit | Held::Stale | Held::Unknown => Ok(false),
        Held::Miss => Err(Failure::new(
            FailureClass::NotStored,
            "the object was fetched, and the edge has not kept it (its cache rules, or the origin's Cache-Control)",
        )),
    }
}

/// What a fetch found.
struct Got {
    /// It came out of the cache, and is believed to be whole there.
    was_there: bool,
    /// In seconds, if it came out of the cache and the edge says.
    age: Option<u64>,
}

impl Got {
    /// Whether it is known to have been in the cache before this time.
    fn is_from_before(&self, time: Instant) -> bool {
        self.age.is_some_and(|age| is_from_before(age, time))
    }
}

/// What is believed without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// That an edge has what it says that it has.
    Hits,
    /// Nothing. What is there after a try that failed may be what that try began, and may be cut as it was.
    Nothing,
}

/// Fetches the object to nowhere; and, if nobody knows yet, what the edge had of it before.
async fn get(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    before: &mut Held,
    outcome: &mut Outcome,
) -> Result<Got, Failure> {
    let mut tries = edge.tries();
    loop {
        tries.begin().await?;
        outcome.attempts = tries.made;
        let trust = if tries.made == 1 { Trust::Hits } else { Trust::Nothing };
        let got = get_once(edge, kind, target, variant, trust, before, outcome).await;
        if let Some(got) = tries.settled(got).await {
            return got;
        }
    }
}

async fn get_once(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    trust: Trust,
    before: &mut Held,
    outcome: &mut Outcome,
) -> Result<Got, Setback> {
    let mut aboard = edge.governor.board().await?;
    let heard = edge.ask(&Question::Object(variant), target).await?;
    let (head, body) = heard.response.into_parts();
    (outcome.status, outcome.ttfb) = (Some(head.status.as_u16()), Some(heard.ttfb));
    let answer = Answer::of(&head, body.remaining());
    let fetched = edge::fetched(kind, &answer).map_err(|failure| {
        heard.place.judge(&failure);
        Setback::of(failure, &head.headers)
    })?;
    if *before == Held::Unknown {
        *before = fetched.before;
    }
    let is_hit = fetched.before == Held::Hit;
    if is_hit || fetched.is_stored == Some(true) {
        outcome.after = Held::Hit;
    }
    let got =
        Got { was_there: is_hit && trust == Trust::Hits, age: if is_hit { answer.age() } else { None } };
    if got.was_there && !edge.options.digest {
        // Nothing is being filled that could be cut short.
        return Ok(got);
    }
    if let Some(len) = body.remaining() {
        aboard.is_known(len);
    }
    let mut nowhere = Nowhere::new(edge, aboard);
    let digest = nowhere.take(body, &head.headers).await;
    outcome.bytes += nowhere.bytes;
    outcome.digest = digest?;
    Ok(got)
}
