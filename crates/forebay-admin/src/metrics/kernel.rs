//! What the kernel says of this process: memory, time, descriptors, sockets.
//!
//! The ledger says what we meant to use; these say what we use. The names without our prefix are those that the
//! Prometheus clients of all languages share.

use std::{fmt, path::Path};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::{
    family::{Families, Name},
    process, sockets,
};

const CPU: Name = Name::seconds("process_cpu", "Processor time, user and system");
const START: Name = Name::seconds("process_start_time", "When the process started, since 1970");
const RESIDENT: Name = Name::bytes("process_resident_memory", "Memory in RAM, pages of files included");
const ANONYMOUS: Name = Name::bytes("forebay_process_anonymous", "Memory in RAM that no file backs");
const THREADS: Name = Name::count("process_threads", "Threads");
const OPEN_FDS: Name = Name::count("process_open_fds", "Open file descriptors");
const MAX_FDS: Name = Name::count("process_max_fds", "Most file descriptors that may be open");
const CLOSE_WAIT: Name =
    Name::count("forebay_sockets_close_wait", "Sockets of this process that the peer closed and we did not");
const TCP_MEMORY: Name =
    Name::bytes("forebay_socket_memory", "Kernel memory of the TCP sockets of this process");
const FAILED: Name =
    Name::count("forebay_scrape_errors", "Sources of the kernel that could not be read in this scrape");

/// Figures of the kernel. What cannot be read is left out and counted.
#[derive(Debug)]
pub(super) struct Kernel;

impl Collector for Kernel {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        let mut failed = 0;
        let proc = Path::new("/proc/self");
        match process::read() {
            Ok(process) => {
                families.counter(CPU, process.cpu.as_secs_f64())?;
                families.gauge(START, process.started_at.as_secs_f64())?;
                families.gauge(RESIDENT, process.resident as f64)?;
                families.gauge(ANONYMOUS, process.anonymous as f64)?;
                families.gauge(THREADS, process.threads as f64)?;
                if let Some(max) = process.fds_max {
                    families.gauge(MAX_FDS, max as f64)?;
                }
            }
            Err(_) => failed += 1,
        }
        for (name, figure) in [
            (OPEN_FDS, sockets::open_fds(proc)),
            (CLOSE_WAIT, sockets::close_wait(proc)),
            (TCP_MEMORY, sockets::own_memory(proc)),
        ] {
            match figure {
                Ok(value) => families.gauge(name, value as f64)?,
                Err(_) => failed += 1,
            }
        }
        families.gauge(FAILED, f64::from(failed))
    }
}
