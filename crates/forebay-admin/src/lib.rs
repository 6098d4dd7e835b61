//! Health, metrics, memory, profiles and the console of a running process.
