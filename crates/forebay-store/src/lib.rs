//! Where objects live: the store trait and the local directory.
