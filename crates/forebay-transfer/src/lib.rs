//! Moving objects well.
