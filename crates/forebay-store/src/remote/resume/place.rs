//! The same body on its way to a file: from socket to offset, over as many connections as it takes.

use std::io;
use std::sync::Arc;

use forebay_net::LeasedFile;
use forebay_net::client::{Moved, WriteCause, WriteError};
use futures_util::future::poll_fn;

use super::{ResumableBody, State};
use crate::StoreError;

/// What is to be known of the bytes on their way.
pub enum See<'a> {
    /// Nothing: where it can, the kernel moves them by itself.
    Nothing,
    /// Each is shown, in order, when it has been written.
    Each(&'a mut (dyn FnMut(&[u8]) + Send)),
}

impl std::fmt::Debug for See<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Each(_) => "Each",
        })
    }
}

/// Why a body could not be written further.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The body, which is over.
    #[error(transparent)]
    Remote(StoreError),
    /// The file. What is in it before is right.
    #[error(transparent)]
    File(io::Error),
}

impl ResumableBody {
    /// Moves some of the body to `offset` of the file: at most `max` bytes, at least one unless it is at its end. Returns how many; 0 at
    /// the true end.
    ///
    /// Dropped in the middle, it may leave some of those bytes in the file, and a body that is asked for again when it is used.
    ///
    /// # Errors
    ///
    /// [`PlaceError`]; those of [`chunk`](Self::chunk) as its `Remote`.
    pub async fn write_to(
        &mut self,
        file: &Arc<LeasedFile>,
        offset: u64,
        max: u64,
        mut see: See<'_>,
    ) -> Result<u64, PlaceError> {
        loop {
            let most = self.remaining().map_or(max, |left| left.min(max));
            if most == 0 {
                return Ok(0);
            }
            let body = match &mut self.state {
                State::Ended => return Ok(0),
                State::Flowing(body) => body,
                State::Asking(_) => {
                    poll_fn(|cx| self.poll_answer(cx)).await.map_err(PlaceError::Remote)?;
                    continue;
                }
            };
            let moved = match &mut see {
                See::Nothing => body.write_to(file, offset, most).await,
                See::Each(see) => body.write_seen(file, offset, most, see).await,
            };
            match moved {
                Ok(Moved { bytes: 0, .. }) if self.remaining().unwrap_or(0) == 0 => {
                    self.state = State::Ended;
                    return Ok(0);
                }
                Ok(Moved { bytes: 0, .. }) => {
                    self.go_on(super::unavailable("the body ended before its length"))
                        .map_err(PlaceError::Remote)?;
                }
                Ok(Moved { bytes, .. }) => return Ok(self.placed(bytes)),
                Err(WriteError { moved, cause: WriteCause::File(_) }) if moved > 0 => {
                    return Ok(self.placed(moved));
                }
                Err(WriteError { cause: WriteCause::File(error), .. }) => {
                    return Err(PlaceError::File(error));
                }
                Err(WriteError { moved, cause: WriteCause::Network(error) }) => {
                    self.placed(moved);
                    self.go_on(error.into()).map_err(PlaceError::Remote)?;
                    if moved > 0 {
                        return Ok(moved);
                    }
                }
            }
        }
    }

    fn placed(&mut self, bytes: u64) -> u64 {
        if bytes > 0 {
            self.position += bytes;
            self.tries.progressed();
            if self.remaining() == Some(0) {
                self.state = State::Ended;
            }
        }
        bytes
    }
}
