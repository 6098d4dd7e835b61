//! The bar on a terminal: bytes, rate, what is left of the time, and one name.

use std::time::Duration;

use forebay_transfer::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::AbortHandle;

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(100);

/// A bar that follows counters until it is dropped.
pub(super) struct Bar {
    bar: ProgressBar,
    follower: AbortHandle,
}

impl Bar {
    /// Begins to follow. On a runtime.
    pub(super) fn start(progress: Progress) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let template =
            "{bar:24} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}, {eta} left {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━╌"));
        }
        let drawn = bar.clone();
        let follower = tokio::spawn(async move {
            let mut tick = tokio::time::interval(EVERY);
            loop {
                tick.tick().await;
                let seen = progress.seen();
                drawn.set_length(seen.total);
                drawn.set_position(seen.done);
            }
        });
        Self { bar, follower: follower.abort_handle() }
    }

    /// What is being moved now.
    pub(super) fn current(&self, name: &str) {
        self.bar.set_message(name.to_owned());
    }

    /// A line that stays, above the bar.
    pub(super) fn above(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}
