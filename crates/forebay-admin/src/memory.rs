//! `/memory`: the plan, line by line, beside what is leased and what the kernel says.
//!
//! This is the page that answers "where is the memory?". The plan says what may be used and by whom, the ledger
//! what is and was, `/proc` what the kernel charges for it. Several lines of a plan may share a class; use is
//! counted by class, so it stands beside the class.

use std::{fmt, fmt::Write, sync::Arc};

use axum::{
    extract::{Request, State},
    response::Response,
};
use forebay_budget::{BufferPool, Class, Line, Plan, PoolStats, Usage};
use maud::{Markup, html};
use serde::Serialize;

use crate::{
    admission::{ANSWER_BYTES_MAX, Draft, Refusal},
    metrics::process::{self, Process},
    routes::Admin,
    view::{Column, Form, HTML, JSON, TEXT, Table, bytes, page},
};

/// The answer in JSON. All amounts are in bytes, or in descriptors under `fds`.
#[derive(Serialize)]
struct Memory<'a> {
    plan: &'a Plan,
    classes: Vec<ClassUse>,
    fds: Usage,
    pools: Vec<PoolUse>,
    process: Option<Process>,
}

#[derive(Serialize)]
struct PoolUse {
    pool: &'static str,
    buffer_size: u64,
    #[serde(flatten)]
    stats: PoolStats,
}

#[derive(Serialize)]
struct ClassUse {
    class: Class,
    #[serde(flatten)]
    usage: Usage,
}

/// `GET /memory`
pub(crate) async fn show(State(admin): State<Arc<Admin>>, request: Request) -> Result<Response, Refusal> {
    let mut draft = Draft::new(&admin, ANSWER_BYTES_MAX)?;
    let process = tokio::task::spawn_blocking(|| process::read().ok()).await?;
    let memory = Memory {
        plan: &admin.sources.plan,
        classes: admin
            .sources
            .ledger
            .usages()
            .into_iter()
            .map(|(class, usage)| ClassUse { class, usage })
            .collect(),
        fds: admin.sources.fds.usage(),
        pools: admin.sources.pools.iter().map(PoolUse::of).collect(),
        process,
    };
    match Form::of(&request) {
        Form::Json => Ok(draft.send_bytes(serde_json::to_vec(&memory).unwrap_or_default(), JSON)),
        Form::Html => {
            let html = page("memory", &memory.html());
            Ok(draft.send_bytes(html.into_string().into_bytes(), HTML))
        }
        Form::Text => {
            memory.write_text(&mut draft)?;
            Ok(draft.send(TEXT))
        }
    }
}

impl PoolUse {
    fn of(pool: &BufferPool) -> Self {
        Self { pool: pool.name(), buffer_size: pool.buffer_size().as_u64(), stats: pool.stats() }
    }
}

impl Memory<'_> {
    fn write_text(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "{}\n", self.summary())?;
        self.uses().write_text(out)?;
        writeln!(out, "\nbuffers kept for the next user")?;
        self.pools().write_text(out)?;
        writeln!(out, "\nthe plan")?;
        self.lines().write_text(out)
    }

    fn html(&self) -> Markup {
        html! {
            p { (self.summary()) }
            h2 { "in use" }
            (self.uses().html())
            h2 { "buffers kept for the next user" }
            (self.pools().html())
            h2 { "the plan" }
            (self.lines().html())
            p class="soft" {
                "Use is counted by class; lines of one class share its capacity. As "
                a href="/memory?format=json" { "JSON" } " or " a href="/memory?format=text" { "text" } "."
            }
        }
    }

    fn summary(&self) -> String {
        let leased: u64 = self.classes.iter().map(|class| class.usage.in_use).sum();
        let charged = match &self.process {
            Some(process) => {
                format!(
                    "; the kernel charges {} of anonymous memory to this process",
                    bytes(process.anonymous)
                )
            }
            None => String::new(),
        };
        format!("{} planned of {}, {} leased{charged}", self.plan.total, self.plan.limit, bytes(leased))
    }

    fn uses(&self) -> Table<8> {
        let row = |name: String, usage: &Usage, amount: fn(u64) -> String| {
            [
                name,
                amount(usage.in_use),
                amount(usage.peak),
                amount(usage.capacity),
                percent(usage.peak, usage.capacity),
                usage.waiting.to_string(),
                usage.granted_total.to_string(),
                usage.refused_total.to_string(),
            ]
        };
        let used = self.classes.iter().filter(|class| class.usage.capacity > 0);
        let mut rows: Vec<_> =
            used.map(|class| row(class.class.name().to_owned(), &class.usage, bytes)).collect();
        rows.push(row("descriptors".to_owned(), &self.fds, |count| count.to_string()));
        Table {
            columns: [
                Column::text("class"),
                Column::number("in use"),
                Column::number("peak"),
                Column::number("capacity"),
                Column::number("peak %"),
                Column::number("waiting"),
                Column::number("granted"),
                Column::number("refused"),
            ],
            rows,
            sum: None,
        }
    }

    fn pools(&self) -> Table<5> {
        let row = |pool: &PoolUse| {
            [
                pool.pool.to_owned(),
                bytes(pool.buffer_size),
                pool.stats.kept.to_string(),
                pool.stats.allocated_total.to_string(),
                pool.stats.reused_total.to_string(),
            ]
        };
        Table {
            columns: [
                Column::text("pool"),
                Column::number("each"),
                Column::number("kept"),
                Column::number("allocated"),
                Column::number("used again"),
            ],
            rows: self.pools.iter().map(row).collect(),
            sum: None,
        }
    }

    fn lines(&self) -> Table<6> {
        let row = |line: &Line| {
            [
                line.name.to_string(),
                line.class.name().to_owned(),
                line.holder.to_string(),
                line.count.to_string(),
                line.each.to_string(),
                line.total.to_string(),
            ]
        };
        let blank = String::new;
        let total = self.plan.total.to_string();
        Table {
            columns: [
                Column::text("line"),
                Column::text("class"),
                Column::text("holder"),
                Column::number("count"),
                Column::number("each"),
                Column::number("total"),
            ],
            rows: self.plan.lines.iter().map(row).collect(),
            sum: Some(["sum".to_owned(), blank(), blank(), blank(), blank(), total]),
        }
    }
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "–".to_owned(),
        _ => format!("{} %", u128::from(part) * 100 / u128::from(whole)),
    }
}
