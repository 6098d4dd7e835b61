//! Who is measured, and how each is started: alike in all that is not the point of the comparison.
//!
//! Each runs in a memory cgroup of its own without a limit, which only counts.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use forebay_testkit::cert::Certificate;
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::nginx::Nginx;
use forebay_testkit::pattern::{Pattern, sparse_file};
use forebay_testkit::process::Server;
use serde::{Deserialize, Serialize};

use crate::run;

/// A server that is measured.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    Forebay,
    Nginx,
    ServeDir,
}

/// Plain or encrypted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Http,
    Https,
}

/// A started contender. The process goes before the group that it is in.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) group: Option<MemoryGroup>,
}

/// What all contenders have in common: programs, files, certificate.
pub(crate) struct Stand {
    work: PathBuf,
    site: PathBuf,
    forebay: PathBuf,
    peer: PathBuf,
    cert: Certificate,
}

/// The sizes of the files that are fetched.
pub(crate) const SIZES: [(u64, &str); 5] =
    [(1 << 10, "1 KiB"), (64 << 10, "64 KiB"), (1 << 20, "1 MiB"), (10 << 20, "10 MiB"), (1 << 30, "1 GiB")];

impl Contender {
    pub(crate) const ALL: [Self; 3] = [Self::Forebay, Self::Nginx, Self::ServeDir];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Forebay => "forebay",
            Self::Nginx => "nginx",
            Self::ServeDir => "tower-http ServeDir",
        }
    }
}

impl Protocol {
    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Stand {
    /// Builds the programs in the release profile, unless told not to, and writes the files.
    pub(crate) fn prepare(build: Build) -> anyhow::Result<Self> {
        if build == Build::Release {
            for (package, program) in [("forebay", "forebay"), ("forebay-testkit", "peer")] {
                let args = ["build", "--release", "--package", package, "--bin", program];
                run::step(&format!("build {program}"), run::cargo(args))?;
            }
        }
        let target = run::target_directory()?;
        let work = target.join("bench");
        let site = work.join("site");
        fs::create_dir_all(&site)?;
        for (size, _) in SIZES {
            let file = site.join(file_name(size));
            if file.metadata().map_or(0, |m| m.len()) != size {
                Pattern::new(size).write_file(&file, size)?;
            }
            // In the page cache before anybody is measured.
            std::io::copy(&mut fs::File::open(&file)?, &mut std::io::sink())?;
        }
        sparse_file(&site.join("stall.bin"), 1 << 30)?;
        let cert = Certificate::create(&work, "bench")?;
        let release = target.join("release");
        Ok(Self { forebay: release.join("forebay"), peer: release.join("peer"), work, site, cert })
    }

    /// Where scratch files and results go.
    pub(crate) fn work(&self) -> &Path {
        &self.work
    }

    /// What is served.
    pub(crate) fn site(&self) -> &Path {
        &self.site
    }

    /// The certificate, where one is needed.
    pub(crate) fn certificate(&self, protocol: Protocol) -> Option<&Certificate> {
        (protocol == Protocol::Https).then_some(&self.cert)
    }

    /// Starts forebay before an origin.
    pub(crate) fn start_before(&self, origin: &str, protocol: Protocol) -> anyhow::Result<Running> {
        self.start_forebay(origin.as_ref(), protocol, &[])
    }

    /// Starts a contender; `extra` are arguments for forebay.
    pub(crate) fn start(
        &self,
        who: Contender,
        protocol: Protocol,
        extra: &[&str],
    ) -> anyhow::Result<Running> {
        let group = MemoryGroup::create(None).ok();
        let tls = self.certificate(protocol);
        let server = match who {
            Contender::Nginx => {
                Nginx::configure(&self.work.join("nginx"), &self.site, tls)?.start(group.as_ref())
            }
            Contender::ServeDir => {
                let mut command = enter(group.as_ref(), &self.peer);
                command.arg("serve-dir").arg(&self.site);
                if let Some(tls) = tls {
                    command.args([&tls.cert_path, &tls.key_path]);
                }
                Server::start(command)
            }
            Contender::Forebay => return self.start_forebay(self.site.as_os_str(), protocol, extra),
        };
        Ok(Running { server: server.with_context(|| who.name())?, group })
    }

    fn start_forebay(&self, root: &OsStr, protocol: Protocol, extra: &[&str]) -> anyhow::Result<Running> {
        let group = MemoryGroup::create(None).ok();
        let mut command = enter(group.as_ref(), &self.forebay);
        command.arg("serve").arg(root).args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.arg("--access-log=false").args(extra);
        if let Some(tls) = self.certificate(protocol) {
            command.arg("--tls-cert").arg(&tls.cert_path).arg("--tls-key").arg(&tls.key_path);
        }
        Ok(Running { server: Server::start(command).context("forebay")?, group })
    }

    /// Starts the upload server of the testkit in one of its modes.
    pub(crate) fn start_upload(&self, mode: &str) -> anyhow::Result<Running> {
        let group = MemoryGroup::create(None).ok();
        let mut command = enter(group.as_ref(), &self.peer);
        command.arg(mode).arg(&self.site);
        Ok(Running { server: Server::start(command)?, group })
    }
}

/// Whether to build the programs first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Release,
    Skip,
}

/// The name of the file of this size.
pub(crate) fn file_name(size: u64) -> String {
    format!("{size}.bin")
}

/// How a size is written.
pub(crate) fn size_name(size: u64) -> &'static str {
    SIZES.iter().find(|(s, _)| *s == size).map_or("?", |(_, name)| name)
}

fn enter(group: Option<&MemoryGroup>, program: &Path) -> Command {
    group.map_or_else(|| Command::new(program), |group| group.command(program))
}
