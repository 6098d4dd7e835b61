//! What would be done: which edges there are and what they are, how many URLs, and with `HEAD`s how many bytes.

use forebay_agent::{
    Action, Held, Target,
    list::{Spool, UrlList},
    work::Worker,
};
use forebay_budget::ByteSize;
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::{edges::Edges, feed::Feed};
use crate::{
    args::Edging,
    output::{self, Exit, Form, Outcome},
};

/// Lengths that are asked for at once.
const AT_ONCE: usize = 16;

#[derive(Serialize)]
struct Plan {
    action: Action,
    urls: u64,
    bad_urls: u64,
    edges: Vec<EdgePlan>,
    /// URLs on edges.
    work: u64,
    /// Requests, at the least.
    requests: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lengths: Option<Lengths>,
}

#[derive(Serialize)]
struct EdgePlan {
    name: String,
    kind: &'static str,
    tier: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'static str>,
}

/// What the first edge says of the objects.
#[derive(Default, Serialize)]
struct Lengths {
    /// Bytes that each edge would be asked for.
    bytes: u64,
    known: u64,
    unknown: u64,
    failed: u64,
    /// Of those that are known: what the edge has already.
    held: u64,
    largest: u64,
}

pub(super) async fn run(asked: &Edging, edges: &Edges, feed: Feed, spool: Spool, list: &UrlList) -> Outcome {
    let bad = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::sync::Arc::clone(&bad);
    let form = asked.base.form;
    feed.fill(spool, move |line| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if form == Form::Text {
            output::say(format_args!("{}:{}: {}", line.source, line.line.line, line.line.error));
        }
    })
    .await?;
    let (urls, _) = list.count();
    let bad_urls = bad.load(std::sync::atomic::Ordering::Relaxed);
    let first = edges.workers().next();
    let lengths = match (asked.heads, first) {
        (true, Some(worker)) => Some(lengths(&worker, list).await?),
        _ => None,
    };
    let plan = plan(asked, edges, urls, bad_urls, lengths);
    match form {
        Form::Json => output::json(&plan)?,
        Form::Text => output::data(describe(&plan, edges))?,
    };
    Ok(if bad_urls > 0 { Exit::SomeFailed } else { Exit::Done })
}

fn plan(asked: &Edging, edges: &Edges, urls: u64, bad_urls: u64, lengths: Option<Lengths>) -> Plan {
    let variants = edges.variants.max(1) as u64;
    let named = edges.workers().zip(&edges.tiers).map(|(worker, tier)| EdgePlan {
        name: worker.spec().name.to_string(),
        kind: worker.kind().map_or("auto", |kind| kind.name()),
        tier: *tier,
        refused: worker.kind().and_then(|kind| kind.purge_refused()).filter(|_| asked.action.purges()),
    });
    // What is there already is asked for once, each variant by itself.
    let each = u64::from(asked.action.purges()) + if asked.action.warms() { variants } else { 0 };
    let edges: Vec<_> = named.collect();
    let work = urls * edges.len() as u64;
    Plan { action: asked.action, urls, bad_urls, work, requests: work * each, edges, lengths }
}

fn describe(plan: &Plan, edges: &Edges) -> String {
    let mut text = format!(
        "{} of {} on {}: {} of work, at least {}\n",
        plan.action,
        counted(plan.urls, "URL"),
        counted(plan.edges.len() as u64, "edge"),
        counted(plan.work, "piece"),
        counted(plan.requests, "request"),
    );
    for edge in &plan.edges {
        let refused = edge.refused.map(|why| format!(": {why}")).unwrap_or_default();
        text += &format!("  {} ({}, tier {}){refused}\n", edge.name, edge.kind, edge.tier);
    }
    if let Some(lengths) = &plan.lengths {
        text += &format!(
            "{} from each edge: {} objects, the largest {}; {} without a length, {} that cannot be had, {} there already\n",
            ByteSize::b(lengths.bytes),
            lengths.known,
            ByteSize::b(lengths.largest),
            lengths.unknown,
            lengths.failed,
            lengths.held,
        );
    }
    let (control, bulk) = (edges.plan.control, edges.plan.bulk);
    text + &format!(
        "at most {} short requests and {} objects at once ({} and {} for each edge at most), in {}; nothing was sent{}",
        control.connections,
        bulk.connections,
        control.each_edge,
        bulk.each_edge,
        edges.plan.total,
        if plan.lengths.is_some() { " but HEADs to the first edge" } else { "" },
    )
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

async fn lengths(worker: &Worker, list: &UrlList) -> anyhow::Result<Lengths> {
    let entries = stream::unfold(list.cursor(), async |mut cursor| {
        let next = cursor.next().await.transpose()?;
        Some((next, cursor))
    });
    let asked = entries.map(|entry| async move {
        let entry = entry?;
        Ok::<_, std::io::Error>(length(worker, &entry.target).await)
    });
    let mut asked = std::pin::pin!(asked.buffer_unordered(AT_ONCE));
    let mut lengths = Lengths::default();
    while let Some(length) = asked.next().await {
        match length? {
            None => lengths.failed += 1,
            Some((None, _)) => lengths.unknown += 1,
            Some((Some(len), held)) => {
                lengths.known += 1;
                lengths.bytes += len;
                lengths.largest = lengths.largest.max(len);
                lengths.held += u64::from(held == Held::Hit);
            }
        }
    }
    Ok(lengths)
}

async fn length(worker: &Worker, target: &Target) -> Option<(Option<u64>, Held)> {
    worker.length(target).await.ok()
}
