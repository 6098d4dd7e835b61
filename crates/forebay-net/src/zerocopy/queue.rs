//! The spans a connection owes its client, in the order in which their placeholders left the body.
//!
//! The one danger of sending a file by name is sending the *wrong* file: a placeholder that a layer
//! dropped, copied or reordered would shift every later span by one. So nothing here is positional.
//! A placeholder's address names its slot and offset, and both must be exactly the front of the queue;
//! its owner travels inside the `Bytes`, and if the owner dies while its span still has unsent bytes
//! the connection is poisoned; and the outermost body checks that every placeholder that was made also
//! came out ([`SpanQueue::saw`]). Any of the three ends the connection before a further byte is sent.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use super::region::{self, SLOT_BYTES, SLOTS};
use super::relay::RelayPipe;
use super::span::LeasedFile;

/// One connection's spans. Shared by the armed bodies, the placeholders and the connection's I/O.
pub(crate) struct SpanQueue {
    spans: Mutex<Spans>,
    /// Set once and for ever: this connection sends nothing more.
    poisoned: AtomicBool,
}

struct Spans {
    queued: VecDeque<Span>,
    next_serial: u64,
    /// Bytes named by placeholders that have not yet been seen leaving the outermost body.
    unseen_bytes: u64,
}

struct Span {
    serial: u64,
    source: Source,
    len: usize,
    sent: usize,
}

/// Where the bytes of a span are.
enum Source {
    /// In a file, from this offset.
    File(Arc<LeasedFile>, u64),
    /// In a pipe, in the order of the spans.
    Pipe(Arc<RelayPipe>),
}

/// What to send next.
#[derive(Debug)]
pub(crate) enum Owed {
    File(Due),
    Piped(PipedDue),
}

/// `len` bytes of `file` from `offset`.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) serial: u64,
    pub(crate) file: Arc<LeasedFile>,
    pub(crate) offset: u64,
    pub(crate) len: usize,
}

/// The next `len` bytes of a pipe.
#[derive(Debug)]
pub(crate) struct PipedDue {
    pub(crate) serial: u64,
    pub(crate) pipe: Arc<RelayPipe>,
    pub(crate) len: usize,
}

/// A placeholder and the queue disagree: the only safe answer is to end the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Desync {
    #[error("a placeholder was dropped, copied or held back before its span was sent")]
    Poisoned,
    #[error("a placeholder names a span that is not the next one")]
    OutOfOrder,
    #[error("a placeholder came with no span queued")]
    Unknown,
}

impl SpanQueue {
    /// `first_serial` differs between connections, so that a placeholder that strays from one
    /// connection to another is most likely refused there by its slot alone.
    pub(crate) fn new(first_serial: u64) -> Arc<Self> {
        let spans = Spans { queued: VecDeque::new(), next_serial: first_serial, unseen_bytes: 0 };
        Arc::new(Self { spans: Mutex::new(spans), poisoned: AtomicBool::new(false) })
    }

    /// Queues a span of at most [`SLOT_BYTES`] and returns the placeholder that stands for it.
    pub(crate) fn push(self: &Arc<Self>, file: Arc<LeasedFile>, offset: u64, len: usize) -> Bytes {
        self.push_span(Source::File(file, offset), len)
    }

    /// The same for bytes that are in a pipe already, behind those of the spans that were queued before.
    pub(crate) fn push_piped(self: &Arc<Self>, pipe: Arc<RelayPipe>, len: usize) -> Bytes {
        self.push_span(Source::Pipe(pipe), len)
    }

    fn push_span(self: &Arc<Self>, source: Source, len: usize) -> Bytes {
        debug_assert!(len > 0 && len <= SLOT_BYTES);
        let mut spans = self.spans.lock();
        let serial = spans.next_serial;
        spans.next_serial += 1;
        spans.unseen_bytes += len as u64;
        spans.queued.push_back(Span { serial, source, len, sent: 0 });
        if spans.queued.len() as u64 > SLOTS {
            // Two live spans would share a slot. hyper queues 16 buffers at most.
            self.poison();
        }
        drop(spans);
        Bytes::from_owner(Placeholder {
            queue: Arc::clone(self),
            serial,
            slice: region::placeholder(serial, len),
        })
    }

    /// A chunk leaves the outermost body: either it is a placeholder, or no placeholder may be
    /// outstanding behind it, because then a layer swallowed or copied one.
    pub(crate) fn saw(&self, chunk: &[u8]) -> Result<(), Desync> {
        let mut spans = self.spans.lock();
        match region::locate(chunk) {
            Some(_) if spans.unseen_bytes >= chunk.len() as u64 => {
                spans.unseen_bytes -= chunk.len() as u64;
                Ok(())
            }
            None if chunk.is_empty() || spans.unseen_bytes == 0 => Ok(()),
            _ => {
                self.poison();
                Err(Desync::Poisoned)
            }
        }
    }

    /// The span that this placeholder stands for, which must be the front of the queue.
    pub(crate) fn due(&self, placeholder: &[u8]) -> Result<Owed, Desync> {
        if self.is_poisoned() {
            return Err(Desync::Poisoned);
        }
        let mark = region::locate(placeholder).ok_or(Desync::Unknown)?;
        let spans = self.spans.lock();
        let front = spans.queued.front().ok_or(Desync::Unknown)?;
        let in_order = mark.slot == front.serial % SLOTS
            && mark.offset == front.sent
            && placeholder.len() <= front.len - front.sent;
        if !in_order {
            self.poison();
            return Err(Desync::OutOfOrder);
        }
        let (serial, len) = (front.serial, placeholder.len());
        Ok(match &front.source {
            Source::File(file, offset) => {
                Owed::File(Due { serial, file: Arc::clone(file), offset: offset + front.sent as u64, len })
            }
            Source::Pipe(pipe) => Owed::Piped(PipedDue { serial, pipe: Arc::clone(pipe), len }),
        })
    }

    /// `bytes` of the front span are in the socket.
    pub(crate) fn sent(&self, serial: u64, bytes: usize) {
        let mut spans = self.spans.lock();
        let Some(front) = spans.queued.front_mut().filter(|front| front.serial == serial) else {
            return self.poison();
        };
        front.sent += bytes;
        if front.sent >= front.len {
            spans.queued.pop_front();
        }
    }

    pub(crate) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Injects the fault that the design is about: the queue falls out of step by one span.
    #[cfg(test)]
    pub(crate) fn lose_front(&self) {
        self.spans.lock().queued.pop_front();
    }

    fn placeholder_dropped(&self, serial: u64) {
        let spans = self.spans.lock();
        let unsent = spans.queued.front().is_some_and(|front| serial >= front.serial);
        if unsent {
            self.poison();
        }
    }
}

impl fmt::Debug for SpanQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanQueue")
            .field("queued", &self.spans.lock().queued.len())
            .field("poisoned", &self.is_poisoned())
            .finish()
    }
}

/// Travels inside the `Bytes`: its last drop is the moment when nobody can send this span any more.
struct Placeholder {
    queue: Arc<SpanQueue>,
    serial: u64,
    slice: &'static [u8],
}

impl AsRef<[u8]> for Placeholder {
    fn as_ref(&self) -> &[u8] {
        self.slice
    }
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        self.queue.placeholder_dropped(self.serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Arc<LeasedFile> {
        Arc::new(LeasedFile::unleased(tempfile::tempfile().unwrap()))
    }

    fn file_due(queue: &SpanQueue, placeholder: &[u8]) -> Due {
        match queue.due(placeholder).unwrap() {
            Owed::File(due) => due,
            Owed::Piped(due) => panic!("{due:?}"),
        }
    }

    #[test]
    fn spans_come_out_in_the_order_in_which_they_went_in() {
        let queue = SpanQueue::new(9);
        let (first, second) = (queue.push(file(), 0, 100), queue.push(file(), 500, 50));
        let due = file_due(&queue, &first);
        assert_eq!((due.offset, due.len), (0, 100));
        queue.sent(due.serial, 40);
        let due = file_due(&queue, &first[40..]);
        assert_eq!((due.offset, due.len), (40, 60));
        queue.sent(due.serial, 60);
        drop(first);
        let due = file_due(&queue, &second);
        assert_eq!((due.offset, due.len), (500, 50));
        queue.sent(due.serial, 50);
        drop(second);
        assert!(!queue.is_poisoned());
    }

    #[test]
    fn a_placeholder_sliced_by_a_layer_still_names_its_bytes() {
        let queue = SpanQueue::new(0);
        let mut whole = queue.push(file(), 1000, 300);
        let head = whole.split_to(100);
        assert_eq!(file_due(&queue, &head).offset, 1000);
        queue.sent(0, 100);
        drop(head);
        assert_eq!(file_due(&queue, &whole).offset, 1100);
        assert!(!queue.is_poisoned());
    }

    #[test]
    fn a_dropped_placeholder_poisons_the_connection() {
        let queue = SpanQueue::new(0);
        drop(queue.push(file(), 0, 10));
        assert!(queue.is_poisoned());
    }

    #[test]
    fn a_half_sent_placeholder_that_is_dropped_poisons_too() {
        let queue = SpanQueue::new(0);
        let placeholder = queue.push(file(), 0, 10);
        queue.sent(0, 4);
        drop(placeholder);
        assert!(queue.is_poisoned());
    }

    #[test]
    fn a_queue_out_of_step_is_refused_and_stays_refused() {
        let queue = SpanQueue::new(0);
        let (first, second) = (queue.push(file(), 0, 10), queue.push(file(), 0, 10));
        assert_eq!(queue.due(&second).unwrap_err(), Desync::OutOfOrder);
        assert_eq!(queue.due(&first).unwrap_err(), Desync::Poisoned);
    }

    #[test]
    fn a_span_lost_from_the_queue_is_refused() {
        let queue = SpanQueue::new(0);
        let (first, _second) = (queue.push(file(), 0, 10), queue.push(file(), 0, 10));
        queue.lose_front();
        assert_eq!(queue.due(&first).unwrap_err(), Desync::OutOfOrder);
    }

    #[test]
    fn a_copied_placeholder_is_noticed_where_it_leaves_the_body() {
        let queue = SpanQueue::new(0);
        let held_back = queue.push(file(), 0, 10);
        let copy = Bytes::copy_from_slice(&held_back);
        assert_eq!(queue.saw(&copy), Err(Desync::Poisoned));
    }

    #[test]
    fn a_stray_placeholder_of_another_connection_is_refused() {
        let (here, there) = (SpanQueue::new(0), SpanQueue::new(17));
        let (_mine, stray) = (here.push(file(), 0, 10), there.push(file(), 0, 10));
        assert_eq!(here.due(&stray).unwrap_err(), Desync::OutOfOrder);
    }
}
