//! The signal, its handler and its timer: the only unsafe code of this crate.
//!
//! There is no safe interface to `sigaction` with a handler, nor to `setitimer`, nor to walking a stack without
//! the lock that a handler must not take. What makes each use sound is said where it stands. In general:
//!
//! - the handler does nothing but walk its own thread's stack and write addresses to atomics (`slots`); it neither
//!   allocates nor locks nor panics;
//! - once installed it stays, and does nothing while no profile is being made: a signal that was under way when the
//!   timer stopped must find a handler, since the default for `SIGPROF` is to end the process;
//! - the timer counts the processor time of the whole process (`ITIMER_PROF`), and the kernel interrupts the thread
//!   whose time ran it out.

use std::{ffi::c_int, io, mem, ptr, sync::OnceLock, time::Duration};

use super::slots;

/// The handler's own frames: this many are looked at to find where the interrupted code begins.
const OWN_FRAMES_MAX: usize = 16;

/// Sampling that goes on until it is dropped. There may be one at a time (the profile's turn sees to that).
#[derive(Debug)]
pub(super) struct Sampling(());

/// Begins to sample, once per `period` of processor time.
pub(super) fn start(period: Duration) -> io::Result<Sampling> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| install().map_err(|error| error.raw_os_error().unwrap_or(0)));
    installed.map_err(io::Error::from_raw_os_error)?;
    slots::open(true);
    let sampling = Sampling(());
    set_timer(period)?;
    Ok(sampling)
}

impl Drop for Sampling {
    fn drop(&mut self) {
        // It has worked before; and a handler that is called all the same finds the table closed.
        let _ = set_timer(Duration::ZERO);
        slots::open(false);
    }
}

#[expect(unsafe_code, reason = "a signal handler has no safe interface")]
fn install() -> io::Result<()> {
    // SAFETY: all zeros is a valid `sigaction`: no flags, an empty mask, the default handler.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_sigprof as extern "C" fn(c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` is initialised and lives through the call; the old action is not asked for. The handler has
    // the signature that flags without SA_SIGINFO call for, and is async-signal-safe (see the module).
    let result = unsafe { libc::sigaction(libc::SIGPROF, &raw const action, ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[expect(unsafe_code, reason = "setitimer has no safe interface")]
fn set_timer(period: Duration) -> io::Result<()> {
    let period =
        libc::timeval { tv_sec: period.as_secs().cast_signed(), tv_usec: i64::from(period.subsec_micros()) };
    let timer = libc::itimerval { it_interval: period, it_value: period };
    // SAFETY: `timer` is initialised and lives through the call; the old value is not asked for.
    let result = unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const timer, ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Runs on any thread, at any instruction.
#[expect(unsafe_code, reason = "a stack is walked here without the lock that a handler must not take")]
extern "C" fn on_sigprof(_signal: c_int) {
    let Some(mut slot) = slots::claim() else { return };
    let own = on_sigprof as extern "C" fn(c_int) as usize;
    let mut place = Place::Above(0);
    let mut step = |frame: &backtrace::Frame| match place {
        Place::Above(OWN_FRAMES_MAX) => false,
        Place::Above(seen) => {
            let found = frame.symbol_address().addr() == own;
            place = if found { Place::Trampoline } else { Place::Above(seen + 1) };
            true
        }
        Place::Trampoline => {
            place = Place::Interrupted;
            true
        }
        Place::Interrupted => {
            place = Place::Callers;
            // All others are return addresses, which names are looked up one byte before.
            slot.push(frame.ip().addr().wrapping_add(1))
        }
        Place::Callers => slot.push(frame.ip().addr()),
    };
    // SAFETY: what must not happen at once is guarded on platforms whose walker has state; that of ELF systems, the
    // unwinder of libgcc, keeps its state on this stack. It reads unwind tables of code that is loaded, and nothing
    // is ever unloaded here. It takes no lock (glibc 2.35) or one that the thread may hold already (before).
    unsafe { backtrace::trace_unsynchronized(&mut step) };
    slot.finish();
}

/// How far a walk has come.
enum Place {
    /// In the walker itself, after so many frames.
    Above(usize),
    /// Next is the kernel's return from the handler.
    Trampoline,
    /// Next is what was interrupted.
    Interrupted,
    Callers,
}
