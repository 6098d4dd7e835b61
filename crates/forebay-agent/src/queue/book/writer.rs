//! The one thread that writes.
//!
//! A commit waits for the disk, some milliseconds, however much it commits. So commands that come while one is under way are the next
//! one's: everything that is there goes into one transaction, as long as that stays short, and everybody is answered when it is
//! on the disk. Nobody waits for company: a command that comes alone is committed at once.
//!
//! If the disk fails, the whole transaction is taken back and everybody in it is told so.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::Instant;

use super::desk::Desk;
use super::options::COMMANDS_MAX;
use crate::queue::QueueError;

/// Commands in one transaction at most, and time in which it takes more.
const GROUP_MAX: usize = 256;
const GROUP_SPAN: Duration = Duration::from_millis(5);
/// How often it looks for leases that have ended and for jobs to be forgotten.
const TICK: Duration = Duration::from_secs(1);

/// A way to the writer. Cheap to clone; the writer ends with the last one.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    commands: mpsc::Sender<Box<dyn Turn>>,
    gone: Gone,
    ended: watch::Receiver<bool>,
}

/// Submissions whose submitter went away, each with its turn.
pub(super) type Gone = Arc<Mutex<Vec<(i64, OwnedSemaphorePermit)>>>;

/// A command.
trait Turn: Send {
    /// Does it. A failure is the disk's.
    fn act(&mut self, desk: &mut Desk) -> Result<(), QueueError>;
    /// It was committed, or not.
    fn answer(self: Box<Self>, committed: Result<(), QueueError>);
    /// Whether it is the last.
    fn is_last(&self) -> bool {
        false
    }
}

impl std::fmt::Debug for dyn Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

struct Call<F, T> {
    work: Option<F>,
    result: Option<Result<T, QueueError>>,
    reply: oneshot::Sender<Result<T, QueueError>>,
}

/// Makes the writer look up.
struct Nudge;
/// Makes it end.
struct Stop;

impl Writer {
    /// Starts the thread. `open` is done there, as it waits for the disk; so is dropping what it returns beside the desk.
    pub(super) async fn start<H: Send + 'static>(
        open: impl FnOnce() -> Result<(Desk, H), QueueError> + Send + 'static,
    ) -> Result<Self, QueueError> {
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let (has_ended, ended) = watch::channel(false);
        let (opened, is_open) = oneshot::channel();
        let gone = Gone::default();
        let noted = Arc::clone(&gone);
        let thread = std::thread::Builder::new().name("queue".into()).spawn(move || {
            match open() {
                Ok((mut desk, held)) => {
                    let signals = Arc::clone(desk.signals());
                    let _ = opened.send(Ok(()));
                    run(&mut desk, queue, &noted);
                    signals.close();
                    desk.close();
                    drop(held);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            }
            let _ = has_ended.send(true);
        });
        thread.map_err(|error| QueueError::Storage(format!("no thread for it: {error}")))?;
        is_open.await.unwrap_or(Err(QueueError::Closed))?;
        Ok(Self { commands, gone, ended })
    }

    /// Has something done at the desk, and waits until it is committed.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        let call = Call { work: Some(work), result: None, reply };
        self.commands.send(Box::new(call)).await.map_err(|_| QueueError::Closed)?;
        answer.await.unwrap_or(Err(QueueError::Closed))
    }

    /// Notes that a submission has been given up.
    pub(super) fn note_gone(&self, job: i64, turn: OwnedSemaphorePermit) {
        self.gone.lock().push((job, turn));
        // If there is no room it is busy, and will look at its next transaction.
        let _ = self.commands.try_send(Box::new(Nudge));
    }

    /// Ends it, and waits until everything is written and the directory is free.
    pub(super) async fn stop(&self) {
        let _ = self.commands.send(Box::new(Stop)).await;
        let mut ended = self.ended.clone();
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

fn run(desk: &mut Desk, mut queue: mpsc::Receiver<Box<dyn Turn>>, gone: &Gone) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let mut tick = Instant::now();
    let mut is_well = true;
    loop {
        // A disk that fails is not asked again and again for the sake of chores.
        let patience = if desk.chores.is_empty() || !is_well { TICK } else { Duration::ZERO };
        let next = runtime.block_on(async { tokio::time::timeout(patience, queue.recv()).await });
        let Ok(first) = next.map_or(Ok(None), |turn| turn.map(Some).ok_or(())) else { return };
        let mut turns: Vec<_> = first.into_iter().collect();
        let leavers = std::mem::take(&mut *gone.lock());
        let is_tick = tick.elapsed() >= TICK;
        if is_tick {
            tick = Instant::now();
        }
        let done = desk
            .begin()
            .and_then(|()| leavers.iter().try_for_each(|(job, _)| desk.drop_open(*job)))
            .and_then(|()| group(desk, &mut turns, &mut queue))
            .and_then(|()| if is_tick { desk.look_around() } else { Ok(()) })
            .and_then(|()| desk.commit());
        if let Err(error) = &done {
            if is_well {
                tracing::error!(%error, "the queue cannot be written");
            }
            desk.take_back();
            gone.lock().extend(leavers);
        }
        is_well = done.is_ok();
        let is_last = turns.iter().any(|turn| turn.is_last());
        for turn in turns {
            turn.answer(done.clone());
        }
        if is_last {
            return;
        }
    }
}

/// Does what is asked for, as long as the transaction stays short, and a bite of what is left to do.
fn group(
    desk: &mut Desk,
    turns: &mut Vec<Box<dyn Turn>>,
    queue: &mut mpsc::Receiver<Box<dyn Turn>>,
) -> Result<(), QueueError> {
    let begun = Instant::now();
    let mut acted = 0;
    while acted < GROUP_MAX && begun.elapsed() < GROUP_SPAN {
        if acted == turns.len() {
            match queue.try_recv() {
                Ok(turn) => turns.push(turn),
                Err(_) => break,
            }
        }
        turns[acted].act(desk)?;
        acted += 1;
    }
    desk.chore()
}

impl<F, T> Turn for Call<F, T>
where
    F: FnOnce(&mut Desk) -> Result<T, QueueError> + Send,
    T: Send,
{
    fn act(&mut self, desk: &mut Desk) -> Result<(), QueueError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match work(desk) {
            Err(error) if error.is_of_storage() => Err(error),
            result => {
                self.result = Some(result);
                desk.end_turn()
            }
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), QueueError>) {
        let result = committed.and(self.result.unwrap_or(Err(QueueError::Closed)));
        // Who does not wait any more does not want to know.
        let _ = self.reply.send(result);
    }
}

impl Turn for Nudge {
    fn act(&mut self, _: &mut Desk) -> Result<(), QueueError> {
        Ok(())
    }

    fn answer(self: Box<Self>, _: Result<(), QueueError>) {}
}

impl Turn for Stop {
    fn act(&mut self, _: &mut Desk) -> Result<(), QueueError> {
        Ok(())
    }

    fn answer(self: Box<Self>, _: Result<(), QueueError>) {}

    fn is_last(&self) -> bool {
        true
    }
}
