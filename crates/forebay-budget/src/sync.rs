//! The synchronisation that the gate stands on.
//!
//! The gate's own files name only `super::sync`, so that the same source is compiled a second time in tests
//! over a scheduler that tries the interleavings (`model`).

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub(crate) use parking_lot::Mutex;
