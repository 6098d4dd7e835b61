//! Threads: who runs what, how many there are, and how large their stacks may grow.
//!
//! The main thread is the *control* thread: it accepts, sweeps over the connections once a second, answers
//! operators and listens for signals. Bytes move on *data* threads, each a single-threaded executor of its own, one for
//! each processor. A connection stays on the thread that it was given to: its state is never sent between
//! processors and no executor steals from another, which on small files is worth a fifth of the rate of one
//! executor over all threads. What may wait for the disk runs on *blocking* threads, which each data thread has a
//! bounded number of.
//!
//! All of it is memory that the plan calls "program, threads and allocator": a thread pays for the pages of its stack
//! that it has touched, which is tens of KiB.

use std::{io, thread};

use anyhow::Context;
use tokio::{
    runtime::{Builder, Handle, Runtime as Tokio},
    sync::oneshot,
};

use crate::config;

/// Address space for the stack of a data thread; only touched pages cost memory.
const DATA_STACK_BYTES: usize = 1 << 20;

/// The same for a blocking thread, which opens and reads files.
const BLOCKING_STACK_BYTES: usize = 512 << 10;

/// Blocking threads for each data thread, if nothing is said.
const BLOCKING_PER_WORKER: usize = 4;

/// Blocking threads of the control thread: metrics, profiles, reloads.
const CONTROL_BLOCKING_MAX: usize = 4;

/// The threads of a server. Dropping it stops them without waiting for what they do.
#[derive(Debug)]
pub(crate) struct Runtime {
    control: Option<Tokio>,
    data: Vec<Data>,
}

/// One data thread.
#[derive(Debug)]
struct Data {
    handle: Handle,
    /// Dropped to end the thread.
    _stop: oneshot::Sender<()>,
}

/// How many threads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    workers: usize,
    /// At most, for each data thread.
    blocking_each: usize,
}

impl Counts {
    pub(crate) fn of(config: &config::Runtime) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = config.workers.given().map_or(cores, |count| count.0.get() as usize);
        let blocking = config.blocking_threads.given().map(|count| count.0.get() as usize);
        let blocking_each = blocking.map_or(BLOCKING_PER_WORKER, |all| (all / workers).max(1));
        Self { workers, blocking_each }
    }
}

impl Runtime {
    /// Starts the threads.
    pub(crate) fn start(config: &config::Runtime) -> anyhow::Result<Self> {
        let Counts { workers, blocking_each } = Counts::of(config);
        let control = Builder::new_current_thread()
            .enable_all()
            .thread_name("forebay-disk")
            .thread_stack_size(BLOCKING_STACK_BYTES)
            .max_blocking_threads(CONTROL_BLOCKING_MAX)
            .build()
            .context("cannot start the control thread")?;
        let data = (0..workers)
            .map(|place| Data::start(place, blocking_each))
            .collect::<io::Result<_>>()
            .context("cannot start a data thread")?;
        Ok(Self { control: Some(control), data })
    }

    /// The executors of the data threads.
    pub(crate) fn executors(&self) -> Vec<Handle> {
        self.data.iter().map(|data| data.handle.clone()).collect()
    }

    /// Runs a future on the control thread, which is this one.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.control.as_ref().expect("it lives until drop").block_on(future)
    }
}

impl Data {
    fn start(place: usize, blocking: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("forebay-disk")
            .thread_stack_size(BLOCKING_STACK_BYTES)
            .max_blocking_threads(blocking)
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name(format!("forebay-data-{place}")).stack_size(DATA_STACK_BYTES).spawn(
            move || {
                // An error says that the sender is gone, which is what is waited for.
                drop(runtime.block_on(stopped));
                runtime.shutdown_background();
            },
        )?;
        Ok(Self { handle, _stop: stop })
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(control) = self.control.take() {
            control.shutdown_background();
        }
    }
}
