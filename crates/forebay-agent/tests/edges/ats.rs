//! Apache Traffic Server.

use forebay_agent::Action::{Purge, Refresh, Warm};
use forebay_agent::edge::EdgeKind;
use forebay_testkit::edges::Purging;
use forebay_testkit::edges::ats::{Ats, Setup, Via};

use crate::rig::{At, Manner, World};

#[tokio::test]
async fn an_object_is_warmed_purged_and_refreshed_and_each_is_proved_without_the_origin() {
    let Some(world) = World::before("Traffic Server", Ats::is_installed()) else { return };
    let certificate = world.certificate();
    for (via, tls) in [(Via::Codes, Some(&certificate)), (Via::Off, None)] {
        let server =
            Ats::configure(&world.dir("e"), world.origin.addr(), Setup { via, tls, ..Setup::default() })
                .unwrap()
                .start()
                .unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let at = At::new(&world, &server, Manner { scheme, ..Manner::default() });
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
            (Warm, "http://other.example.test/a", "wrong-host unknown unknown", ""),
            (Purge, "http://other.example.test/a", "wrong-host unknown unknown", ""),
        ])
        .await;
        assert_eq!(at.worker.kind(), Some(EdgeKind::Ats));
    }
    let server = Ats::configure(
        &world.dir("r"),
        world.origin.addr(),
        Setup { purging: Purging::Refused, ..Setup::default() },
    )
    .unwrap()
    .start()
    .unwrap();
    let at = At::new(&world, &server, Manner::default());
    at.holds(&[(Purge, "/a", "refused unknown unknown", "")]).await;
}
