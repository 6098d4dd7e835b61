//! What will be served, and where: the directory, the addresses, the certificate.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
};

use super::Finding;
use crate::{config::Config, listeners};

/// How many names of the root are looked at.
const NAMES_LOOKED_AT_MAX: usize = 1000;

pub(super) fn root(root: &Path) -> Vec<Finding> {
    if root.as_os_str().is_empty() {
        return vec![Finding::warn("root", "no directory was named", "forebay doctor DIR looks at it, too")];
    }
    let shown = root.display();
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) => {
            let advice = match error.kind() {
                io::ErrorKind::NotFound => "create it, or name another directory",
                io::ErrorKind::NotADirectory => "name the directory that the file is in",
                io::ErrorKind::PermissionDenied => {
                    "let the user that runs forebay read it (chmod o+rx, or its group), and every directory above it"
                }
                _ => "check the disk and the mount",
            };
            return vec![Finding::fail("root", format!("{shown}: {error}"), advice)];
        }
    };
    let (mut seen, mut closed) = (0_usize, None);
    for entry in entries.flatten().take(NAMES_LOOKED_AT_MAX) {
        seen += 1;
        let readable = rustix::fs::access(entry.path(), rustix::fs::Access::READ_OK);
        if readable == Err(rustix::io::Errno::ACCESS) && closed.is_none() {
            closed = Some(entry.file_name());
        }
    }
    vec![match closed {
        Some(name) => Finding::warn(
            "root",
            format!("{shown}: `{}` cannot be read and will be answered with 403", name.to_string_lossy()),
            "chmod it, or leave it out of the root",
        ),
        None => Finding::ok("root", format!("{shown}: readable, {seen} names looked at")),
    }]
}

pub(super) fn addresses(config: &Config) -> Vec<Finding> {
    let mut findings = vec![address("listen", config.serve.listen)];
    if let Some(admin) = config.serve.admin.on() {
        findings.push(if admin.ip().is_loopback() || is_private(admin) {
            address("admin", admin)
        } else {
            Finding::warn(
                "admin",
                format!("{admin} can be reached from other machines"),
                "it asks for no password: use 127.0.0.1, or a firewall",
            )
        });
    }
    findings
}

fn address(about: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(about, format!("{address} is free")),
        Err(error) => Finding::fail(
            about,
            format!("cannot listen on {address}: {error}"),
            listeners::advice(about, address, error.kind()),
        ),
    }
}

fn is_private(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(v4) => v4.ip().is_private(),
        SocketAddr::V6(v6) => v6.ip().is_unique_local(),
    }
}

pub(super) fn certificate(config: &Config) -> Vec<Finding> {
    if !config.is_tls() {
        return Vec::new();
    }
    vec![match listeners::tls(config) {
        Ok(_) => Finding::ok("certificate", format!("{} and its key match", config.serve.tls_cert.display())),
        Err(error) => Finding::fail(
            "certificate",
            format!("{error:#}"),
            "give the chain, leaf first, and the key that it was made for",
        ),
    }]
}
