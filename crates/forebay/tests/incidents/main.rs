//! Outages that happened, each as a test that first fails on the naive way by the counters that it then
//! holds forebay to.
//!
//! | file | the incident |
//! |---|---|
//! | `ate_the_server` | a download endpoint whose memory grew with its clients |

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod ate_the_server;
mod load;
mod peer;
