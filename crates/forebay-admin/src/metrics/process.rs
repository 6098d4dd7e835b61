//! Memory and time of this process, from `/proc/self` (proc(5)).

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::{
    param::clock_ticks_per_second,
    process::{Resource, getrlimit},
};
use serde::{Serialize, Serializer};

/// What the kernel says of this process. Memory is in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Process {
    /// Memory in RAM.
    pub(crate) resident: u64,
    /// The part of it that no file backs: what only swapping or ending the process gives back.
    pub(crate) anonymous: u64,
    /// Threads now.
    pub(crate) threads: u64,
    /// Processor time, user and system. Serialised in seconds, like all times here.
    #[serde(serialize_with = "seconds")]
    pub(crate) cpu: Duration,
    /// When the process started, since 1970.
    #[serde(serialize_with = "seconds")]
    pub(crate) started_at: Duration,
    /// Since the start.
    #[serde(serialize_with = "seconds")]
    pub(crate) uptime: Duration,
    /// The soft limit on descriptors, if there is one.
    pub(crate) fds_max: Option<u64>,
}

/// Reads the figures of this process.
pub(crate) fn read() -> io::Result<Process> {
    read_from(Path::new("/proc"))
}

fn read_from(proc: &Path) -> io::Result<Process> {
    let status = fs::read_to_string(proc.join("self/status"))?;
    let stat = fs::read_to_string(proc.join("self/stat"))?;
    let system = fs::read_to_string(proc.join("stat"))?;
    let odd = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("no {what} under /proc"));
    let kib = |key: &str| field(&status, key).map(|kib| kib * 1024).ok_or_else(|| odd(key));
    // The second field is the program's name in parentheses, and may hold anything: count from its end.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse().ok()).map(from_ticks);
    let (Some(user), Some(kernel), Some(since_boot)) = (ticks(11), ticks(12), ticks(19)) else {
        return Err(odd("times"));
    };
    let booted_at = Duration::from_secs(field(&system, "btime").ok_or_else(|| odd("btime"))?);
    let started_at = booted_at + since_boot;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Process {
        resident: kib("VmRSS:")?,
        anonymous: kib("RssAnon:")?,
        threads: field(&status, "Threads:").ok_or_else(|| odd("Threads"))?,
        cpu: user + kernel,
        started_at,
        uptime: now.saturating_sub(started_at),
        fds_max: getrlimit(Resource::Nofile).current,
    })
}

/// The number after `key`, at the start of a line.
fn field(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn from_ticks(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64)
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{field, read};

    #[test]
    fn this_process_has_memory_and_threads() {
        let process = read().unwrap();
        assert!(process.resident >= process.anonymous && process.anonymous > 0);
        assert!(process.threads >= 1);
    }

    #[test]
    fn a_field_is_found_by_its_whole_key() {
        assert_eq!(field("VmRSSx: 1\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12));
        assert_eq!(field("nothing", "VmRSS:"), None);
    }
}
