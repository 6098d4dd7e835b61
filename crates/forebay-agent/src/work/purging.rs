//! Making an edge forget an object, and showing that it has.

use tokio::time::Instant;

use super::probing::probe_until;
use super::request::{Question, Variant};
use super::tries::Setback;
use super::worker::{Inner, Proof};
use crate::edge::{self, Answer, EdgeKind, Purged};
use crate::failure::{Failure, FailureClass};
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;
use crate::task::Action;

/// Purges the object, once for each variant where the edge keeps them apart; before a warm, with the proof where that is cheap.
pub(super) async fn purge(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    action: Action,
    outcome: &mut Outcome,
) -> Result<Verdict, Failure> {
    let begun = Instant::now();
    let mut purged = once(edge, kind, target, edge.first_variant(), outcome).await?;
    if kind.keeps_variants_apart() {
        for variant in edge.options.variants.iter().skip(1) {
            let next = once(edge, kind, target, Some(variant), outcome).await?;
            if next == Purged::Removed {
                purged = next;
            }
        }
    }
    let is_proved = match edge.options.proof {
        Proof::Never => false,
        Proof::Always => true,
        Proof::Warm => action.warms() && kind.probe().is_silent(),
    };
    if is_proved {
        prove(edge, kind, target, begun, outcome).await?;
    } else if kind.purge_tells() || purged != Purged::Taken {
        outcome.after = Held::Miss;
    }
    outcome.before = match purged {
        Purged::Removed => Held::Hit,
        Purged::Absent => Held::Miss,
        Purged::Taken => Held::Unknown,
    };
    Ok(match purged {
        Purged::Removed => Verdict::Removed,
        Purged::Absent => Verdict::Absent,
        Purged::Taken => Verdict::Purged,
    })
}

async fn once(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    outcome: &mut Outcome,
) -> Result<Purged, Failure> {
    let question = Question::Purge(edge.spec.purge_method(kind)?, variant);
    let mut tries = edge.tries();
    loop {
        tries.begin().await?;
        outcome.attempts += 1;
        if let Some(purged) = tries.settled(ask(edge, kind, target, &question, outcome).await).await {
            return purged;
        }
    }
}

async fn ask(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    question: &Question<'_>,
    outcome: &mut Outcome,
) -> Result<Purged, Setback> {
    let heard = edge.ask(question, target).await?;
    let (head, body) = heard.response.into_parts();
    outcome.status = Some(head.status.as_u16());
    edge::purged(kind, &Answer::of(&head, body.remaining())).map_err(|failure| {
        heard.place.judge(&failure);
        Setback::of(failure, &head.headers)
    })
}

/// Shows that it is gone: by a probe that the origin never hears of, or by a second purge that finds nothing.
///
/// What is there again because somebody has asked for it since is younger than the purge, and as good as gone.
async fn prove(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    purged: Instant,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let still_there = |detail: &str| Err(Failure::new(FailureClass::StillThere, detail));
    if kind.probe().is_silent() {
        let probed = probe_until(edge, kind, target, edge.first_variant(), Held::Miss).await?;
        outcome.after = probed.held;
        let is_younger = probed.age.is_some_and(|age| age <= purged.elapsed().as_secs());
        return match probed.held {
            Held::Hit | Held::Stale if !is_younger => {
                still_there("after the purge the edge still has the object")
            }
            _ => Ok(()),
        };
    }
    match once(edge, kind, target, edge.first_variant(), outcome).await? {
        Purged::Absent => outcome.after = Held::Miss,
        Purged::Removed => return still_there("a second purge found the object again"),
        Purged::Taken => outcome.after = Held::Unknown,
    }
    Ok(())
}
