//! For tests: kernels and file systems that lack a system call, one thread wide.

use std::cell::Cell;

use rustix::io::Errno;

/// The calls that may be missing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    SendFile,
    ReadNoWait,
}

thread_local! {
    static MISSING: [Cell<Option<Missing>>; 2] = const { [const { Cell::new(None) }; 2] };
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    /// So many calls still work.
    works: u32,
    says: Errno,
}

/// From the call after the next `works` on, this thread's calls fail with `says`.
pub(crate) fn lacks(call: Call, works: u32, says: Errno) {
    MISSING.with(|missing| missing[call as usize].set(Some(Missing { works, says })));
}

/// Asked before each call.
pub(crate) fn strike(call: Call) -> Result<(), Errno> {
    MISSING.with(|missing| {
        let slot = &missing[call as usize];
        match slot.get() {
            None => Ok(()),
            Some(Missing { works: 0, says }) => Err(says),
            Some(missing) => {
                slot.set(Some(Missing { works: missing.works - 1, ..missing }));
                Ok(())
            }
        }
    })
}
