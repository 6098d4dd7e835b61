//! The agent's figures for Prometheus (OpenMetrics). Names are an interface, and each of them is in `docs/metrics.md`.
//!
//! Labels are edges, of which the settings have so many, and words of ours. No job, URL or host makes a series: what becomes of one job is
//! asked of the interface, and here it is one of many. Nothing is counted in this place; each figure is read at the scrape from the
//! one that counts.
//!
//! - `edges`: what is done on each, and what waits there;
//! - `queue`: jobs and rows, and the disk below them;
//! - `api`: who asked for what;
//! - `fleet`: what goes over NATS;
//! - `family`: how it is written.

mod api;
mod edges;
mod family;
mod fleet;
mod queue;

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::api::Api;
use crate::queue::{Book, NatsLink, Stock};
use crate::service::Service;
use family::Families;

/// How long the queue may take to say what is in it.
const PATIENCE: Duration = Duration::from_secs(2);

/// All figures of an agent, to be registered. They are to be encoded on a thread of a runtime that may wait, as the queue is looked into.
#[derive(Clone, Debug)]
pub struct AgentFigures {
    /// What is done.
    pub service: Service,
    /// What waits.
    pub book: Book,
    /// Who asks.
    pub api: Api,
    /// The fleet's NATS, if there is one.
    pub fleet: Option<NatsLink>,
}

impl AgentFigures {
    /// What is in the queue, if it can be seen now: a disk that stands still is no reason to say nothing at all.
    fn stock(&self) -> Option<Stock> {
        let runtime = Handle::try_current().ok()?;
        let stock = runtime.block_on(async { timeout(PATIENCE, self.book.stock()).await });
        match stock {
            Ok(Ok(stock)) => Some(stock),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the queue cannot be looked into");
                None
            }
            Err(_) => {
                tracing::warn!("the queue does not say in time what is in it");
                None
            }
        }
    }
}

impl Collector for AgentFigures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        let stock = self.stock();
        edges::write(&mut families, &edges::seen(&self.service, &self.book, stock.as_ref()))?;
        queue::write(&mut families, self.book.figures(), stock.as_ref())?;
        api::write(&mut families, self.api.figures())?;
        fleet::write(&mut families, self.fleet.as_ref())
    }
}
