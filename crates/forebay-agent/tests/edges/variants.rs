//! Variants: what one URL comes to when the answer depends on a field of the request, and whether one purge takes all of it.

use forebay_agent::Action::{Purge, Refresh, Warm};
use forebay_agent::edge::EdgeKind;
use forebay_agent::work::{Proof, Variant};
use forebay_testkit::edges::Purging;
use forebay_testkit::edges::ats::{self, Ats};
use forebay_testkit::edges::nginx::{self, NginxCache};
use forebay_testkit::edges::squid::{Mode, Squid};
use forebay_testkit::edges::varnish::{Varnish, Vcl};
use forebay_testkit::process::Server;

use crate::rig::{At, Manner, World};

fn start<'a>(world: &'a World, server: &Server, kind: EdgeKind, languages: &[&str]) -> At<'a> {
    let variant = |language: &&str| Variant::parse(&format!("Accept-Language: {language}")).unwrap();
    let variants = languages.iter().map(variant).collect();
    At::new(world, server, Manner { kind: Some(kind), proof: Proof::Always, variants, ..Manner::default() })
}

/// One purge, and neither is there.
async fn go_together(world: &World, server: &Server, kind: EdgeKind) {
    let both = start(world, server, kind, &["de", "fr"]);
    both.holds(&[
        (Warm, "/varied", "warmed miss hit", "GET GET"),
        (Warm, "/varied", "present hit hit", ""),
        (Refresh, "/varied", "refreshed hit hit", "GET GET"),
        (Purge, "/varied", "removed hit miss", ""),
    ])
    .await;
    for language in ["de", "fr"] {
        let one = start(world, server, kind, &[language]);
        one.holds(&[(Warm, "/varied", "warmed miss hit", "GET")]).await;
    }
}

/// One purge, and the other comes back: so both cannot be purged, and are refreshed in turn.
async fn hide(world: &World, server: &Server, kind: EdgeKind) {
    let both = start(world, server, kind, &["de", "fr"]);
    let (german, french) = (start(world, server, kind, &["de"]), start(world, server, kind, &["fr"]));
    let plain = start(world, server, kind, &[]);
    both.holds(&[(Warm, "/varied", "warmed miss hit", "GET GET")]).await;
    plain.holds(&[(Purge, "/varied", "absent miss miss", "")]).await;
    both.holds(&[
        (Warm, "/varied", "present hit hit", ""),
        (Purge, "/varied", "unsupported unknown unknown", ""),
        (Refresh, "/varied", "refreshed hit hit", "GET GET"),
        (Warm, "/varied", "present hit hit", ""),
    ])
    .await;
    german.holds(&[(Purge, "/varied", "removed hit miss", "")]).await;
    french.holds(&[(Purge, "/varied", "absent miss miss", "")]).await;
    german.holds(&[(Warm, "/varied", "warmed miss hit", "GET")]).await;
    french.holds(&[(Warm, "/varied", "present hit hit", "")]).await;
}

#[tokio::test]
async fn go_together_at_traffic_server() {
    let Some(world) = World::before("Traffic Server", Ats::is_installed()) else { return };
    let setup = ats::Setup::default();
    let server = Ats::configure(&world.dir("e"), world.origin.addr(), setup).unwrap().start().unwrap();
    go_together(&world, &server, EdgeKind::Ats).await;
}

#[tokio::test]
async fn go_together_at_varnish() {
    let Some(world) = World::before("Varnish", Varnish::is_installed()) else { return };
    let vcl = Vcl::Shipped(Purging::Allowed);
    let server = Varnish::configure(&world.dir("e"), world.origin.addr(), vcl).unwrap().start().unwrap();
    go_together(&world, &server, EdgeKind::VarnishForebay).await;
}

#[tokio::test]
async fn hide_behind_each_other_at_nginx() {
    let Some(world) = World::before("nginx with its purge module", NginxCache::is_installed()) else {
        return;
    };
    let purge = nginx::Purge::Module(Purging::Allowed);
    let server =
        NginxCache::configure(&world.dir("e"), world.origin.addr(), purge, None).unwrap().start().unwrap();
    hide(&world, &server, EdgeKind::NginxPurge).await;
}

#[tokio::test]
async fn hide_behind_each_other_at_squid() {
    let Some(world) = World::before("Squid", Squid::is_installed()) else { return };
    let mode = Mode::Accelerator(None);
    let server = Squid::configure(&world.dir("e"), world.origin.addr(), mode, Purging::Allowed)
        .unwrap()
        .start()
        .unwrap();
    hide(&world, &server, EdgeKind::Squid).await;
}
