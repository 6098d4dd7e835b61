//! Large objects to nowhere: what forebay takes to have an edge send them, beside `curl -o /dev/null`.
//!
//! The edge is nginx with the object in its page cache, so that the client is what is measured.

use std::process::Command;

use forebay_testkit::edges::HOST;

use super::super::race::{Contestant, Measured, Race, race};
use super::stand::{COPIES, Stand};

pub(super) fn measure(stand: &Stand, rounds: usize, tls: bool) -> anyhow::Result<Vec<Measured>> {
    let edge = stand.nginx(tls)?;
    let list = stand.list("warm", "large", COPIES)?;
    let forebay = |flags: &'static [&'static str]| {
        let (stand, addr, list) = (stand, edge.addr, &list);
        move || {
            let mut command = Command::new(&stand.forebay);
            stand.on_edge(&mut command, "warm", addr, tls);
            command.args(["--edge-kind", "nginx", "--quiet", "--from"]).arg(list).args(flags);
            command
        }
    };
    let curl = |flags: &'static [&'static str]| {
        move || {
            let mut command = Command::new("curl");
            command.args(["--silent", "--fail", "--cacert"]).arg(&stand.cert.cert_path).args(flags);
            command.args(["--header", &format!("Host: {HOST}")]);
            for i in 0..COPIES {
                let scheme = if tls { "https" } else { "http" };
                command.args(["--output", "/dev/null", &format!("{scheme}://{}/large?{i}", edge.addr)]);
            }
            command
        }
    };
    let contest =
        Race { bytes: stand.large * COPIES, objects: COPIES, rounds, clear: &|| Ok(()), check: &|| Ok(()) };
    race(
        &contest,
        &[
            Contestant { name: "forebay", command: Box::new(forebay(&[])), input: None },
            Contestant {
                name: "forebay --edge-bulk 1",
                command: Box::new(forebay(&["--edge-bulk", "1"])),
                input: None,
            },
            Contestant {
                name: "forebay --memory 32MiB",
                command: Box::new(forebay(&["--memory", "32MiB"])),
                input: None,
            },
            Contestant { name: "forebay --digest", command: Box::new(forebay(&["--digest"])), input: None },
            Contestant { name: "curl -o /dev/null", command: Box::new(curl(&[])), input: None },
            Contestant {
                name: "curl --parallel -o /dev/null",
                command: Box::new(curl(&["--parallel"])),
                input: None,
            },
        ],
    )
}
