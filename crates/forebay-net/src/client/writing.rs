//! A body on its way to its place in a file.
//!
//! Where the length is declared and nothing is encrypted, the bytes go from the socket through a pipe to their offset, and no byte
//! enters user space: nobody has *seen* them. Everything else, and whoever wants to see the bytes, goes through the connection's own
//! buffer.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::poll_fn;

use super::body::{ClientBody, Flow, Splice};
use super::disk::Disk;
use super::error::ClientError;
use crate::pipe::{Pipe, Stuck};
use crate::{HeldPipe, LeasedFile};

/// What one call moved to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// How many bytes; 0 at the true end, and nowhere else.
    pub bytes: u64,
    /// By which way.
    pub way: Way,
}

/// Whether bytes passed through user space on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They were read and written.
    Seen,
    /// The kernel moved them; what they were, nobody looked at.
    Unseen,
}

/// A body that could not be written further. What had arrived before is in the file.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct WriteError {
    /// The bytes of this call that are in the file all the same.
    pub moved: u64,
    /// Which side it was.
    pub cause: WriteCause,
}

/// Which side of a write failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteCause {
    /// The body. It is over.
    #[error(transparent)]
    Network(ClientError),
    /// The file. The body goes on where it stood: nothing of it is lost, and the next call may name another file.
    #[error(transparent)]
    File(io::Error),
}

impl ClientBody {
    /// Moves some of the body to `offset` of the file: at least a byte unless it is at its end, at most `max`, and what is there
    /// without waiting for more. Call it until it has moved nothing.
    ///
    /// Dropped in the middle, it may leave any part of those bytes in the file, and a body that has failed.
    ///
    /// # Errors
    ///
    /// [`WriteError`] says which side it was, and how much of this call is in the file.
    pub async fn write_to(
        &mut self,
        file: &Arc<LeasedFile>,
        offset: u64,
        max: u64,
    ) -> Result<Moved, WriteError> {
        if self.can_splice() {
            match self.splice_to(file, offset, max).await {
                Ok(Some(bytes)) => return Ok(Moved { bytes, way: Way::Unseen }),
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        // What came with the head is copied; the kernel has the rest.
        self.copy_to(file, offset, max, Self::can_splice, |_| ()).await
    }

    /// As [`write_to`](Self::write_to), and `see` is shown every byte that has been written, in order.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub async fn write_seen(
        &mut self,
        file: &Arc<LeasedFile>,
        offset: u64,
        max: u64,
        see: impl FnMut(&[u8]),
    ) -> Result<Moved, WriteError> {
        self.copy_to(file, offset, max, |_| false, see).await
    }

    async fn copy_to(
        &mut self,
        file: &Arc<LeasedFile>,
        offset: u64,
        max: u64,
        is_enough: impl Fn(&Self) -> bool,
        mut see: impl FnMut(&[u8]),
    ) -> Result<Moved, WriteError> {
        let mut moved = 0;
        while moved < max && !(moved > 0 && is_enough(self)) {
            let next = poll_fn(|cx| match self.poll_next(cx) {
                Poll::Pending if moved > 0 => Poll::Ready(None),
                polled => polled,
            });
            let bytes = match next.await {
                None => break,
                Some(Err(cause)) => return Err(WriteError { moved, cause: WriteCause::Network(cause) }),
                Some(Ok(mut bytes)) => {
                    let most = usize::try_from(max - moved).unwrap_or(usize::MAX).min(bytes.len());
                    self.put_back(bytes.split_off(most));
                    bytes
                }
            };
            let (target, at, source) = (Arc::clone(file), offset + moved, bytes.clone());
            let (written, result) = self.on_disk(moved, move || write_at(&target, &source, at)).await?;
            see(bytes.get(..written).unwrap_or(&bytes));
            moved += written as u64;
            self.delivered(written as u64);
            if let Err(error) = result {
                self.put_back(bytes.slice(written..));
                return Err(WriteError { moved, cause: WriteCause::File(error) });
            }
        }
        Ok(Moved { bytes: moved, way: Way::Seen })
    }

    /// `None` if nothing was moved and this is not the way.
    async fn splice_to(
        &mut self,
        file: &Arc<LeasedFile>,
        offset: u64,
        max: u64,
    ) -> Result<Option<u64>, WriteError> {
        let mut moved = 0;
        while moved < max {
            let filled = poll_fn(|cx| match self.poll_fill(cx, max - moved) {
                Poll::Pending if moved > 0 => Poll::Ready(Ok(None)),
                polled => polled,
            });
            let Some(mut pipe) =
                filled.await.map_err(|cause| WriteError { moved, cause: WriteCause::Network(cause) })?
            else {
                break;
            };
            let (target, at) = (Arc::clone(file), offset + moved);
            let (emptied, result, pipe) = self
                .on_disk(moved, move || {
                    let (emptied, result) = pipe.empty_into(&target, at, max - moved);
                    (emptied, result, pipe)
                })
                .await?;
            moved += emptied;
            self.delivered(emptied);
            self.keep(pipe);
            match result {
                Ok(()) => {}
                Err(Stuck::Unsupported) => {
                    self.splice = Splice::Not;
                    break;
                }
                Err(Stuck::File(error)) => return Err(WriteError { moved, cause: WriteCause::File(error) }),
            }
        }
        Ok((moved > 0).then_some(moved))
    }

    /// Runs a turn of writing. Meanwhile the body is nowhere: whoever drops the future drops the connection.
    async fn on_disk<T: Send + 'static>(
        &mut self,
        moved: u64,
        turn: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WriteError> {
        let flow = std::mem::replace(&mut self.flow, Flow::Lost);
        let pool = self.pool.upgrade();
        let alone = Disk::default();
        let disk = pool.as_ref().map_or(&alone, |pool| &pool.disk);
        let done = disk
            .run(turn)
            .await
            .map_err(|error| WriteError { moved, cause: WriteCause::File(io::Error::other(error)) })?;
        self.flow = flow;
        self.finish_if_taken();
        Ok(done)
    }

    fn keep(&mut self, pipe: Pipe) {
        match self.pool.upgrade() {
            _ if pipe.held() > 0 => self.pipe = Some(pipe),
            Some(pool) => pool.pipes.put(pipe),
            None => {}
        }
    }
}

/// All of it, or as much as went before the error.
fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> (usize, io::Result<()>) {
    let mut written = 0;
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(n) => {
                bytes = bytes.get(n..).unwrap_or_default();
                offset += n as u64;
                written += n;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

impl ClientBody {
    fn can_splice(&self) -> bool {
        let is_stuck = self.pipe.as_ref().is_some_and(|pipe| pipe.held() > 0);
        let flows = match &self.flow {
            Flow::Counted(counted) => counted.socket().is_some(),
            Flow::Framed(_) | Flow::Over | Flow::Lost => false,
        };
        self.splice == Splice::May && self.held_back.is_empty() && (flows || is_stuck)
    }

    /// At most `max` of the next bytes, in a pipe, as they came from the socket; `None` if the next bytes have to be read, or there are none.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk).
    pub fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        max: u64,
    ) -> Poll<Result<Option<HeldPipe>, ClientError>> {
        if !self.can_splice() {
            return Poll::Ready(Ok(None));
        }
        let filled = ready!(self.poll_fill(cx, max))?;
        self.finish_if_taken();
        Poll::Ready(Ok(filled.map(|pipe| {
            self.delivered(pipe.held());
            HeldPipe::new(pipe, self.pool.clone())
        })))
    }

    /// The next bytes in a pipe; `None` if this is not the way, or the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>, most: u64) -> Poll<Result<Option<Pipe>, ClientError>> {
        if let Some(stuck) = self.pipe.take_if(|pipe| pipe.held() > 0) {
            return Poll::Ready(Ok(Some(stuck)));
        }
        let Flow::Counted(counted) = &mut self.flow else { return Poll::Ready(Ok(None)) };
        let Some(pool) = self.pool.upgrade() else { return Poll::Ready(Ok(None)) };
        let filled = counted.poll_fill(cx, &pool.pipes, most);
        let result = match filled {
            Poll::Pending => Err(ready!(self.stall.poll(cx))),
            Poll::Ready(result) => result,
        };
        self.stall.moved();
        match &result {
            Ok(Some(_)) => {}
            Ok(None) => self.splice = Splice::Not,
            Err(_) => self.flow = Flow::Over,
        }
        Poll::Ready(result)
    }

    fn put_back(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.held_back.push_front(bytes);
        }
    }
}
