//! Making an edge forget an object, and showing that it has.

use tokio::time::{Instant, sleep};

use super::probing::{PATIENCE, is_from_before, probe_until};
use super::request::{Question, Variant};
use super::tries::Setback;
use super::worker::{Inner, Proof};
use crate::edge::{self, Answer, EdgeKind, Purged, Variants};
use crate::failure::{Failure, FailureClass};
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;
use crate::task::Action;

/// Purges the object, with all its variants; before a warm, with the proof where that is cheap.
pub(super) async fn purge(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    action: Action,
    outcome: &mut Outcome,
) -> Result<Verdict, Failure> {
    let begun = Instant::now();
    let requests = match (kind.variants(), edge.variants().count()) {
        (Variants::Hidden, 2..) => return Err(hidden()),
        (Variants::Apart, count) => count,
        (Variants::Together | Variants::Hidden, _) => 1,
    };
    let mut purged = Purged::Absent;
    for variant in edge.variants().take(requests) {
        purged = purged.and(once(edge, kind, target, variant, outcome).await?);
    }
    settle(purged, outcome);
    if is_proved(edge, kind, action) {
        for variant in edge.variants() {
            prove(edge, kind, target, variant, begun, outcome).await?;
        }
    }
    Ok(match purged {
        Purged::Removed => Verdict::Removed,
        Purged::Absent => Verdict::Absent,
        Purged::Taken => Verdict::Purged,
    })
}

/// Purges one variant before it is warmed.
pub(super) async fn purge_variant(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let purged = once(edge, kind, target, variant, outcome).await?;
    settle(purged, outcome);
    if is_proved(edge, kind, Action::Refresh) {
        prove(edge, kind, target, variant, begun, outcome).await?;
    }
    Ok(())
}

fn hidden() -> Failure {
    Failure::new(
        FailureClass::Unsupported,
        "this kind of cache purges one variant and hides the others, which come back when it is fetched again; refresh them instead",
    )
}

/// What the purge itself says.
fn settle(purged: Purged, outcome: &mut Outcome) {
    (outcome.before, outcome.after) = match purged {
        Purged::Removed => (Held::Hit, Held::Miss),
        Purged::Absent => (Held::Miss, Held::Miss),
        Purged::Taken => (Held::Unknown, Held::Unknown),
    };
}

fn is_proved(edge: &Inner, kind: EdgeKind, action: Action) -> bool {
    match edge.options.proof {
        Proof::Never => false,
        Proof::Always => true,
        Proof::Warm => action.warms() && kind.probe().is_silent(),
    }
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
        outcome.attempts = tries.made;
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
    variant: Option<&Variant>,
    purged: Instant,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let still_there = |detail: &str| Err(Failure::new(FailureClass::StillThere, detail));
    if kind.probe().is_silent() {
        let probed = probe_until(edge, kind, target, variant, Held::Miss).await?;
        outcome.after = probed.held;
        let is_younger = probed.age.is_some_and(|age| !is_from_before(age, purged));
        return match probed.held {
            Held::Hit | Held::Stale if !is_younger => {
                still_there("after the purge the edge still has the object")
            }
            _ => Ok(()),
        };
    }
    // Varnish counts what it has purged until a thread of its own has taken it away.
    let mut patience = PATIENCE.into_iter();
    loop {
        outcome.after = match once(edge, kind, target, variant, outcome).await? {
            Purged::Absent => Held::Miss,
            Purged::Taken => Held::Unknown,
            Purged::Removed => match patience.next() {
                Some(wait) => {
                    sleep(wait).await;
                    continue;
                }
                None => return still_there("a second purge found the object again"),
            },
        };
        return Ok(());
    }
}
