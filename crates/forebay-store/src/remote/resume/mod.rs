//! A body that survives its connection.
//!
//! The first answer pins the version. When the connection breaks, stalls or ends early, the next request asks for what is
//! missing, of that version and from that byte, and nothing else is accepted: the answer must begin where the last one ended
//! ([`check`]), be of an object of the same length, and carry the same tag. An object that changed meanwhile is
//! [`Changed`](StoreErrorKind::Changed); bytes of two versions never come out of one body.
//!
//! A place without ranges, or whose tags promise nothing, cannot be continued: there the body fails, unless nothing of it was
//! delivered yet, in which case it is asked for again from the start. Tries are bounded in a row, not in total: a byte that
//! arrives proves that going on makes sense, so a large object over a bad link ends when the link gives nothing any more.
//!
//! Nothing is polled but by the reader. A reader that pauses therefore costs one connection's buffers, and its pause is not
//! counted as a stall of the server.

mod check;
mod place;

pub use place::{PlaceError, See};

use std::fmt;
use std::pin::Pin as Pinned;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use forebay_net::HeldPipe;
use forebay_net::client::ClientBody;
use futures_core::future::BoxFuture;
use futures_util::future::poll_fn;
use http_body::{Body, Frame, SizeHint};

use super::{Facts, ObjectKey, Pin, Reading, Remote, Tenacity, Tries};
use crate::{ByteRange, StoreError, StoreErrorKind};

/// What to read.
#[derive(Debug, Clone)]
pub struct ReadAsk {
    /// The name of the object.
    pub key: ObjectKey,
    /// Which bytes; all of them if it is not given. What lies beyond the end is cut off.
    pub range: Option<ByteRange>,
    /// The version, where it is known already. Else it is that of the first answer.
    pub pin: Option<Pin>,
}

/// The bytes of one version of an object, in order, whatever happens to the connections that bring them.
pub struct ResumableBody {
    remote: Arc<dyn Remote>,
    key: ObjectKey,
    /// Of the first answer.
    facts: Facts,
    /// What every answer must be of.
    pin: Pin,
    /// What is delivered; `None` while only the true end will tell.
    range: Option<ByteRange>,
    /// The offset in the object of the next byte.
    position: u64,
    tries: Tries,
    continued: u32,
    state: State,
}

enum State {
    Flowing(ClientBody),
    Asking(Asked),
    Ended,
}

/// An answer that was asked for. The tries go with the request, which may be the one that shows whether the place is well.
type Asked = BoxFuture<'static, (Tries, Result<Reading, StoreError>)>;

impl ResumableBody {
    /// Asks for the object; the answer is there when its head is. A place that is busy or away is asked again within `tenacity`.
    ///
    /// # Errors
    ///
    /// Those of [`Remote::read`], from the last try.
    pub async fn open(remote: Arc<dyn Remote>, ask: ReadAsk, tenacity: Tenacity) -> Result<Self, StoreError> {
        let tries = Tries::of(&*remote, tenacity);
        Self::open_by(remote, ask, tries).await
    }

    pub(super) async fn open_by(
        remote: Arc<dyn Remote>,
        ask: ReadAsk,
        mut tries: Tries,
    ) -> Result<Self, StoreError> {
        let given = ask.pin.clone().unwrap_or_default();
        let reading = loop {
            tries.admit()?;
            match remote.read(&ask.key, ask.range, Some(&given)).await {
                Ok(reading) => break reading,
                Err(error) => tokio::time::sleep(tries.after(error)?).await,
            }
        };
        tries.succeeded();
        Self::begun(remote, ReadAsk { pin: Some(given), ..ask }, tries, reading)
    }

    /// The body of an answer that is there already.
    pub(crate) fn begun(
        remote: Arc<dyn Remote>,
        ask: ReadAsk,
        tries: Tries,
        reading: Reading,
    ) -> Result<Self, StoreError> {
        let given = ask.pin.unwrap_or_default();
        check::first(&given, ask.range, &reading)?;
        Ok(Self::of(remote, ask.key, ask.range, given, tries, reading))
    }

    fn of(
        remote: Arc<dyn Remote>,
        key: ObjectKey,
        asked: Option<ByteRange>,
        given: Pin,
        tries: Tries,
        reading: Reading,
    ) -> Self {
        let Reading { facts, range, body } = reading;
        let pin = given.narrowed(&facts);
        // More may come than was asked for (a server that ignores ranges sends all), and less (a server may cut a range short): what
        // is delivered is what was asked for, as far as there is anything.
        let wanted = |came: ByteRange| {
            let there = facts.len.unwrap_or(came.end());
            ByteRange::new(came.start(), asked.map_or(there, |asked| asked.end().min(there))).unwrap_or(came)
        };
        let range = range.map(wanted).or(asked);
        let position = range.map_or(0, |range| range.start());
        let mut body = Self {
            remote,
            key,
            facts,
            pin,
            range,
            position,
            tries,
            continued: 0,
            state: State::Flowing(body),
        };
        if body.remaining() == Some(0) {
            body.state = State::Ended;
        }
        body
    }

    /// What the first answer said of the object.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What every byte is of: for reads of other ranges of the same version.
    pub const fn pin(&self) -> &Pin {
        &self.pin
    }

    /// What is delivered in total; `None` if only the true end will tell.
    pub const fn range(&self) -> Option<ByteRange> {
        self.range
    }

    /// The offset in the object of the next byte.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Bytes that are still to come; `None` if only the true end will tell.
    pub fn remaining(&self) -> Option<u64> {
        self.range.map(|range| range.end().saturating_sub(self.position))
    }

    /// How many times it went on over another connection.
    pub const fn continued(&self) -> u32 {
        self.continued
    }

    /// Whether a broken connection can be made good by asking for the rest.
    pub fn is_continuable(&self) -> bool {
        self.facts.is_continuable() && self.range.is_some()
    }

    /// The next bytes; `None` at the true end.
    ///
    /// Cancel safe: what arrived is delivered by the next call.
    ///
    /// # Errors
    ///
    /// `Changed` if the rest is not of the same version; `Unavailable` if the body broke and cannot be continued, or tries ran
    /// out; else those of [`Remote::read`]. Nothing follows an error.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, StoreError>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// As [`chunk`](Self::chunk), for bodies that are polled.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StoreError>>> {
        loop {
            let broken = match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Flowing(body) => match ready!(Pinned::new(body).poll_frame(cx)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(bytes) if bytes.is_empty() => continue,
                        Ok(bytes) => return Poll::Ready(Some(Ok(self.deliver(bytes)))),
                        Err(_trailers) => continue,
                    },
                    Some(Err(error)) => error.into(),
                    None if self.remaining().unwrap_or(0) == 0 => {
                        self.state = State::Ended;
                        return Poll::Ready(None);
                    }
                    None => unavailable("the body ended before its length"),
                },
                State::Asking(_) => match ready!(self.poll_answer(cx)) {
                    Ok(()) => continue,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
            };
            if let Err(error) = self.go_on(broken) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// The answer that was asked for: flowing when it is there, asked for again where that makes sense.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StoreError>> {
        let State::Asking(answer) = &mut self.state else { return Poll::Ready(Ok(())) };
        let (tries, answer) = ready!(answer.as_mut().poll(cx));
        self.tries = tries;
        let broken = match answer {
            Ok(reading) => match self.take(reading) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(error) => error,
            },
            Err(error) => self.judge(error),
        };
        Poll::Ready(self.go_on(broken))
    }

    /// Asks for the rest; or ends the body.
    fn go_on(&mut self, broken: StoreError) -> Result<(), StoreError> {
        match self.ask_again(broken) {
            Ok(answer) => {
                self.state = State::Asking(answer);
                Ok(())
            }
            Err(error) => {
                self.state = State::Ended;
                Err(error)
            }
        }
    }

    /// At most `max` of the next bytes, in a pipe, without anybody having read them; `None` if that cannot be done with the next ones, which
    /// [`poll_chunk`](Self::poll_chunk) then has: they are here already, are encrypted, or have to be asked for again.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk).
    pub fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        max: u64,
    ) -> Poll<Result<Option<HeldPipe>, StoreError>> {
        let max = self.remaining().map_or(max, |left| left.min(max));
        let State::Flowing(body) = &mut self.state else { return Poll::Ready(Ok(None)) };
        match ready!(body.poll_splice(cx, max)) {
            Ok(Some(pipe)) => {
                self.passed(pipe.held());
                Poll::Ready(Ok(Some(pipe)))
            }
            Ok(None) => Poll::Ready(Ok(None)),
            Err(broken) => match self.ask_again(broken.into()) {
                Ok(answer) => {
                    self.state = State::Asking(answer);
                    Poll::Ready(Ok(None))
                }
                Err(error) => {
                    self.state = State::Ended;
                    Poll::Ready(Err(error))
                }
            },
        }
    }

    /// Counts bytes that leave, cuts what was not asked for, and lets the connection go at the last of them.
    fn deliver(&mut self, mut bytes: Bytes) -> Bytes {
        if let Some(left) = self.remaining()
            && (bytes.len() as u64) > left
        {
            bytes.truncate(left as usize);
        }
        self.passed(bytes.len() as u64);
        bytes
    }

    fn passed(&mut self, bytes: u64) {
        self.position += bytes;
        self.tries.progressed();
        if self.remaining() == Some(0) {
            self.state = State::Ended;
        }
    }

    /// Goes on with another answer, if it is the one that was asked for.
    fn take(&mut self, reading: Reading) -> Result<(), StoreError> {
        if self.is_untouched() {
            check::first(&self.pin, self.range, &reading)?;
        } else {
            check::rest(&self.pin, self.position, &reading)?;
        }
        self.state = State::Flowing(reading.body);
        Ok(())
    }

    /// Whether nothing was delivered yet, so that another answer may begin anew.
    fn is_untouched(&self) -> bool {
        self.position == self.range.map_or(0, |range| range.start())
    }

    /// An object that was there a moment ago and is gone has changed.
    fn judge(&self, error: StoreError) -> StoreError {
        match error.kind() {
            StoreErrorKind::NotFound if !self.is_untouched() => {
                StoreError::with_cause(StoreErrorKind::Changed, "it was removed while it was read")
            }
            _ => error,
        }
    }

    /// The request for what is missing, after the wait that `broken` deserves; or the error that ends the body.
    fn ask_again(&mut self, broken: StoreError) -> Result<Asked, StoreError> {
        let range = match (self.is_continuable(), self.is_untouched()) {
            (true, _) => self.range.and_then(|range| ByteRange::new(self.position, range.end())),
            (false, true) => self.range.filter(|_| self.facts.ranges),
            (false, false) => return Err(self.cannot_continue(&broken)),
        };
        let wait = self.tries.after(broken)?;
        self.continued += 1;
        self.tries.went_on();
        tracing::debug!(place = self.remote.place(), key = %self.key, at = self.position, "the body is asked for again");
        let (remote, key, pin) = (Arc::clone(&self.remote), self.key.clone(), self.pin.clone());
        let next = self.tries.anew();
        let mut tries = std::mem::replace(&mut self.tries, next);
        Ok(Box::pin(async move {
            tokio::time::sleep(wait).await;
            let answer = match tries.admit() {
                Ok(()) => remote.read(&key, range, Some(&pin)).await,
                Err(rests) => Err(rests),
            };
            (tries, answer)
        }))
    }

    fn cannot_continue(&self, broken: &StoreError) -> StoreError {
        let why = if self.facts.ranges { "has no strong entity tag" } else { "does not serve ranges" };
        unavailable(format!(
            "{broken}, at byte {}; the server {why}, so the rest cannot be asked for",
            self.position
        ))
    }
}

fn unavailable(cause: impl Into<String>) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Unavailable, cause.into())
}

impl Body for ResumableBody {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pinned<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl fmt::Debug for ResumableBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumableBody")
            .field("place", &self.remote.place())
            .field("key", &self.key)
            .field("range", &self.range)
            .field("position", &self.position)
            .field("continued", &self.continued)
            .finish_non_exhaustive()
    }
}
