//! The two bodies: one waits for the client, the other for the service.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::meter::Meter;
use super::{Pace, Party, Stalled};
use crate::body::{BoxError, Fault};

/// A timer that is armed when a wait begins and re-armed lazily: frames that come in time cost no timer.
#[derive(Debug, Default)]
struct Alarm {
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Ends a wait and says how long it was.
    fn stop(&mut self) -> Option<std::time::Duration> {
        self.since.take().map(|since| since.elapsed())
    }

    /// Begins or continues a wait; ready when `until` of its beginning has come.
    fn poll(&mut self, cx: &mut Context<'_>, until: impl Fn(Instant) -> Instant) -> Poll<Instant> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let until = until(since);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        loop {
            // A timer of an earlier wait may ring before this one is over: set it anew.
            if timer.deadline() > until || timer.is_elapsed() {
                timer.as_mut().reset(until);
            }
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= until {
                return Poll::Ready(since);
            }
        }
    }
}

pin_project_lite::pin_project! {
    /// A request body: the client is waited for.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        meter: Meter,
        alarm: Alarm,
        fault: Option<Fault>,
        over: bool,
    }
}

pin_project_lite::pin_project! {
    /// A response body: the service is waited for while it is pending, the client in between.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        meter: Meter,
        alarm: Alarm,
        // When the last frame was handed out: until the next poll, the client is taking it.
        handed: Option<Instant>,
        over: bool,
    }
}

// ===== impl RequestBody =====

impl<B> RequestBody<B> {
    pub(super) fn new(inner: B, pace: Pace, fault: Option<Fault>) -> Self {
        Self { inner, meter: Meter::new(pace), alarm: Alarm::default(), fault, over: false }
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
            if let Some(waited) = this.alarm.stop() {
                this.meter.charge(waited);
            }
            if let Some(Ok(frame)) = &frame {
                this.meter.moved(frame.data_ref().map_or(0, Buf::remaining) as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let since = ready!(this.alarm.poll(cx, |since| this.meter.wait_until(since)));
        let now = Instant::now();
        let idle = Stalled::Idle { party: Party::Client, idle: now - since };
        let stalled = this.meter.verdict(Party::Client, since, now).unwrap_or(idle);
        *this.over = true;
        if let Some(fault) = this.fault {
            fault.set(stalled.into());
        }
        Poll::Ready(Some(Err(stalled.into())))
    }

    fn is_end_stream(&self) -> bool {
        // A body that was cut must not look like one that has ended.
        !self.over && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

// ===== impl ResponseBody =====

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, pace: Pace) -> Self {
        Self { inner, meter: Meter::new(pace), alarm: Alarm::default(), handed: None, over: false }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        if let Some(handed) = this.handed.take() {
            this.meter.charge(handed.elapsed());
            if let Some(stalled) = this.meter.too_slow(Party::Client) {
                *this.over = true;
                return Poll::Ready(Some(Err(stalled.into())));
            }
        }
        if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
            this.alarm.stop();
            if let Some(Ok(frame)) = &frame {
                this.meter.moved(frame.data_ref().map_or(0, Buf::remaining) as u64);
                *this.handed = Some(Instant::now());
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let since = ready!(this.alarm.poll(cx, |since| this.meter.idle_until(since)));
        *this.over = true;
        let stalled = Stalled::Idle { party: Party::Service, idle: since.elapsed() };
        Poll::Ready(Some(Err(stalled.into())))
    }

    fn is_end_stream(&self) -> bool {
        !self.over && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
