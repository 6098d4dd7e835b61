//! Squid.

use forebay_agent::Action::{Purge, Refresh, Warm};
use forebay_agent::edge::EdgeKind;
use forebay_agent::work::Proof;
use forebay_net::client::TargetForm;
use forebay_testkit::edges::Purging;
use forebay_testkit::edges::squid::{Mode, Squid};
use forebay_testkit::process::Server;

use crate::rig::{At, Manner, World};

fn start(world: &World, mode: Mode<'_>, purging: Purging) -> Server {
    Squid::configure(&world.dir("squid"), world.origin.addr(), mode, purging).unwrap().start().unwrap()
}

/// It does not know a host that it does not serve until it would have to fetch from it.
#[tokio::test]
async fn in_both_modes_everything_is_proved_without_the_origin() {
    let Some(world) = World::before("Squid", Squid::is_installed()) else { return };
    let certificate = world.certificate();
    for (mode, form, scheme) in [
        (Mode::Accelerator(Some(&certificate)), TargetForm::Origin, "https"),
        (Mode::Forward, TargetForm::Absolute, "http"),
    ] {
        let server = start(&world, mode, Purging::Allowed);
        let manner = Manner { form, scheme, proof: Proof::Always, ..Manner::default() };
        let at = At::new(&world, &server, manner);
        at.holds(&[
            (Purge, "/a", "absent miss miss", ""),
            (Warm, "/a", "warmed miss hit", "GET"),
            (Warm, "/a", "present hit hit", ""),
            (Purge, "/a", "removed hit miss", ""),
            (Refresh, "/a", "refreshed miss hit", "GET"),
            (Refresh, "/a", "refreshed hit hit", "GET"),
            (Warm, "/chunked", "warmed miss hit", "GET"),
            (Warm, "/encoded", "warmed miss hit", "GET"),
            (Purge, "/encoded", "removed hit miss", ""),
            (Warm, "/private", "not-stored miss miss", "GET"),
            (Warm, "/none", "status miss miss", "GET"),
            (Warm, "/moved", "redirect miss miss", "GET"),
            (Purge, "http://other.example.test/a", "absent miss miss", ""),
            (Warm, "http://other.example.test/a", "status miss miss", ""),
            (Purge, "/a", "removed hit miss", ""),
            (Purge, "/chunked", "removed hit miss", ""),
        ])
        .await;
        assert_eq!(at.worker.kind(), Some(EdgeKind::Squid));
    }
    let server = start(&world, Mode::Accelerator(None), Purging::Refused);
    At::new(&world, &server, Manner::default()).holds(&[(Purge, "/a", "refused unknown unknown", "")]).await;
}
