//! Making an edge forget an object, and showing that it has.

use super::probing::probe_until;
use super::request::{Question, Variant};
use super::tries::Setback;
use super::worker::{Inner, Proof};
use crate::edge::{self, Answer, EdgeKind, Purged};
use crate::failure::{Failure, FailureClass};
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;

/// Purges the object, once for each variant where the edge keeps them apart.
pub(super) async fn purge(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    outcome: &mut Outcome,
) -> Result<Verdict, Failure> {
    let mut purged = once(edge, kind, target, edge.first_variant(), outcome).await?;
    if kind.keeps_variants_apart() {
        for variant in edge.options.variants.iter().skip(1) {
            let next = once(edge, kind, target, Some(variant), outcome).await?;
            if next == Purged::Removed {
                purged = next;
            }
        }
    }
    if edge.options.proof == Proof::Always {
        prove(edge, kind, target, outcome).await?;
    } else if kind.purge_tells() || purged != Purged::Taken {
        outcome.after = Held::Miss;
    }
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
async fn prove(edge: &Inner, kind: EdgeKind, target: &Target, outcome: &mut Outcome) -> Result<(), Failure> {
    let still_there = |detail: &str| Err(Failure::new(FailureClass::StillThere, detail));
    if kind.probe().is_silent() {
        let probed = probe_until(edge, kind, target, edge.first_variant(), Held::Miss).await?;
        outcome.after = probed.held;
        return match probed.held {
            Held::Miss | Held::Unknown => Ok(()),
            Held::Hit | Held::Stale => still_there("after the purge the edge still has the object"),
        };
    }
    match once(edge, kind, target, edge.first_variant(), outcome).await? {
        Purged::Absent => outcome.after = Held::Miss,
        Purged::Removed => return still_there("a second purge found the object again"),
        Purged::Taken => outcome.after = Held::Unknown,
    }
    Ok(())
}
