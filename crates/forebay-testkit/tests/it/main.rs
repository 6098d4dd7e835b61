//! The harness tried on servers that are not ours, so that a broken harness cannot pass for a good server.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod cable;
mod counters;
mod edges;
mod fake_edge;
mod fake_origin;
mod fake_s3;
mod naive;
mod nats;
mod others;
mod peers;
