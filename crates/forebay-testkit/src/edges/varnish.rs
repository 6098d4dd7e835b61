//! Varnish, with one of two VCLs: the one that the project ships, and none but its own, which pipes what it does not know (PURGE, say)
//! to the origin.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::Purging;
use super::ground::Ground;
use crate::process::{Server, free_port};

/// A directory for one Varnish.
#[derive(Debug)]
pub struct Varnish {
    ground: Ground,
    addr: SocketAddr,
}

/// What it has been taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vcl {
    /// What it brings along.
    Builtin,
    /// `contrib/varnish/forebay.vcl`.
    Shipped(Purging),
}

/// The shipped VCL, as it is shipped.
const SHIPPED: &str = include_str!("../../../../contrib/varnish/forebay.vcl");

impl Varnish {
    /// Writes a VCL into `dir` for a Varnish in front of `origin`.
    ///
    /// # Errors
    /// Those of the file system and of the network.
    pub fn configure(dir: &Path, origin: SocketAddr, vcl: Vcl) -> io::Result<Self> {
        let ground = Ground::prepare(dir)?;
        let mut text = String::from("vcl 4.1;\n");
        if let Vcl::Shipped(purging) = vcl {
            let shipped = match purging {
                Purging::Allowed => SHIPPED.to_owned(),
                // An address of documentation (RFC 5737): no agent is there.
                Purging::Refused => SHIPPED.replace("\"127.0.0.1\"", "\"192.0.2.1\""),
            };
            let path = ground.write("forebay.vcl", &shipped)?;
            text += &format!("include \"{}\";\n", path.display());
        }
        let (host, port) = (origin.ip(), origin.port());
        text += &format!("backend origin {{ .host = \"{host}\"; .port = \"{port}\"; }}\n");
        ground.write("edge.vcl", &text)?;
        Ok(Self { ground, addr: free_port()? })
    }

    /// Whether Varnish is on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("varnishd").arg("-V").output().is_ok()
    }

    /// Starts it with 64 MiB in memory, none of them used.
    ///
    /// # Errors
    /// Varnish is not installed, or its VCL is not compiled in time.
    pub fn start(&self) -> io::Result<Server> {
        let mut command = Command::new("varnishd");
        command.arg("-F").arg("-n").arg(self.ground.dir.join("state"));
        command.arg("-a").arg(self.addr.to_string()).arg("-f").arg(self.ground.dir.join("edge.vcl"));
        command.args(["-s", "malloc,64m", "-j", "none"]);
        self.ground.settle(&mut command)?;
        Server::start_silent(command, self.addr)
    }
}
