//! A process and those that it has started, ended so that none is left.
//!
//! A master that is killed cannot end its workers, and from then on nothing says whose they were. So they are taken hold of while it
//! lives, by descriptors (`pidfd_open(2)`): a number may belong to somebody else by the time it is used, a descriptor never does.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::figures;

/// The descendants of a process, as they were when it was made.
#[derive(Debug)]
pub(crate) struct Family(Vec<OwnedFd>);

/// How long a process that was killed may take to be gone.
const LAST_BREATH: Duration = Duration::from_secs(5);

impl Family {
    /// Takes hold of all that the process has started.
    pub(crate) fn of(pid: u32) -> Self {
        let children = figures::tree(pid).into_iter().skip(1);
        let pids = children.filter_map(|child| i32::try_from(child).ok().and_then(Pid::from_raw));
        Self(pids.filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()).collect())
    }

    /// Ends those that have not ended with their parent, and waits until they are gone.
    pub(crate) fn end(self) {
        for child in &self.0 {
            let _gone_already = pidfd_send_signal(child, Signal::KILL);
        }
        for child in &self.0 {
            let patience = Timespec::try_from(LAST_BREATH).ok();
            let _too_late_to_mend = poll(&mut [PollFd::new(child, PollFlags::IN)], patience.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_that_outlives_its_parent_is_ended() {
        let mut command = Command::new("sh");
        let mut parent =
            command.args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(parent.stdout.take().unwrap());
        let mut child = String::new();
        said.read_line(&mut child).unwrap();
        let family = Family::of(parent.id());
        parent.kill().unwrap();
        parent.wait().unwrap();
        let running = || std::fs::read_link(format!("/proc/{}/exe", child.trim())).is_ok();
        assert!(running());
        family.end();
        assert!(!running());
    }
}
