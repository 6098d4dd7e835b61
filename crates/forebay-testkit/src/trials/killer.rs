//! Killing a process from inside of its own request.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::process::{Pid, Signal, kill_process};

use crate::fake::Action;

/// Kills the process that it is aimed at when its action happens.
#[derive(Clone, Debug, Default)]
pub(super) struct Killer(Arc<(Mutex<Option<Pid>>, Condvar)>);

/// Between the start of a process and the aim there is nothing to wait for.
const AIM: Duration = Duration::from_secs(10);

impl Killer {
    /// What a script does.
    pub(super) fn action(&self) -> Action {
        let there = Arc::clone(&self.0);
        Action::new(move || {
            let (target, aimed) = &*there;
            let mut pid = target.lock();
            let _ = aimed.wait_while_for(&mut pid, |pid| pid.is_none(), AIM);
            if let Some(pid) = *pid {
                let _ = kill_process(pid, Signal::KILL);
            }
        })
    }

    pub(super) fn aim(&self, pid: Pid) {
        *self.0.0.lock() = Some(pid);
        self.0.1.notify_all();
    }
}
