//! Health, metrics, memory, profiles and the console of a running process.
//!
//! An operator looks here when something is wrong, so this crate may never make it worse: every request is
//! admitted by a small gate, has a deadline, reads at most a few KiB, and pays for its answer from the
//! [`Admin`](forebay_budget::Class::Admin) share of the budget before it builds it. Whatever reads `/proc` or
//! debug information does so on a blocking thread. When the gate is full, the answer is "503, try again".
//!
//! The rest of the process is seen through [`AdminSources`]: the ledgers and the plan as they are, and a few
//! small traits. [`router`] makes of them one [`axum::Router`], to be served on a listener of its own.
//!
//! | file | what it answers |
//! |---|---|
//! | `routes` | the table of contents |
//! | `sources` | what this crate needs to be given |
//! | `admission`, `sheets` | who may ask, how many at once, for how long, for how much memory |
//! | `health` | `/healthz`, `/readyz` |
//! | `metrics/` | `/metrics`, by source of the figures |
//! | `memory` | `/memory`: the plan beside what is in use |
//! | `transfers` | `/transfers`: what is on its way, and who holds it up |
//! | `log_level`, `config` | `/log-level`, `/config` |
//! | `console` | `/` |
//! | `heap/` | `/debug/pprof/heap`: what jemalloc has sampled |
//! | `cpu/` | `/debug/pprof/profile`: where the processors' time goes |
//! | `profile/` | the format of `go tool pprof`, and names for addresses |
//! | `view/` | pages, tables, and which of them a client wants |

mod admission;
mod config;
mod console;
mod cpu;
mod health;
mod heap;
mod log_level;
mod memory;
mod metrics;
mod profile;
mod routes;
mod sheets;
mod sources;
mod transfers;
mod view;

pub use routes::router;
pub use sources::{
    About, AdminSources, LogLevel, Needs, Network, NetworkFigures, Party, Phase, TransferView, Transfers,
    TurnFigures, Turns,
};
