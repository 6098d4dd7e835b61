//! The examples beside this file.
