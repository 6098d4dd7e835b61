//! `/debug/pprof/heap`: which code holds memory, and which code asked for it.
//!
//! jemalloc samples an allocation about every 512 KiB and remembers the stack that asked for it, if sampling is on;
//! it is off until somebody asks, since then it costs nothing. What follows from that, plainly:
//!
//! - *In use* (`inuse_space`) sees what was allocated **while sampling was on** and is still held. Memory that was
//!   taken before is not in it. A process whose start is of interest is started with `prof_active:true`.
//! - `?seconds=N` shows what was allocated in those seconds (`alloc_space`), and what of it, less what was freed
//!   meanwhile of earlier samples, stayed (`inuse_space`, which may be negative). Sampling is switched on for them
//!   if it was off, and off again.
//! - The first request without `seconds` finds sampling off: it switches it on, for good, looks for
//!   [`FIRST_LOOK`], and says in the profile that it sees no further back.
//! - Figures are estimates: a sample of size *x* stands for `1 / (1 - exp(-x / interval))` of its kind.
//!
//! `PUT /debug/pprof/active` with `on` or `off` switches by hand. While sampling is on, stacks that were ever seen
//! are kept (a few hundred bytes each); that is the price of `alloc_space`.

mod dump;
mod jemalloc;
mod samples;

use std::{fmt, io, sync::Arc, time::Duration};

use axum::{
    extract::{Query, State},
    response::Response,
};
use forebay_budget::Class;
use http::StatusCode;

pub(crate) use self::jemalloc::Heap;
use self::samples::{Samples, write};
use crate::{
    admission::Refusal,
    profile::{Ask, Turn, refuse},
    routes::Admin,
};

/// How long the first request looks when sampling was off.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// What is leased for a dump before it is written.
const DUMP_BYTES: u64 = 256 * 1024;

/// What a profile is made from.
struct Look {
    before: Option<Samples>,
    after: Samples,
    covers: Duration,
    remark: Option<&'static str>,
}

/// `GET /debug/pprof/heap[?seconds=N]`
pub(crate) async fn serve(State(admin): State<Arc<Admin>>, Query(ask): Query<Ask>) -> Response {
    profile(&admin, &ask).await.unwrap_or_else(refuse)
}

/// `GET /debug/pprof/active`
pub(crate) async fn show_active(State(admin): State<Arc<Admin>>) -> String {
    format!("{}\n", admin.heap.state())
}

/// `PUT /debug/pprof/active` with `on` or `off`
pub(crate) async fn set_active(State(admin): State<Arc<Admin>>, body: String) -> Result<String, Refusal> {
    let active = match body.trim() {
        "on" | "true" | "1" => true,
        "off" | "false" | "0" => false,
        _ => return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the body must be on or off")),
    };
    admin.heap.able()?;
    admin.heap.set_active(active)?;
    tracing::info!(active, "sampling of allocations switched");
    Ok(format!("{}\n", admin.heap.state()))
}

async fn profile(admin: &Arc<Admin>, ask: &Ask) -> Result<Response, Refusal> {
    let time = ask.time()?;
    admin.heap.able()?;
    let turn = Turn::take(admin)?;
    let was_active = admin.heap.is_active();
    let look = match (time, was_active) {
        (Some(time), _) => window(admin, time).await?,
        (None, true) => {
            Look { before: None, after: dump(admin).await?, covers: Duration::ZERO, remark: None }
        }
        (None, false) => {
            admin.heap.set_active(true)?;
            tokio::time::sleep(FIRST_LOOK).await;
            let remark =
                "sampling was off until this profile was asked for: it sees nothing allocated before";
            Look { before: None, after: dump(admin).await?, covers: FIRST_LOOK, remark: Some(remark) }
        }
    };
    turn.report(move || write(look)).await
}

/// Two dumps, and the time between them. Sampling is as before when this ends, or is dropped.
async fn window(admin: &Arc<Admin>, time: Duration) -> Result<Look, Refusal> {
    let _switched = admin.heap.activate()?;
    let before = dump(admin).await?;
    tokio::time::sleep(time).await;
    let after = dump(admin).await?;
    Ok(Look { before: Some(before), after, covers: time, remark: None })
}

async fn dump(admin: &Arc<Admin>) -> Result<Samples, Refusal> {
    let lease = admin.sources.ledger.try_acquire(Class::Admin, DUMP_BYTES);
    let lease = lease.map_err(|refused| no_room(&refused))?;
    let admin = Arc::clone(admin);
    let samples =
        tokio::task::spawn_blocking(move || admin.heap.dump(lease, |file| dump::parse(file))).await?;
    samples.map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::OutOfMemory => no_room(&error),
        _ => Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the allocator's samples could not be read: {error}"),
        ),
    })
}

fn no_room(why: &dyn fmt::Display) -> Refusal {
    Refusal::busy(&format!("no memory for the allocator's samples now ({why}); try again in a second"))
}
