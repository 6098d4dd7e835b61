//! The two listening sockets: bound here, or handed over by systemd.
//!
//! With socket activation the sockets exist before the program does, so that a restart refuses nobody and a
//! port below 1024 needs no privileges. Sockets are told apart by name (`FileDescriptorName=http` and `=admin`) or,
//! without names, by order: the first is for clients, the second for operators.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use anyhow::{Context, anyhow, bail};
use forebay_net::TlsConfig;
use listenfd::ListenFd;

use crate::config::Config;

/// Listening sockets that were passed to this process.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) http: Option<TcpListener>,
    pub(crate) admin: Option<TcpListener>,
}

impl Passed {
    /// Takes what systemd passed, if it passed anything to this process.
    pub(crate) fn take() -> anyhow::Result<Self> {
        let names = crate::environment()
            .find(|(name, _)| name == "LISTEN_FDNAMES")
            .map(|(_, names)| names.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut passed = Self::default();
        let mut fds = ListenFd::from_env();
        for place in 0..fds.len() {
            let socket = fds.take_tcp_listener(place).context("a passed socket is not a TCP listener")?;
            let seat = match (names.split(':').nth(place), place) {
                (Some("http"), _) => &mut passed.http,
                (Some("admin"), _) => &mut passed.admin,
                (_, 0) => &mut passed.http,
                (_, 1) => &mut passed.admin,
                (name, _) => bail!(
                    "socket {place} was passed with the name {:?}; forebay takes one \"http\" and one \"admin\"",
                    name.unwrap_or_default()
                ),
            };
            if seat.is_some() {
                bail!("two sockets were passed for the same purpose; name them \"http\" and \"admin\"");
            }
            *seat = socket;
        }
        Ok(passed)
    }
}

/// The certificate and the key that the settings name.
pub(crate) fn tls(config: &Config) -> anyhow::Result<TlsConfig> {
    Ok(TlsConfig::from_pem(&config.serve.tls_cert, &config.serve.tls_key)?)
}

/// What to say of an address that cannot be bound.
pub(crate) fn cannot_listen(flag: &str, address: SocketAddr, error: io::Error) -> anyhow::Error {
    let advice = advice(flag, address, error.kind());
    anyhow::Error::new(error).context(anyhow!("cannot listen on {address}; {advice}"))
}

/// What to do about an address that cannot be bound.
pub(crate) fn advice(flag: &str, address: SocketAddr, kind: io::ErrorKind) -> String {
    let port = address.port();
    match kind {
        io::ErrorKind::AddrInUse => format!(
            "see who has the port with `ss -ltnp 'sport = :{port}'`, or choose another: --{flag} {} takes any free one",
            SocketAddr::new(address.ip(), 0)
        ),
        io::ErrorKind::PermissionDenied if port < 1024 => format!(
            "ports below 1024 need CAP_NET_BIND_SERVICE or systemd socket activation; or choose --{flag} {}",
            SocketAddr::new(address.ip(), 8080)
        ),
        io::ErrorKind::AddrNotAvailable => {
            format!("no interface of this machine has that address; --{flag} {} takes all", all(address))
        }
        _ => format!("choose another address with --{flag}"),
    }
}

fn all(address: SocketAddr) -> SocketAddr {
    let everywhere = if address.is_ipv4() { "0.0.0.0" } else { "::" };
    everywhere.parse().map_or(address, |ip| SocketAddr::new(ip, address.port()))
}
