//! Squid, as an accelerator (a reverse proxy that is asked with `Host`) and as a forward proxy (which is asked for whole URLs).
//!
//! Both take everything from the one origin, whatever the host is called: no name is looked up.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::ground::Ground;
use super::{HOST, Purging};
use crate::cert::Certificate;
use crate::process::{Server, free_port};

/// A directory for one Squid.
#[derive(Debug)]
pub struct Squid {
    ground: Ground,
    addr: SocketAddr,
}

/// Whose proxy it is.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// The origin's. With a certificate it speaks TLS only.
    Accelerator(Option<&'a Certificate>),
    /// Its clients'.
    Forward,
}

impl Squid {
    /// Writes a configuration into `dir` for a Squid in front of `origin`, with 16 MiB in memory and 64 on disk, that serves
    /// [`HOST`] and nothing else.
    ///
    /// # Errors
    /// Those of the file system and of the network.
    pub fn configure(dir: &Path, origin: SocketAddr, mode: Mode<'_>, purging: Purging) -> io::Result<Self> {
        let ground = Ground::prepare(dir)?;
        fs::create_dir_all(ground.dir.join("cache"))?;
        let addr = free_port()?;
        let listen = match mode {
            Mode::Forward => format!("http_port {addr}"),
            Mode::Accelerator(None) => format!("http_port {addr} accel vhost"),
            Mode::Accelerator(Some(certificate)) => {
                let (cert, key) = ground.certificate(certificate)?;
                let files = format!("tls-cert={} tls-key={}", cert.display(), key.display());
                format!("https_port {addr} accel vhost {files}")
            }
        };
        let allowed = if purging == Purging::Allowed { "http_access allow purge localhost" } else { "" };
        let text = CONFIG
            .replace("LISTEN", &listen)
            .replace("PEER", &format!("{} parent {} 0", origin.ip(), origin.port()))
            .replace("ALLOWED", allowed)
            .replace("SERVED", HOST)
            .replace("DIR", &ground.dir.display().to_string());
        ground.write("squid.conf", &text)?;
        Ok(Self { ground, addr })
    }

    /// Whether Squid is on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("squid").arg("-v").output().is_ok()
    }

    /// Starts it with what its cache on disk still holds.
    ///
    /// # Errors
    /// Squid is not installed, or does not listen in time.
    pub fn start(&self) -> io::Result<Server> {
        // The folders of its cache are made by a run of their own.
        let made = self.command(&["-z"])?.output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        Server::start_silent(self.command(&[])?, self.addr)
    }

    /// One process, in the foreground (`-N`).
    fn command(&self, arguments: &[&str]) -> io::Result<Command> {
        let mut command = Command::new("squid");
        command.arg("-N").args(arguments).arg("-f").arg(self.ground.dir.join("squid.conf"));
        self.ground.settle(&mut command)?;
        Ok(command)
    }
}

const CONFIG: &str = "\
LISTEN
cache_peer PEER no-query no-digest no-netdb-exchange originserver
never_direct allow all
acl purge method PURGE
acl served dstdomain SERVED
ALLOWED
http_access deny purge
http_access deny !served
http_access allow all
cache_mem 16 MB
cache_dir ufs DIR/cache 64 4 16
maximum_object_size 64 MB
coredump_dir DIR
pid_filename DIR/squid.pid
cache_log DIR/cache.log
netdb_filename none
access_log none
cache_store_log none
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname edge
";
