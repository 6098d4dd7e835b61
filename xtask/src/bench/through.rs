//! What is not here: a proxy that fetches from an origin and passes on, nothing stored.
//!
//! The origin is the same nginx for all contenders and is not measured. nginx in between is set up both ways: with
//! `proxy_buffering off`, which keeps nothing on disk, and with its default, which writes what the client cannot take yet to
//! temporary files.

use std::time::Duration;

use anyhow::Context as _;
use forebay_testkit::cgroup::MemoryGroup;
use forebay_testkit::nginx::{Buffering, Nginx};
use forebay_testkit::process::Server;
use serde::{Deserialize, Serialize};

use super::contender::{Protocol, Running, Stand, file_name};
use super::results::{Round, median};
use super::wrk::{self, Load};

/// The object and the clients of the published baselines.
const SIZE: u64 = 10 << 20;
pub(crate) const CONNECTIONS: [u32; 2] = [4, 32];

/// A proxy that is measured.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Proxy {
    Forebay,
    NginxUnbuffered,
    NginxBuffered,
}

/// One proxy over one protocol (the clients'; the origin speaks plain HTTP) with so many clients.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Through {
    pub(crate) proxy: Proxy,
    pub(crate) protocol: Protocol,
    pub(crate) connections: u32,
    pub(crate) rounds: Vec<Round>,
}

impl Proxy {
    pub(crate) const ALL: [Self; 3] = [Self::Forebay, Self::NginxUnbuffered, Self::NginxBuffered];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Forebay => "forebay",
            Self::NginxUnbuffered => "nginx, proxy_buffering off",
            Self::NginxBuffered => "nginx, proxy_buffering on",
        }
    }
}

impl Through {
    pub(crate) fn cpu_per_gb(&self) -> f64 {
        median(self.rounds.iter().map(Round::cpu_per_gb))
    }

    pub(crate) fn bytes_per_second(&self) -> f64 {
        median(self.rounds.iter().map(|r| r.bytes / r.seconds))
    }
}

/// Measures all proxies, interleaved.
pub(crate) fn measure(stand: &Stand, rounds: usize) -> anyhow::Result<Vec<Through>> {
    let origin = Nginx::configure(&stand.work().join("origin"), stand.site(), None)?.start(None)?;
    let mut all = Vec::new();
    for protocol in [Protocol::Http, Protocol::Https] {
        for connections in CONNECTIONS {
            all.extend(point(stand, &origin, (protocol, connections), rounds)?);
        }
    }
    Ok(all)
}

fn point(
    stand: &Stand,
    origin: &Server,
    (protocol, connections): (Protocol, u32),
    rounds: usize,
) -> anyhow::Result<Vec<Through>> {
    let mut started = Vec::new();
    for proxy in Proxy::ALL {
        let running = start(stand, proxy, protocol, origin)?;
        let url = format!("{}://{}/{}", protocol.scheme(), running.server.addr, file_name(SIZE));
        wrk::load(&running, stand.work(), Load { url: &url, connections, lasting: Duration::from_secs(1) })?;
        started.push((Through { proxy, protocol, connections, rounds: Vec::new() }, running, url));
    }
    for _ in 0..rounds {
        for (through, running, url) in &mut started {
            let load = Load { url, connections, lasting: Duration::from_secs(3) };
            through.rounds.push(wrk::load(running, stand.work(), load)?);
        }
    }
    let all: Vec<Through> = started.into_iter().map(|(through, ..)| through).collect();
    for through in &all {
        eprintln!(
            "through, {:5} × {:<3} {:27} {:>8.0} MB/s {:>6.3} cpu-s/GB, {} errors",
            protocol.scheme(),
            connections,
            through.proxy.name(),
            through.bytes_per_second() / 1e6,
            through.cpu_per_gb(),
            through.rounds.iter().map(|r| r.errors).sum::<f64>(),
        );
    }
    Ok(all)
}

fn start(stand: &Stand, proxy: Proxy, protocol: Protocol, origin: &Server) -> anyhow::Result<Running> {
    let buffering = match proxy {
        Proxy::Forebay => return stand.start_before(&format!("http://{}/", origin.addr), protocol),
        Proxy::NginxUnbuffered => Buffering::Off,
        Proxy::NginxBuffered => Buffering::On,
    };
    let group = MemoryGroup::create(None).ok();
    let tls = stand.certificate(protocol);
    let nginx = Nginx::configure_proxy(&stand.work().join("proxy"), origin.addr, buffering, tls)?;
    Ok(Running { server: nginx.start(group.as_ref()).context(proxy.name())?, group })
}
