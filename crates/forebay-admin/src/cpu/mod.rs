//! `/debug/pprof/profile?seconds=N`: where the processors' time goes.
//!
//! The kernel counts the processor time of the process and, a hundred times per second of it, interrupts whoever
//! is running (`SIGPROF`); the handler writes the stack down ([`slots`]), and this request collects what was written
//! ten times a second. An idle process is not interrupted at all.
//!
//! Why it is our own: the `pprof` crate (0.15) sets up 16,384 places of 4 KiB for its samples when it starts, and
//! again when it stops. An otherwise empty program had 105 MiB of anonymous memory while it ran and 170 MiB after,
//! more than all that a small plan has; this one takes 256 KiB, and those only when it is first used.
//!
//! What it does to the process while it runs: handlers are installed with `SA_RESTART`, but `epoll_wait` and a few
//! others return `EINTR` regardless, which the runtime expects. Walking the stack takes no lock from glibc 2.35 on.

mod signal;
mod slots;

use std::{io, sync::Arc, time::Duration};

use axum::{
    extract::{Query, State},
    response::Response,
};
use http::StatusCode;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    admission::Refusal,
    profile::{Ask, Kind, Stacks, Symbols, Turn, Writer, refuse},
    routes::Admin,
};

/// As long as Go's.
const TIME_DEFAULT: Duration = Duration::from_secs(30);
/// Between two samples of one processor's time.
const PERIOD: Duration = Duration::from_millis(10);
/// Between two collections: far less than it takes two busy processors to fill all slots.
const COLLECT_EVERY: Duration = Duration::from_millis(100);

/// `GET /debug/pprof/profile[?seconds=N]`
pub(crate) async fn serve(State(admin): State<Arc<Admin>>, Query(ask): Query<Ask>) -> Response {
    profile(&admin, &ask).await.unwrap_or_else(refuse)
}

async fn profile(admin: &Admin, ask: &Ask) -> Result<Response, Refusal> {
    let time = ask.time()?.unwrap_or(TIME_DEFAULT);
    let turn = Turn::take(admin)?;
    let sampled = sample(time).await.map_err(|error| {
        Refusal::new(StatusCode::NOT_IMPLEMENTED, format!("the processor's time cannot be sampled: {error}"))
    })?;
    turn.report(move || write(&sampled, time)).await
}

/// Collects samples for the given time. Cancel safe: sampling stops when this is dropped.
async fn sample(time: Duration) -> io::Result<Stacks<u64>> {
    let mut stacks = Stacks::new();
    let mut collect = || {
        slots::drain(|stack| {
            if let Some(count) = stacks.value(stack) {
                *count += 1;
            }
        });
    };
    // What an abandoned profile may have left.
    slots::drain(|_| {});
    let sampling = signal::start(PERIOD)?;
    let until = Instant::now() + time;
    let mut ticks = interval(COLLECT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while ticks.tick().await < until {
        collect();
    }
    drop(sampling);
    collect();
    Ok(stacks)
}

fn write(stacks: &Stacks<u64>, time: Duration) -> io::Result<Vec<u8>> {
    let period = i64::try_from(PERIOD.as_nanos()).unwrap_or(i64::MAX);
    let kind = Kind {
        values: [("samples", "count"), ("cpu", "nanoseconds")],
        shown_first: "cpu",
        period,
        period_unit: ("cpu", "nanoseconds"),
        drop_frames: "",
    };
    let mut writer = Writer::new(&kind, time, Symbols::of(stacks.addresses()))?;
    let missed = slots::missed() + stacks.left_out();
    if missed > 0 {
        writer
            .comment(&format!("{missed} samples are missing: they came faster than they were collected"))?;
    }
    for (stack, &count) in stacks.iter() {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        writer.sample(stack, [count, count.saturating_mul(period)])?;
    }
    writer.finish()
}
