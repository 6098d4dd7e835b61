//! nginx.

use forebay_agent::Action::{Purge, Refresh, Warm};
use forebay_agent::edge::EdgeKind;
use forebay_agent::work::Proof;
use forebay_testkit::cert::Certificate;
use forebay_testkit::edges::Purging;
use forebay_testkit::edges::nginx::{self, NginxCache};
use forebay_testkit::process::Server;

use crate::rig::{At, Manner, World};

fn start(world: &World, purge: nginx::Purge, tls: Option<&Certificate>) -> Server {
    NginxCache::configure(&world.dir("nginx"), world.origin.addr(), purge, tls).unwrap().start().unwrap()
}

/// Its proof is a HEAD, of which the origin hears when there is nothing: once for an object that it may not keep.
#[tokio::test]
async fn with_its_module_it_is_purged_when_somebody_says_that_it_can() {
    let Some(world) = World::before("nginx with its purge module", NginxCache::is_installed()) else {
        return;
    };
    let certificate = world.certificate();
    for (tls, scheme) in [(Some(&certificate), "https"), (None, "http")] {
        let server = start(&world, nginx::Purge::Module(Purging::Allowed), tls);
        let kind = Some(EdgeKind::NginxPurge);
        let at = At::new(&world, &server, Manner { kind, scheme, proof: Proof::Always, ..Manner::default() });
        at.holds(&[
            (Purge, "/b", "absent miss miss", ""),
            (Warm, "/b", "warmed miss hit", "GET"),
            (Warm, "/b", "present hit hit", ""),
            (Purge, "/b", "removed hit miss", ""),
            (Refresh, "/b", "refreshed miss hit", "GET"),
            (Refresh, "/b", "refreshed hit hit", "GET"),
            (Warm, "/chunked", "warmed miss hit", "GET"),
            (Warm, "/encoded", "warmed miss hit", "GET"),
            (Purge, "/encoded", "removed hit miss", ""),
            (Warm, "/private", "not-stored miss miss", "GET GET GET"),
            (Warm, "/none", "status unknown unknown", "GET"),
            (Warm, "/moved", "redirect unknown unknown", "GET"),
            (Purge, "/b", "removed hit miss", ""),
            (Purge, "/chunked", "removed hit miss", ""),
        ])
        .await;
    }
    let server = start(&world, nginx::Purge::Module(Purging::Refused), None);
    let said = Manner { kind: Some(EdgeKind::NginxPurge), ..Manner::default() };
    At::new(&world, &server, said).holds(&[(Purge, "/a", "refused unknown unknown", "")]).await;
}

#[tokio::test]
async fn without_its_module_it_is_warmed_and_no_purge_reaches_the_origin() {
    let Some(world) = World::before("nginx with its purge module", NginxCache::is_installed()) else {
        return;
    };
    let server = start(&world, nginx::Purge::Forwarded, None);
    let at = At::new(&world, &server, Manner::default());
    at.holds(&[
        (Purge, "/a", "unsupported unknown unknown", "OPTIONS"),
        (Warm, "/a", "warmed miss hit", "GET"),
        (Warm, "/a", "present hit hit", ""),
        (Refresh, "/a", "unsupported unknown unknown", ""),
    ])
    .await;
    assert_eq!(at.worker.kind(), Some(EdgeKind::Nginx));
}
