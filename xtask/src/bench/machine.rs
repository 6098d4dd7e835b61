//! The machine that the figures are from: without it they mean nothing.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::run;

/// Facts of this machine and versions of what runs on it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) nginx: String,
    pub(crate) rustc: String,
    pub(crate) tcp: String,
}

/// When a part was measured, and of which version.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Stamp {
    pub(crate) date: String,
    pub(crate) commit: String,
}

impl Stamp {
    pub(crate) fn now() -> Self {
        let said = |arguments: &[&str]| {
            let output = Command::new("git").args(arguments).current_dir(run::root()).output();
            output.map_or_else(|_| String::new(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
        };
        let commit = said(&["describe", "--always", "--dirty", "--exclude=*"]);
        Self { date: said_of("date", "+%F"), commit }
    }
}

impl Machine {
    /// This machine, now.
    pub(crate) fn read() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let sysctl = |name: &str| {
            let text = fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        Self {
            processor: field(&cpuinfo, "model name"),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory: field(&meminfo, "MemTotal"),
            kernel: said_of("uname", "-r"),
            nginx: said_of("nginx", "-v").replace("nginx version: ", ""),
            rustc: said_of("rustc", "-V"),
            tcp: format!("tcp_mem {} pages, tcp_wmem {}", sysctl("tcp_mem"), sysctl("tcp_wmem")),
        }
    }
}

fn field(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once(':').map_or(String::new(), |(_, value)| value.trim().to_owned())
}

/// What a program says of itself, on either stream.
fn said_of(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(
        |_| "absent".to_owned(),
        |o| {
            let words = if o.stdout.is_empty() { o.stderr } else { o.stdout };
            String::from_utf8_lossy(&words).trim().to_owned()
        },
    )
}
