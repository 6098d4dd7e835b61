//! Outages that happened, each as a test that first fails on the naive way by the counters that it then
//! holds forebay to.
//!
//! | file | the incident |
//! |---|---|
//! | `ate_the_server` | a download endpoint whose memory grew with its clients |
//! | `log_line` | a logging middleware that read each upload into memory |
//! | `slow_store` | a server that takes uploads in faster than their store takes them |
//! | `slow_http` | clients that hold connections by sending or reading a byte at a time |
//! | `bad_input` | requests made to confuse a server and the proxy before it |
//! | `four_times` | a download in parts into a buffer that grew to wherever a part landed |
//! | `its_own_gets` | a precache agent that read each object whole |
//! | `leaked_socket` | a cache client that returned from an expired hit without closing its body |
//! | `faults` | clients and files that misbehave at random: the short soak |
//! | `killed` | transfers that are killed, or whose source is replaced, at a random byte: the short trials |

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

/// The allocator of the program, because it counts.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Taken by tests that measure the machine: one at a time also where one process runs them all.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

mod ate_the_server;
mod bad_input;
mod faults;
mod forebay;
mod four_times;
mod its_own_gets;
mod killed;
mod leaked_socket;
mod load;
mod log_line;
mod peer;
mod slow_http;
mod slow_store;
