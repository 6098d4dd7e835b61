//! An answer that may be there already.
//!
//! Opening a small, hot file takes less time than allocating a boxed future for it. So a store answers with a
//! value when it has one, and with a future only when something may block.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::future::BoxFuture;
use futures_util::future::{Either, Ready, ready};

use crate::StoreError;

/// The future of `Result<T, StoreError>`: ready at once ([`Answer::now`]) or boxed ([`Answer::later`]).
#[must_use = "an answer does nothing unless it is awaited"]
pub struct Answer<'a, T>(Inner<'a, T>);

type Inner<'a, T> = Either<Ready<Result<T, StoreError>>, BoxFuture<'a, Result<T, StoreError>>>;

impl<'a, T> Answer<'a, T> {
    /// The answer is known.
    pub fn now(answer: Result<T, StoreError>) -> Self {
        Self(Either::Left(ready(answer)))
    }

    /// The answer has to be fetched.
    pub fn later(answer: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Self {
        Self(Either::Right(Box::pin(answer)))
    }

    /// Whether it costs no wait.
    pub fn is_now(&self) -> bool {
        matches!(self.0, Either::Left(_))
    }
}

impl<T> Future for Answer<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_now() { "Answer::now" } else { "Answer::later" })
    }
}
