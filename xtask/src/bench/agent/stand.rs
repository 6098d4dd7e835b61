//! What all parts have in common: the program, the edges, the lists.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use forebay_testkit::cert::Certificate;
use forebay_testkit::edges::HOST;
use forebay_testkit::nginx::Nginx;
use forebay_testkit::pattern::{Pattern, sparse_file};
use forebay_testkit::process::Server;

use super::super::contender::Build;
use crate::run;

/// The object that is warmed, and how many URLs it has.
pub(super) const LARGE: u64 = 1 << 30;
pub(super) const COPIES: u64 = 8;

/// What is measured, or measures: package, kind and name.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("forebay", "--bin", "forebay"),
    ("forebay-testkit", "--bin", "peer"),
    ("forebay-agent", "--example", "queue_figures"),
];

pub(super) struct Stand {
    pub(super) forebay: PathBuf,
    /// The client that reads whole.
    pub(super) peer: PathBuf,
    /// What measures the queue.
    pub(super) queue: PathBuf,
    pub(super) work: PathBuf,
    pub(super) cert: Certificate,
    /// Bytes of the large object.
    pub(super) large: u64,
    /// URLs that are purged.
    pub(super) purges: u64,
    /// Objects of 1 GiB that are warmed in little memory.
    pub(super) many: u64,
    /// URLs that are purged meanwhile.
    pub(super) beside: u64,
    /// Rows of a queue.
    pub(super) rows: u64,
    site: PathBuf,
}

impl Stand {
    /// Builds the program and writes objects and lists (of so small a part of their size).
    pub(super) fn prepare(build: Build, part: u64) -> anyhow::Result<Self> {
        if build == Build::Release {
            for (package, kind, name) in PROGRAMS {
                let args = ["build", "--release", "--package", package, kind, name];
                run::step(&format!("build {name}"), run::cargo(args))?;
            }
        }
        let target = run::target_directory()?;
        let work = target.join("bench/agent");
        let site = work.join("site");
        fs::create_dir_all(&site)?;
        let large = LARGE / part;
        let file = site.join("large");
        if file.metadata().map_or(0, |m| m.len()) != large {
            Pattern::new(7).write_file(&file, large)?;
        }
        // In the page cache before anybody is measured.
        std::io::copy(&mut fs::File::open(&file)?, &mut std::io::sink())?;
        sparse_file(&site.join("sparse"), 1 << 30)?;
        let cert = Certificate::create(&work, "agent")?;
        let release = target.join("release");
        Ok(Self {
            forebay: release.join("forebay"),
            peer: release.join("peer"),
            queue: release.join("examples/queue_figures"),
            work,
            cert,
            large,
            purges: 400_000 / part,
            many: 1000 / part,
            beside: 200_000 / part,
            rows: 1_000_000 / part,
            site,
        })
    }

    /// nginx with the objects, as an edge that has them all.
    pub(super) fn nginx(&self, tls: bool) -> anyhow::Result<Server> {
        let cert = tls.then_some(&self.cert);
        let dir = self.work.join(if tls { "nginx-tls" } else { "nginx" });
        Ok(Nginx::configure(&dir, &self.site, cert)?.start(None)?)
    }

    /// A list of so many URLs, each with a query of its own.
    pub(super) fn list(&self, name: &str, path: &str, urls: u64) -> anyhow::Result<PathBuf> {
        let text = (0..urls).fold(String::new(), |mut text, i| {
            let _ = writeln!(text, "http://{HOST}/{path}?{i}");
            text
        });
        let file = self.work.join(name);
        fs::write(&file, text)?;
        Ok(file)
    }

    /// forebay, told to work on this edge.
    pub(super) fn on_edge(&self, command: &mut Command, action: &str, edge: SocketAddr, tls: bool) {
        command.current_dir(&self.work).arg(action);
        if tls {
            command.args(["--edge", &format!("https://{edge} tls-name=edge"), "--ca-cert"]);
            command.arg(&self.cert.cert_path);
        } else {
            command.args(["--edge", &format!("http://{edge}")]);
        }
    }

    /// What the programs say that they are.
    pub(super) fn versions(&self) -> Vec<String> {
        let said = |program: &Path, argument: &str| {
            let output = Command::new(program).arg(argument).output().ok()?;
            let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
            let text = String::from_utf8_lossy(&text).lines().find(|line| !line.is_empty())?.to_owned();
            Some(text.split_whitespace().take(4).collect::<Vec<_>>().join(" "))
        };
        let programs = [
            (&*self.forebay, "--version"),
            ("curl".as_ref(), "--version"),
            ("wrk".as_ref(), "-v"),
            ("traffic_server".as_ref(), "-V"),
        ];
        programs.iter().filter_map(|(program, argument)| said(program, argument)).collect()
    }
}
