//! `/`: the essentials on one page, and where everything else is.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use forebay_budget::Usage;
use maud::{Markup, html};

use crate::{
    NetworkFigures, Phase,
    admission::{ANSWER_BYTES_MAX, Draft, Refusal},
    log_level::CHOICES,
    metrics::process::{self, Process},
    routes::Admin,
    view::{HTML, age, bytes, page},
};

/// `GET /`
pub(crate) async fn show(State(admin): State<Arc<Admin>>) -> Result<Response, Refusal> {
    let draft = Draft::new(&admin, ANSWER_BYTES_MAX)?;
    let network = Arc::clone(&admin.sources.network);
    let (process, network) =
        tokio::task::spawn_blocking(move || (process::read().ok(), network.figures())).await?;
    let body = html! {
        (identity(&admin))
        (essentials(&admin, process.as_ref(), &network))
        h2 { "memory by class" }
        (classes(&admin))
        h2 { "log level" }
        (log_levels(&admin.sources.log_level.current()))
    };
    Ok(draft.send_bytes(page("console", &body).into_string().into_bytes(), HTML))
}

/// `GET /debug/pprof/`
pub(crate) async fn profiles(State(admin): State<Arc<Admin>>) -> Result<Response, Refusal> {
    let draft = Draft::new(&admin, ANSWER_BYTES_MAX)?;
    let commands = [
        ("/debug/pprof/heap", "live memory, by who allocated it (as far as sampling was on)"),
        ("/debug/pprof/heap?seconds=20", "what was allocated in 20 seconds, and what of it stayed"),
        ("/debug/pprof/profile?seconds=10", "where 10 seconds of processor time went"),
    ];
    let body = html! {
        p { "Profiles for " code { "go tool pprof" } ", with functions, files and lines. One is made at a time." }
        div class="scroll" {
            table {
                tbody {
                    @for (address, words) in commands {
                        tr { td { a href=(address) { (address) } } td class="wide" { (words) } }
                    }
                }
            }
        }
        p class="soft" { "For example:" }
        p { code { "go tool pprof -sample_index=alloc_space -top 'http://HOST:PORT/debug/pprof/heap?seconds=20'" } }
        p { "Sampling of allocations is " strong { (admin.heap.state()) } "." }
    };
    Ok(draft.send_bytes(page("profiles", &body).into_string().into_bytes(), HTML))
}

fn identity(admin: &Admin) -> Markup {
    let about = &admin.sources.about;
    html! {
        p {
            "forebay " (about.version) " serves " code { (about.serves) }
            @for address in &about.addresses { " on " code { (address) } }
        }
    }
}

fn essentials(admin: &Admin, process: Option<&Process>, network: &NetworkFigures) -> Markup {
    let phase = *admin.sources.phase.borrow();
    let leased: u64 = admin.sources.ledger.usages().iter().map(|(_, usage)| usage.in_use).sum();
    let fds = admin.sources.fds.usage();
    let stalled = network.stalled_on_client + network.stalled_on_upstream + network.stalled_on_budget;
    let warn = |when: bool| when.then_some("warn");
    html! {
        dl {
            div { dt { "state" } dd class=[warn(phase != Phase::Serving)] { (phase.name()) } }
            @if let Some(process) = process {
                div { dt { "up for" } dd { (age(process.uptime.as_secs())) } }
                div { dt { "resident" } dd { (bytes(process.resident)) } }
                div { dt { "anonymous" } dd { (bytes(process.anonymous)) } }
            }
            div { dt { a href="/memory" { "leased" } } dd { (bytes(leased)) " of " (admin.sources.plan.limit) } }
            div { dt { "connections" } dd { (network.active) } }
            div { dt { a href="/transfers" { "transfers" } } dd { (network.transfers) } }
            div { dt { a href="/transfers" { "stalled" } } dd class=[warn(stalled > 0)] { (stalled) } }
            div { dt { "descriptors" } dd { (fds.in_use) " of " (fds.capacity) } }
            div { dt { "sent" } dd { (bytes(network.sent)) } }
            div { dt { "received" } dd { (bytes(network.received)) } }
            @if network.desyncs > 0 { div { dt { "desyncs" } dd class="warn" { (network.desyncs) } } }
        }
    }
}

fn classes(admin: &Admin) -> Markup {
    let usages = admin.sources.ledger.usages();
    html! {
        div class="scroll" {
            table {
                thead {
                    tr {
                        th { "class" } th {} th class="number" { "in use" } th class="number" { "peak" }
                        th class="number" { "capacity" } th class="number" { "refused" }
                    }
                }
                tbody {
                    @for (class, usage) in usages.iter().filter(|(_, usage)| usage.capacity > 0) {
                        (class_row(class.name(), usage))
                    }
                }
            }
        }
    }
}

fn class_row(name: &str, usage: &Usage) -> Markup {
    html! {
        tr {
            td { (name) }
            td { meter min="0" max=(usage.capacity) high=(usage.capacity / 10 * 9) value=(usage.in_use) { } }
            td class="number" { (bytes(usage.in_use)) }
            td class="number" { (bytes(usage.peak)) }
            td class="number" { (bytes(usage.capacity)) }
            td class="number" { (usage.refused_total) }
        }
    }
}

fn log_levels(current: &str) -> Markup {
    html! {
        p {
            code { (current) } " "
            @for level in CHOICES {
                form method="post" action={ "/log-level?filter=" (level) } {
                    button class=[(level == current).then_some("now")] { (level) }
                } " "
            }
        }
    }
}
