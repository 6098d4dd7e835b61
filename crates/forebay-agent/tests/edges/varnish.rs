//! Varnish.

use forebay_agent::Action::{Purge, Refresh, Warm};
use forebay_agent::edge::EdgeKind;
use forebay_agent::work::Proof;
use forebay_testkit::edges::Purging;
use forebay_testkit::edges::varnish::{Varnish, Vcl};

use crate::rig::{At, Manner, World};

fn start(world: &World, vcl: Vcl) -> forebay_testkit::process::Server {
    Varnish::configure(&world.dir("varnish"), world.origin.addr(), vcl).unwrap().start().unwrap()
}

#[tokio::test]
async fn with_the_shipped_vcl_it_is_recognised_and_everything_is_proved_without_the_origin() {
    let Some(world) = World::before("Varnish", Varnish::is_installed()) else { return };
    let server = start(&world, Vcl::Shipped(Purging::Allowed));
    let at = At::new(&world, &server, Manner { proof: Proof::Always, ..Manner::default() });
    at.holds(&[
        (Purge, "/a", "absent miss miss", ""),
        (Warm, "/a", "warmed miss hit", "GET"),
        (Warm, "/a", "present hit hit", ""),
        (Purge, "/a", "removed hit miss", ""),
        // Of another: what was purged a moment ago may be counted once more.
        (Refresh, "/b", "refreshed miss hit", "GET"),
        (Refresh, "/b", "refreshed hit hit", "GET"),
        (Warm, "/chunked", "warmed miss hit", "GET"),
        (Warm, "/encoded", "warmed miss hit", "GET"),
        (Purge, "/encoded", "removed hit miss", ""),
        (Warm, "/private", "not-stored miss miss", "GET"),
        (Warm, "/none", "status miss miss", "GET"),
        (Warm, "/moved", "redirect miss miss", "GET"),
    ])
    .await;
    assert_eq!(at.worker.kind(), Some(EdgeKind::VarnishForebay));
    drop(server);
    let server = start(&world, Vcl::Shipped(Purging::Refused));
    let at = At::new(&world, &server, Manner::default());
    at.holds(&[(Purge, "/a", "refused unknown unknown", ""), (Warm, "/a", "warmed miss hit", "GET")]).await;
}

#[tokio::test]
async fn a_vcl_of_ones_own_is_purged_when_somebody_says_that_it_can() {
    let Some(world) = World::before("Varnish", Varnish::is_installed()) else { return };
    // The shipped one stands in for it: it counts, too.
    let server = start(&world, Vcl::Shipped(Purging::Allowed));
    let kind = Some(EdgeKind::Varnish);
    let at = At::new(&world, &server, Manner { kind, proof: Proof::Always, ..Manner::default() });
    at.holds(&[
        (Purge, "/a", "absent miss miss", ""),
        (Warm, "/a", "warmed miss hit", "GET"),
        (Warm, "/a", "present hit hit", ""),
        (Purge, "/a", "removed hit miss", ""),
        (Refresh, "/a", "refreshed miss hit", "GET"),
    ])
    .await;
}

#[tokio::test]
async fn with_its_own_vcl_it_is_warmed_and_no_purge_reaches_the_origin() {
    let Some(world) = World::before("Varnish", Varnish::is_installed()) else { return };
    let server = start(&world, Vcl::Builtin);
    let at = At::new(&world, &server, Manner::default());
    at.holds(&[
        (Purge, "/a", "unsupported unknown unknown", "OPTIONS"),
        (Warm, "/a", "warmed miss hit", "GET"),
        (Warm, "/a", "present hit hit", ""),
        (Refresh, "/a", "unsupported unknown unknown", ""),
        (Warm, "/chunked", "warmed miss hit", "GET"),
        // The proof is asked for twice, and the origin sends the object for each.
        (Warm, "/private", "not-stored miss miss", "GET GET GET"),
        (Warm, "/none", "status unknown unknown", "GET"),
    ])
    .await;
    assert_eq!(at.worker.kind(), Some(EdgeKind::Varnish));
    let said = Manner { kind: Some(EdgeKind::Varnish), ..Manner::default() };
    At::new(&world, &server, said).holds(&[(Purge, "/a", "unsupported unknown unknown", "PURGE")]).await;
}
