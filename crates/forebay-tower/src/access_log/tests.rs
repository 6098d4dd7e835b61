//! Step by step.
