//! Apache Traffic Server as a reverse proxy, with a run root of its own (`traffic_layout(8)`).
//!
//! It takes connections only when its cache is there (`wait_for_cache`): an ATS that listens earlier answers from the origin and keeps
//! nothing, and whoever warms it meanwhile believes in vain.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::ground::Ground;
use super::{HOST, Purging};
use crate::cert::Certificate;
use crate::process::{Server, free_port};

/// A run root for one ATS.
#[derive(Debug)]
pub struct Ats {
    ground: Ground,
    addr: SocketAddr,
}

/// How it is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The hosts that it has a rule for; any other is answered `404 Not Found on Accelerator`. All lead to the one origin, so they share
    /// their objects: the key is the URL after the rule.
    pub hosts: &'a [&'a str],
    /// Bytes of its cache on disk, allocated at its start.
    pub disk: u64,
    /// Bytes of its cache in memory; 0 for none.
    pub memory: u64,
    /// What it says of itself in `Via`.
    pub via: Via,
    /// Whether it lets this machine purge.
    pub purging: Purging,
    /// With a certificate it speaks TLS only.
    pub tls: Option<&'a Certificate>,
}

/// How much of a transaction stands in the `Via` of an answer (`insert_response_via_str`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// Nothing, not even the field: the default of ATS.
    Off,
    /// All of its codes.
    #[default]
    Codes,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            hosts: &[HOST],
            disk: 64 << 20,
            memory: 0,
            via: Via::default(),
            purging: Purging::default(),
            tls: None,
        }
    }
}

/// Where Debian has the configuration that this one begins from.
const SYSTEM: &str = "/etc/trafficserver";

impl Ats {
    /// Writes a run root into `dir` for an ATS in front of `origin`.
    ///
    /// # Errors
    /// Those of the file system and of the network; ATS is not installed.
    pub fn configure(dir: &Path, origin: SocketAddr, setup: Setup<'_>) -> io::Result<Self> {
        let ground = Ground::prepare(dir)?;
        for part in ["etc", "cache", "log", "run"] {
            fs::create_dir_all(ground.dir.join(part))?;
        }
        copy(Path::new(SYSTEM), &ground.dir.join("etc"))?;
        let addr = free_port()?;
        let root = ground.dir.display();
        ground.write("runroot.yaml", &RUN_ROOT.replace("ROOT", &root.to_string()))?;
        ground.write("etc/storage.config", &format!("{root}/cache {}\n", setup.disk))?;
        ground.write("etc/remap.config", &rules(origin, setup))?;
        if setup.purging == Purging::Refused {
            ground.write("etc/ip_allow.yaml", REFUSING)?;
        }
        if let Some(certificate) = setup.tls {
            let (cert, key) = ground.certificate(certificate)?;
            let line = format!("dest_ip=* ssl_cert_name={} ssl_key_name={}\n", cert.display(), key.display());
            ground.write("etc/ssl_multicert.config", &line)?;
        }
        let path = ground.dir.join("etc/records.config");
        let records = fs::read_to_string(&path)?;
        fs::write(path, records + &settings(addr, setup))?;
        Ok(Self { ground, addr })
    }

    /// Whether ATS is on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("traffic_server").arg("-V").output().is_ok() && Path::new(SYSTEM).is_dir()
    }

    /// Starts it with what its cache on disk still holds.
    ///
    /// # Errors
    /// ATS is not installed, or its cache is not ready in time.
    pub fn start(&self) -> io::Result<Server> {
        let mut command = Command::new("traffic_server");
        command.arg(format!("--run-root={}", self.ground.dir.display()));
        self.ground.settle(&mut command)?;
        Server::start_silent(command, self.addr)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The rules from public hosts to the origin.
fn rules(origin: SocketAddr, setup: Setup<'_>) -> String {
    let scheme = if setup.tls.is_some() { "https" } else { "http" };
    setup.hosts.iter().fold(String::new(), |mut all, host| {
        let _ = writeln!(all, "map {scheme}://{host}/ http://{origin}/");
        all
    })
}

/// Settings that stand behind those of the system, and so count.
fn settings(addr: SocketAddr, setup: Setup<'_>) -> String {
    let tls = if setup.tls.is_some() { ":ssl" } else { "" };
    let via = if setup.via == Via::Codes { 3 } else { 0 };
    SETTINGS
        .replace("LISTEN", &format!("{}{tls}:ip-in={}", addr.port(), addr.ip()))
        .replace("MEMORY", &setup.memory.to_string())
        .replace("CODES", &via.to_string())
}

/// No user to become (`#-1`): it is an ordinary one already.
const SETTINGS: &str = "
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.http.server_ports STRING LISTEN
CONFIG proxy.config.http.wait_for_cache INT 3
CONFIG proxy.config.http.insert_response_via_str INT CODES
CONFIG proxy.config.http.cache.required_headers INT 0
CONFIG proxy.config.cache.ram_cache.size INT MEMORY
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.crash_log_helper STRING NULL
";

const RUN_ROOT: &str = "\
prefix: ROOT
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: ROOT/etc
datadir: ROOT/cache
includedir: /usr/include
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: ROOT/run
runtimedir: ROOT/run
logdir: ROOT/log
cachedir: ROOT/cache
";

const REFUSING: &str = "\
ip_allow:
  - apply: in
    ip_addrs: 0/0
    action: deny
    methods: [PURGE, PUSH]
";
