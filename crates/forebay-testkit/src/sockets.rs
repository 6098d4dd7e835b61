//! The sockets of one process by their state, as the kernel has them: the counter of the leaked socket.
//!
//! `/proc/PID/fd` names the sockets that the process holds, `/proc/PID/net/tcp` the state of each. A socket whose connection both sides
//! have closed is in neither.

use std::collections::HashSet;
use std::fs;

/// TCP sockets that a process holds, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sockets {
    /// Both sides are open.
    pub established: usize,
    /// It knocks, and nobody has answered yet.
    pub connecting: usize,
    /// The other side has closed, and this process has not noticed or does not care.
    pub close_wait: usize,
    /// It waits for connections.
    pub listening: usize,
    /// Any other state.
    pub other: usize,
}

impl Sockets {
    /// Counts those of a process. One that is gone has none.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let mut counted = Self::default();
        let held = inodes(pid);
        for table in ["tcp", "tcp6"] {
            let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
            for line in text.lines().skip(1) {
                if let Some((state, inode)) = row(line)
                    && held.contains(&inode)
                {
                    counted.add(state);
                }
            }
        }
        counted
    }

    /// All of them.
    #[must_use]
    pub const fn total(self) -> usize {
        self.established + self.connecting + self.close_wait + self.listening + self.other
    }

    /// By the kernel's number for the state (`include/net/tcp_states.h`).
    fn add(&mut self, state: u8) {
        match state {
            0x01 => self.established += 1,
            0x02 => self.connecting += 1,
            0x08 => self.close_wait += 1,
            0x0a => self.listening += 1,
            _ => self.other += 1,
        }
    }
}

/// Fields 4 and 10: state and inode.
fn row(line: &str) -> Option<(u8, u64)> {
    let mut fields = line.split_whitespace().skip(3);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    Some((state, fields.nth(5)?.parse().ok()?))
}

fn inodes(pid: u32) -> HashSet<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return HashSet::new() };
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links.filter_map(|l| l.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_kernels_table() {
        let line = "  42: 0100007F:C350 0100007F:1F90 08 00000000:00000001 00:00000000 00000000  1000        0 123456 1";
        assert_eq!(row(line), Some((8, 123_456)));
    }
}
