//! Making an edge fetch an object, and showing that it has it.

use super::body::Nowhere;
use super::probing::{probe, probe_until};
use super::request::{Question, Variant};
use super::tries::Setback;
use super::worker::{Inner, Proof};
use crate::edge::{self, Answer, EdgeKind};
use crate::failure::{Failure, FailureClass};
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;
use crate::task::Action;

/// Warms all variants of an object that the edge does not have.
pub(super) async fn warm(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    outcome: &mut Outcome,
) -> Result<Verdict, Failure> {
    fetch_all(edge, kind, target, Action::Warm, outcome).await.map(|were_there| match were_there {
        true => Verdict::Present,
        false => Verdict::Warmed,
    })
}

/// Has all variants fetched; whether all of them were there already.
pub(super) async fn fetch_all(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    action: Action,
    outcome: &mut Outcome,
) -> Result<bool, Failure> {
    let mut were_there = true;
    for variant in edge.variants() {
        were_there &= fetch(edge, kind, target, action, variant, outcome).await?;
    }
    Ok(were_there)
}

/// Has one variant fetched; whether it was there already.
pub(super) async fn fetch(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    action: Action,
    variant: Option<&Variant>,
    outcome: &mut Outcome,
) -> Result<bool, Failure> {
    let fetched = fetch_one(edge, kind, target, action, variant, outcome).await;
    fetched.map_err(|failure| match variant {
        None => failure,
        Some(variant) => Failure::new(failure.class, format!("{variant}: {}", failure.detail)),
    })
}

async fn fetch_one(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    action: Action,
    variant: Option<&Variant>,
    outcome: &mut Outcome,
) -> Result<bool, Failure> {
    // What it had when it was first asked: what a later try finds may be what an earlier one has brought.
    let mut before = Held::Unknown;
    // Where the origin does not hear of it, asking costs less than an object that nobody needs. After a purge the answer is known.
    if action == Action::Warm && kind.probe().is_silent() && !edge.options.digest {
        let probed = probe(edge, kind, target, variant).await?;
        (before, outcome.after) = (probed.held, probed.held);
        if probed.held == Held::Hit {
            outcome.status = Some(probed.status);
            outcome.attempts += 1;
        }
    }
    let got = if before == Held::Hit {
        Ok(Held::Hit)
    } else {
        get(edge, kind, target, variant, &mut before, outcome).await
    };
    // Of several variants, one that was not there counts.
    if matches!(outcome.before, Held::Unknown | Held::Hit) {
        outcome.before = before;
    }
    if got? == Held::Hit || edge.options.proof == Proof::Never {
        return Ok(before == Held::Hit);
    }
    let probed = probe_until(edge, kind, target, variant, Held::Hit).await?;
    outcome.after = probed.held;
    match probed.held {
        Held::Hit | Held::Stale | Held::Unknown => Ok(false),
        Held::Miss => Err(Failure::new(
            FailureClass::NotStored,
            "the object was fetched, and the edge has not kept it (its cache rules, or the origin's Cache-Control)",
        )),
    }
}

/// Fetches the object to nowhere; what the edge had of it then, and, if nobody knows yet, before.
async fn get(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    before: &mut Held,
    outcome: &mut Outcome,
) -> Result<Held, Failure> {
    let mut tries = edge.tries();
    loop {
        tries.begin().await?;
        outcome.attempts += 1;
        let got = get_once(edge, kind, target, variant, before, outcome).await;
        if let Some(held) = tries.settled(got).await {
            return held;
        }
    }
}

async fn get_once(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    before: &mut Held,
    outcome: &mut Outcome,
) -> Result<Held, Setback> {
    let mut aboard = edge.governor.board().await;
    let heard = edge.ask(&Question::Object(variant), target).await?;
    let (head, body) = heard.response.into_parts();
    (outcome.status, outcome.ttfb) = (Some(head.status.as_u16()), Some(heard.ttfb));
    let fetched = edge::fetched(kind, &Answer::of(&head, body.remaining())).map_err(|failure| {
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
    if is_hit && !edge.options.digest {
        // Nothing is being filled that could be cut short.
        return Ok(fetched.before);
    }
    if let Some(len) = body.remaining() {
        aboard.is_known(len);
    }
    let mut nowhere = Nowhere::new(edge, aboard);
    let digest = nowhere.take(body, &head.headers).await;
    outcome.bytes += nowhere.bytes;
    outcome.digest = digest?;
    Ok(fetched.before)
}
