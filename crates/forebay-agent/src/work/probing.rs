//! Asking an edge what it is, and what it holds.

use http::StatusCode;
use std::time::Duration;
use tokio::time::{Instant, sleep};

use super::request::{Heard, Question, Variant};
use super::tries::Setback;
use super::worker::Inner;
use crate::edge::{self, Answer, EdgeKind, Probe};
use crate::failure::Failure;
use crate::outcome::Held;
use crate::target::Target;

/// What is asked of a cache may be a moment ahead of what it has done: Traffic Server enters an object into its directory after it has
/// sent its last byte.
///
/// Where the origin hears of every question, and sends the whole object again for it, the first of these has to do.
pub(super) const PATIENCE: [Duration; 5] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(80),
    Duration::from_millis(320),
    Duration::from_secs(1),
];

/// What a probe saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probed {
    pub(super) held: Held,
    pub(super) status: u16,
    /// In seconds, if it says.
    pub(super) age: Option<u64>,
}

/// Whether an object of this age was in the cache before that time. Ages are whole seconds, and those of a cache that counts by whole seconds of
/// its clock are one too many as soon as such a second begins: that one is no proof.
pub(super) fn is_from_before(age: u64, time: Instant) -> bool {
    age > time.elapsed().as_secs() + 1
}

/// Asks what kind of cache answers for this URL.
pub(super) async fn detect(edge: &Inner, target: &Target) -> Result<Option<EdgeKind>, Failure> {
    let mut tries = edge.tries();
    loop {
        tries.begin().await?;
        if let Some(kind) = tries.settled(ask_kind(edge, target).await).await {
            return kind;
        }
    }
}

async fn ask_kind(edge: &Inner, target: &Target) -> Result<Option<EdgeKind>, Setback> {
    let heard = edge.ask(&Question::Options, target).await?;
    let (head, body) = heard.response.into_parts();
    Ok(edge::detect(&Answer::of(&head, body.remaining())))
}

/// Asks whether the edge has the object, in the way that its kind knows.
pub(super) async fn probe(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
) -> Result<Probed, Failure> {
    let question = match kind.probe() {
        Probe::OnlyIfCached => Question::HeadIfCached(variant),
        Probe::ByteIfCached => Question::ByteIfCached(variant),
        Probe::Head => Question::Head(variant),
        Probe::FirstByte => Question::FirstByte(variant),
    };
    let mut tries = edge.tries();
    loop {
        tries.begin().await?;
        if let Some(probed) = tries.settled(ask_held(edge, kind, target, &question).await).await {
            return probed;
        }
    }
}

async fn ask_held(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    question: &Question<'_>,
) -> Result<Probed, Setback> {
    let heard = edge.ask(question, target).await?;
    let (head, body) = heard.response.into_parts();
    let answer = Answer::of(&head, body.remaining());
    read(kind, &answer).map_err(|failure| Setback::of(failure, &head.headers))
}

/// Asks until the edge says what it should, or has been asked often enough; what it said last.
pub(super) async fn probe_until(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    variant: Option<&Variant>,
    wanted: Held,
) -> Result<Probed, Failure> {
    let questions = if kind.probe().is_silent() { PATIENCE.len() } else { 1 };
    let mut patience = PATIENCE.into_iter().take(questions);
    loop {
        let probed = probe(edge, kind, target, variant).await?;
        let is_settled = probed.held == wanted || probed.held == Held::Unknown;
        match patience.next() {
            Some(wait) if !is_settled => sleep(wait).await,
            _ => return Ok(probed),
        }
    }
}

fn read(kind: EdgeKind, answer: &Answer<'_>) -> Result<Probed, Failure> {
    let status = answer.status.as_u16();
    // RFC 9111 §5.2.1.7: what a cache says that has nothing and may not ask.
    if kind.probe().is_silent() && answer.status == StatusCode::GATEWAY_TIMEOUT {
        return Ok(Probed { held: Held::Miss, status, age: None });
    }
    match edge::trouble(answer) {
        Some(failure) => Err(failure),
        None => {
            let said = edge::held(kind, answer);
            // An answer to only-if-cached came from the cache, whether it says so or not.
            let is_silent = kind.probe().is_silent() && said == Held::Unknown && answer.status.is_success();
            Ok(Probed { held: if is_silent { Held::Hit } else { said }, status, age: answer.age() })
        }
    }
}

/// How long the object is, and what the edge has of it.
pub(super) async fn length(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
) -> Result<(Option<u64>, Held), Failure> {
    let mut tries = edge.tries();
    loop {
        tries.begin().await?;
        if let Some(length) = tries.settled(ask_length(edge, kind, target).await).await {
            return length;
        }
    }
}

async fn ask_length(edge: &Inner, kind: EdgeKind, target: &Target) -> Result<(Option<u64>, Held), Setback> {
    let Heard { response, .. } = edge.ask(&Question::Head(edge.first_variant()), target).await?;
    let (head, _) = response.into_parts();
    let answer = Answer::of(&head, None);
    edge::fetched(kind, &answer).map_err(|failure| Setback::of(failure, &head.headers))?;
    let declared = answer.value("content-length").and_then(|len| len.parse().ok());
    Ok((declared, edge::held(kind, &answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_that_begins_between_a_purge_and_its_proof_proves_nothing() {
        let purged = Instant::now();
        tokio::time::advance(Duration::from_millis(10)).await;
        // Fetched anew since, and the clock has just struck.
        assert!(!is_from_before(0, purged) && !is_from_before(1, purged));
        assert!(is_from_before(2, purged));
        tokio::time::advance(Duration::from_millis(1990)).await;
        assert!(!is_from_before(3, purged) && is_from_before(4, purged));
    }
}
