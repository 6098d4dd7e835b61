//! Outages that happened, each as a test that first fails on the naive way by the counters that it then
//! holds forebay to.
//!
//! | file | the incident |
//! |---|---|
//! | `ate_the_server` | a download endpoint whose memory grew with its clients |
//! | `log_line` | a logging middleware that read each upload into memory |

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

/// The allocator of the program, because it counts.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod ate_the_server;
mod load;
mod log_line;
mod peer;
