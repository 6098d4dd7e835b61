//! An answer in words, for the SDK to parse: bounded.
//!
//! The SDK collects what it parses. The longest thing that S3 says is a page of 1,000 keys; with every key 1,024 bytes of
//! characters that have to be escaped, that is a little over 3 MiB. Only lists are allowed [that much](LIST_BYTES_MAX), and only
//! [so many](LISTS_AT_A_TIME) of an account are asked for at once; any other answer, and any error, is a few hundred bytes. What
//! is longer is not S3, and ends in an error instead of in our memory.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use forebay_net::BoxError;
use forebay_net::client::ClientBody;
use http_body::{Body, Frame};
use parking_lot::Mutex;

/// The longest list that is collected.
pub(crate) const LIST_BYTES_MAX: u64 = 4 << 20;

/// Two, so that two lists of one account can be compared.
pub(crate) const LISTS_AT_A_TIME: usize = 2;

/// The longest of other answers. What stands between us and S3 may say anything.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// A body that ends in an error beyond its limit.
pub(crate) struct Answer {
    /// The SDK wants its bodies to be shared between threads; a lock that nobody ever takes makes ours so.
    body: Mutex<ClientBody>,
    left: u64,
}

impl Answer {
    pub(crate) const fn new(body: ClientBody, bytes_max: u64) -> Self {
        Self { body: Mutex::new(body), left: bytes_max }
    }

    pub(crate) fn into_sdk(self) -> SdkBody {
        SdkBody::from_body_1_x(self)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(frame) = ready!(Pin::new(self.body.get_mut()).poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let frame = frame?;
        let len = frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
        let Some(left) = self.left.checked_sub(len) else {
            return Poll::Ready(Some(Err("the answer is longer than any that S3 gives".into())));
        };
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }
}
