//! The limit on standing still, which counts only while somebody waits.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::error::{ClientError, ClientErrorKind};

/// How long nothing has come although somebody waited for it.
pub(super) struct Stall {
    limit: Duration,
    /// Made when first needed: most bodies are there before anybody has to wait.
    timer: Option<Pin<Box<Sleep>>>,
    is_counting: bool,
}

impl Stall {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, timer: None, is_counting: false }
    }

    pub(super) fn moved(&mut self) {
        self.is_counting = false;
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ClientError> {
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.is_counting {
            self.is_counting = true;
            timer.as_mut().reset(Instant::now() + limit);
        }
        timer.as_mut().poll(cx).map(|()| ClientError::new(ClientErrorKind::Stalled))
    }
}
