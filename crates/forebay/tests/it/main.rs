//! The program as its users meet it: the real binary, on free ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod docs;
mod ending;
mod managed;
mod offline;
mod refusing;
mod run;
mod serving;
mod settings;
