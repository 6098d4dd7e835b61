//! The most memory that a process has had: `VmHWM`, the counter that the kernel keeps by itself and that no sampling can miss.

use std::fs;
use std::io;

/// Forgets the peak, so that what comes next is counted alone (`clear_refs` 5, proc(5)).
///
/// # Errors
/// The process is gone, or is not ours.
pub fn reset(pid: u32) -> io::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

/// The peak resident memory in bytes since the start or the last [`reset`]. A process that is gone counts as nothing.
#[must_use]
pub fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    crate::figures::kib(&status, "VmHWM:")
}

/// The peak of a command from its start to its end, in bytes, as `wait4(2)` would tell: watched from outside, so that the last
/// reading before the end counts.
#[derive(Debug)]
pub struct Watch {
    thread: std::thread::JoinHandle<u64>,
}

impl Watch {
    /// Watches a process until it has ended.
    #[must_use]
    pub fn start(pid: u32) -> Self {
        let thread = std::thread::spawn(move || {
            let mut peak = 0;
            let never = parking_lot::Mutex::new(());
            let tick = parking_lot::Condvar::new();
            loop {
                let now = resident(pid);
                if now == 0 {
                    return peak;
                }
                peak = peak.max(now);
                let _ = tick.wait_for(&mut never.lock(), std::time::Duration::from_millis(10));
            }
        });
        Self { thread }
    }

    /// The peak, once the process has ended and was waited for.
    #[must_use]
    pub fn finish(self) -> u64 {
        self.thread.join().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_given_back_still_counts_until_it_is_reset() {
        // A process of its own: other tests share this one.
        let hog = "x=$(head -c 50000000 /dev/zero | tr '\\0' a); unset x; echo; read line";
        let mut child = std::process::Command::new("bash")
            .args(["-c", hog])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let before = resident(child.id());
        reset(child.id()).unwrap();
        let after = resident(child.id());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(before > 50_000_000 && after < before, "{before} and then {after}");
        assert_eq!(resident(child.id()), 0);
    }
}
