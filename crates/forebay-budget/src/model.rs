//! The gate under a scheduler that tries the interleavings.
//!
//! The very files of the gate are compiled here a second time, over shuttle's atomics and locks instead of
//! the real ones (they name only `super::sync`). So the model is the code, it needs no feature and no special
//! build, and it runs among the ordinary tests.

mod checks;
#[path = "gate/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "the same source over another scheduler is the point")]
#[expect(dead_code, reason = "the model reads no statistics")]
mod gate;

mod sync {
    //! What `crate::sync` offers, as shuttle has it.
    pub(crate) use shuttle::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    #[derive(Debug)]
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> shuttle::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}
