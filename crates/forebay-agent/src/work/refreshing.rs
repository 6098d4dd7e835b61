//! Making an edge forget an object and fetch it anew.
//!
//! All variants are purged, and then all are fetched. Where a purge only hides the variants that it does not take, they are refreshed in
//! turn: each is fetched before the next is purged, and so the next is found.

use tokio::time::Instant;

use super::worker::Inner;
use super::{purging, warming};
use crate::edge::{EdgeKind, Variants};
use crate::failure::Failure;
use crate::outcome::{Held, Outcome, Verdict};
use crate::target::Target;
use crate::task::Action;

/// Refreshes all variants of an object.
pub(super) async fn refresh(
    edge: &Inner,
    kind: EdgeKind,
    target: &Target,
    outcome: &mut Outcome,
) -> Result<Verdict, Failure> {
    let (mut before, begun) = (Held::Unknown, Instant::now());
    match kind.variants() {
        Variants::Together | Variants::Apart => {
            purging::purge(edge, kind, target, Action::Refresh, outcome).await?;
            before = outcome.before;
            warming::fetch_all(edge, kind, target, Some(begun), outcome).await?;
        }
        Variants::Hidden => {
            for variant in edge.variants() {
                let begun = Instant::now();
                purging::purge_variant(edge, kind, target, variant, outcome).await?;
                if before != Held::Hit {
                    before = outcome.before;
                }
                warming::fetch(edge, kind, target, Some(begun), variant, outcome).await?;
            }
        }
    }
    outcome.before = before;
    Ok(Verdict::Refreshed)
}
