//! An answer whose length nobody knows before it is written: the metrics of one edge are lines, those of thousands are megabytes.
//!
//! It is written on sheets of one size, each paid for when it is begun, and each paid back as it leaves. Nothing is copied from a smaller
//! buffer into a larger one, and a short answer takes one sheet. Whole answers only: what turns out to be too long is refused, and
//! nobody has seen half of it.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use forebay_budget::{Class, Ledger, Refused};
use http_body::{Frame, SizeHint};

use crate::admission::{self, Paid, Refusal};

/// The size of a sheet.
const SHEET: usize = 64 * 1024;

/// An answer being written.
pub(crate) struct Sheets {
    ledger: Ledger,
    full: VecDeque<Paid>,
    /// Why it could not be written on.
    refused: Option<Refused>,
}

/// An answer on its way.
struct Leaving {
    sheets: VecDeque<Bytes>,
    left: u64,
}

impl Sheets {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger, full: VecDeque::new(), refused: None }
    }

    /// The answer, if all of it could be written.
    pub(crate) fn send(self, written: fmt::Result, content_type: &'static str) -> Result<Response, Refusal> {
        if let Some(refused) = self.refused {
            return Err(Refusal::busy(&format!(
                "no memory for an answer now ({refused}); try again in a second"
            )));
        }
        written?;
        let sheets: VecDeque<_> = self.full.into_iter().map(Bytes::from_owner).collect();
        let left = sheets.iter().map(|sheet| sheet.len() as u64).sum();
        Ok(admission::respond(Body::new(Leaving { sheets, left }), content_type))
    }

    fn next(&mut self) -> Result<&mut Paid, fmt::Error> {
        if self.full.back().is_none_or(|sheet| sheet.bytes.len() == SHEET) {
            let lease = self.ledger.try_acquire(Class::Admin, SHEET as u64).map_err(|refused| {
                self.refused = Some(refused);
                fmt::Error
            })?;
            self.full.push_back(Paid { bytes: Vec::with_capacity(SHEET), _lease: lease });
        }
        self.full.back_mut().ok_or(fmt::Error)
    }
}

impl fmt::Write for Sheets {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut text = text.as_bytes();
        while !text.is_empty() {
            let sheet = &mut self.next()?.bytes;
            let (now, later) = text.split_at(text.len().min(SHEET - sheet.len()));
            sheet.extend_from_slice(now);
            text = later;
        }
        Ok(())
    }
}

impl http_body::Body for Leaving {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let sheet = self.sheets.pop_front();
        self.left -= sheet.as_ref().map_or(0, |sheet| sheet.len() as u64);
        Poll::Ready(sheet.map(|sheet| Ok(Frame::data(sheet))))
    }

    fn is_end_stream(&self) -> bool {
        self.sheets.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use forebay_budget::ByteSize;
    use http_body_util::BodyExt as _;

    use super::*;

    fn ledger(room: ByteSize) -> Ledger {
        Ledger::new([(Class::Admin, room)])
    }

    #[tokio::test]
    async fn what_is_written_leaves_sheet_by_sheet_and_each_is_paid_back() {
        let ledger = ledger(ByteSize::mib(1));
        let mut sheets = Sheets::new(ledger.clone());
        let text: String = (0..30_000).map(|n| format!("line {n}\n")).collect();
        let written = text.split_inclusive('9').try_for_each(|piece| sheets.write_str(piece));
        assert_eq!(ledger.usage(Class::Admin).in_use, text.len().next_multiple_of(SHEET) as u64);
        let mut body = sheets.send(written, "text/plain").unwrap().into_body();
        let mut seen = Vec::new();
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(text.len() as u64));
        while let Some(frame) = body.frame().await {
            seen.extend_from_slice(&frame.unwrap().into_data().unwrap());
            assert_eq!(
                ledger.usage(Class::Admin).in_use,
                (text.len() - seen.len()).next_multiple_of(SHEET) as u64
            );
        }
        assert!(seen == text.as_bytes());
    }

    #[test]
    fn what_is_too_long_is_refused_whole() {
        let ledger = ledger(ByteSize::kib(128));
        let mut sheets = Sheets::new(ledger.clone());
        let written = sheets.write_str(&"x".repeat(3 * SHEET));
        let refusal = sheets.send(written, "text/plain").unwrap_err();
        assert_eq!(refusal.status, http::StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ledger.usage(Class::Admin).in_use, 0);
    }
}
