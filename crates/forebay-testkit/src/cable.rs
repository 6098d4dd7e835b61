//! Two network namespaces and the cable between them, which can be pulled.
//!
//! A proxy that misbehaves still is a host that answers: its kernel acknowledges, resets and closes. Where a cable is pulled nothing of that
//! comes, only silence, and it is the silence that a transfer has to notice by itself. Needs root and `ip`; both namespaces
//! are gone when the cable is dropped and nobody is in them any more.

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// What both ends of the cable are called, each in its own namespace.
const DEVICE: &str = "cable";

/// Two namespaces that reach each other and nothing else.
#[derive(Debug)]
pub struct Cable {
    /// Where clients are.
    pub near: End,
    /// Where their server is.
    pub far: End,
}

/// One end, in a namespace of its own.
#[derive(Debug)]
pub struct End {
    name: String,
    ip: Ipv4Addr,
}

impl Cable {
    /// Lays a cable that is plugged in at both ends.
    ///
    /// # Errors
    /// What this machine does not allow, in words.
    pub fn lay() -> Result<Self, String> {
        static LAID: AtomicU32 = AtomicU32::new(0);
        let name = format!("forebay-{}-{}", process::id(), LAID.fetch_add(1, Relaxed));
        let end = |side: &str, host| End::create(format!("{name}-{side}"), Ipv4Addr::new(10, 77, 0, host));
        let cable = Self { near: end("near", 1)?, far: end("far", 2)? };
        let (near, far) = (cable.near.name.as_str(), cable.far.name.as_str());
        ip(&["-n", near, "link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", far])?;
        cable.near.bring_up()?;
        cable.far.bring_up()?;
        Ok(cable)
    }

    /// What pulls it, to be called from anywhere and more than once.
    pub fn puller(&self) -> impl Fn() + Send + Sync + 'static {
        let far = self.far.name.clone();
        // Who waits for what follows finds out that it did not.
        move || drop(ip(&["-n", &far, "link", "set", DEVICE, "down"]))
    }

    /// Puts it back.
    ///
    /// # Errors
    /// Those of `ip`.
    pub fn plug(&self) -> Result<(), String> {
        ip(&["-n", &self.far.name, "link", "set", DEVICE, "up"])
    }
}

impl End {
    fn create(name: String, ip: Ipv4Addr) -> Result<Self, String> {
        self::ip(&["netns", "add", &name])?;
        Ok(Self { name, ip })
    }

    fn bring_up(&self) -> Result<(), String> {
        let address = format!("{}/24", self.ip);
        ip(&["-n", &self.name, "addr", "add", &address, "dev", DEVICE])?;
        ip(&["-n", &self.name, "link", "set", "lo", "up"])?;
        ip(&["-n", &self.name, "link", "set", DEVICE, "up"])
    }

    /// Its address.
    #[must_use]
    pub const fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// Does something inside: sockets, threads and processes that it makes stay there.
    ///
    /// # Panics
    /// If `what` does, or if the namespace cannot be entered.
    pub fn inside<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let enter = || {
            let namespace = File::open(format!("/run/netns/{}", self.name))?;
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            io::Result::Ok(())
        };
        // A thread of its own, because a thread that has entered stays.
        std::thread::scope(|scope| {
            let visit = scope.spawn(|| enter().map(|()| what()));
            match visit.join() {
                Ok(Ok(done)) => done,
                Ok(Err(error)) => panic!("cannot enter {}: {error}", self.name),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // The devices go with their namespaces.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// Runs `ip` with these words.
fn ip(words: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(words).output().map_err(|error| format!("ip: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
