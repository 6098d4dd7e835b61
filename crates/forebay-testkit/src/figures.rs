//! What a process costs, as the kernel counts it: processor time, memory and descriptors, of the
//! process and all its children, because nginx is a master and its workers.

use std::fs;
use std::ops::{Add, Sub};
use std::time::Duration;

/// One reading of a process and its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// User and system time of all of them since they started.
    pub cpu: Duration,
    /// Anonymous resident memory (`RssAnon`), in bytes.
    pub anon: u64,
    /// All resident memory (`VmRSS`), in bytes.
    pub resident: u64,
    /// Open file descriptors.
    pub fds: u64,
}

/// Reads the figures of process `pid` and of its children. A process that is gone counts as nothing.
#[must_use]
pub fn of_tree(pid: u32) -> Figures {
    tree(pid).into_iter().map(of_process).fold(Figures::default(), Add::add)
}

/// The process and all its descendants.
#[must_use]
pub fn tree(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(&parent) = all.get(next) {
        // A child belongs to the thread that started it.
        let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|c| c.parse::<u32>().ok()));
        }
        next += 1;
    }
    all
}

fn of_process(pid: u32) -> Figures {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count) as u64;
    Figures { cpu: cpu(&stat), anon: kib(&status, "RssAnon:"), resident: kib(&status, "VmRSS:"), fds }
}

/// Fields 14 and 15 of `proc_pid_stat(5)`, counted after the last `)`: a name may hold blanks.
fn cpu(stat: &str) -> Duration {
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100)
}

pub(crate) fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) << 10
}

impl Add for Figures {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            anon: self.anon + other.anon,
            resident: self.resident + other.resident,
            fds: self.fds + other.fds,
        }
    }
}

/// The growth between two readings; memory that shrank counts as zero.
impl Sub for Figures {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            anon: self.anon.saturating_sub(before.anon),
            resident: self.resident.saturating_sub(before.resident),
            fds: self.fds.saturating_sub(before.fds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_blanks() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 100";
        assert_eq!(cpu(stat), Duration::from_secs(2));
    }

    #[test]
    fn this_process_has_memory_and_descriptors() {
        let here = of_tree(std::process::id());
        assert!(here.anon > 0 && here.resident >= here.anon && here.fds > 2, "{here:?}");
    }
}
