//! Emptying the open-file cache when nobody asks any more.
//!
//! An entry that nobody looks at would keep its descriptor and its memory for ever. So while the cache holds
//! anything, one task comes by once per age; it ends when the cache is empty or the store is gone, and the next
//! entry starts it again. A quiet server has no task, no descriptor and no lease.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::Inner;

/// The claim to sweep; given up also if the runtime drops the task.
struct Claim(Weak<Inner>);

/// Makes sure that somebody will empty the cache. Call it after putting something in.
pub(super) fn ensure(inner: &Arc<Inner>) {
    if !inner.recent.claim_sweep() {
        return;
    }
    let claim = Claim(Arc::downgrade(inner));
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(sweep(claim, inner.recent.age()))),
        // Outside of a runtime nobody could come back: keep nothing.
        Err(_) => inner.recent.expire(Instant::now() + inner.recent.age()),
    }
}

async fn sweep(claim: Claim, age: std::time::Duration) {
    loop {
        tokio::time::sleep(age).await;
        let Some(inner) = claim.0.upgrade() else { return };
        inner.recent.expire(Instant::now());
        if inner.recent.len() == 0 {
            // 1. we see it empty; 2. somebody puts an entry and finds the claim taken; 3. we give it up. So the
            // claim is given up first, and whoever finds an entry then claims it anew.
            drop(claim);
            if inner.recent.len() > 0 {
                ensure(&inner);
            }
            return;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.recent.swept.store(false, Ordering::Release);
        }
    }
}
