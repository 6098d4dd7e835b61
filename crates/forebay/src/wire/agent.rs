//! A running agent, in the order in which it is put together.
//!
//! The queue is opened before the first socket is bound, so whoever cannot have it says so at once; the ready line is printed when both
//! sockets are listening. Asked to stop, it first takes in no more, then ends its work, and closes the queue last.

#[cfg(test)]
mod tests;

use std::{future::pending, sync::Arc};

use anyhow::{Context, anyhow};
use forebay_admin::{About, AdminSources, Phase};
use forebay_agent::{
    api::{self, Api, ApiOptions, Tokens},
    hook::{Courier, CourierOptions, Receivers, Secrets},
    metrics::AgentFigures,
    queue::{Book, BookOptions},
    service::{Patience, Service, ServiceOptions},
};
use forebay_budget::{
    AgentPlan, ByteSize, Class, FdLedger, Ledger, MemoryFacts, Plan, ServicePlan, UpstreamSizes, raise_nofile,
};
use forebay_net::{ConnLimits, Listener, ServeOptions, Watch, client::Client};
use prometheus_client::registry::Registry;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use super::{
    figures::LogFigures,
    fleet::{Missing, Queues},
    network,
    sources::Clients,
};
use crate::{
    config::{Config, Settings},
    edging::edges::Known,
    output::{self, Exit, Failure, Outcome},
    reach,
    signals::{Asked, Signals},
    systemd,
    telemetry::{self, Telemetry},
};

/// Connections of those who submit and ask.
const CONNECTIONS: u64 = ServicePlan::SUBMITTERS as u64;
/// A connection to one who is told of jobs: heads, and a short message.
const TELLING: UpstreamSizes =
    UpstreamSizes { buffer: ByteSize::kib(16), receive: ByteSize::kib(16), tls: ByteSize::kib(64) };

/// Who is told of jobs, and by what he knows us.
pub(crate) struct Told {
    pub(crate) receivers: Receivers,
    pub(crate) secrets: Secrets,
}

/// Runs until it is asked to stop. Objects are fetched on `bulk`.
pub(crate) async fn serve(
    settings: &Settings,
    config: &Config,
    known: &Known,
    tokens: Tokens,
    told: Told,
    bulk: Handle,
) -> Outcome {
    let signals = Signals::listen()?;
    let (plan, clients) = known.plan(config, true)?;
    let sockets = sockets(&plan)?;
    let beside = plan.service.context("an agent has a plan of its own")?;
    let ledger = Ledger::new([
        (Class::Connections, beside.connection.times(CONNECTIONS)),
        (Class::SocketBuffers, ByteSize::ZERO),
        (Class::Admin, beside.answers),
        (Class::LogQueue, beside.log),
        (Class::Upstreams, TELLING.cost().times(CourierOptions::default().at_once as u64)),
    ]);
    let log = telemetry::start(&config.log, &ledger, beside.log)?;
    let queue =
        BookOptions { pages: beside.pages, submissions_max: beside.submissions, ..book_options(config) };
    let mut queues = Queues::open(config, queue).await?;
    let workers = known.edges.iter().map(|edge| known.worker(edge, &plan, &clients));
    let service =
        ServiceOptions { bulk_threads: Some(bulk), ahead: ahead(&beside), ..service_options(config) };
    let service = Service::new(queues.work(), workers, service);
    let courier = courier(config, &ledger, &queues.book, &told)?;
    let options = api_options(config, known, tokens, told.receivers);
    let api = Api::new(queues.book.clone(), service.clone(), options);
    let (phase, phases) = watch::channel(Phase::Starting);
    let house = House { settings, config, plan: sockets, ledger, log, phases };
    let submitters = house.listen("agent-listen", config.agent.agent_listen)?;
    let operators = config.serve.admin.on().map(|address| house.listen("admin", address)).transpose()?;
    let mut ready = format!("forebay agent is ready on http://{}/", submitters.local_addr());
    let watched = Watch::new();
    let admin = operators.map(|listener| {
        ready += &format!(" (admin http://{}/)", listener.local_addr());
        let figures = AgentFigures {
            service: service.clone(),
            book: queues.book.clone(),
            api: api.clone(),
            fleet: queues.link(),
        };
        house.administer(listener, watched.clone(), figures)
    });
    let taking = house.take_in(submitters, api, watched);
    let exit = attend(signals, &phase, (&service, &courier, &mut queues), taking, &ready).await;
    if let Some(admin) = admin {
        admin.abort();
    }
    drop(tokio::time::timeout(super::LOG_FLUSH_MAX, house.log.queue.flush()).await);
    queues.close().await;
    exit
}

/// What listeners are made with.
struct House<'a> {
    settings: &'a Settings,
    config: &'a Config,
    plan: Plan,
    ledger: Ledger,
    log: Telemetry,
    phases: watch::Receiver<Phase>,
}

impl House<'_> {
    fn listen(&self, flag: &str, address: std::net::SocketAddr) -> Result<Listener, Failure> {
        network::listen(flag, None, address, network::socket_sizes(&self.plan, self.config))
    }

    /// Serves those who submit and ask, until it drains.
    fn take_in(&self, listener: Listener, api: Api, watched: Watch) -> JoinHandle<()> {
        let mut options = ServeOptions::new(self.ledger.clone(), FdLedger::new(CONNECTIONS));
        options.connection_cost = self.plan.sizes.connection;
        options.http1_buffer = self.plan.sizes.http1_buffer;
        options.http2 = None;
        options.watch = watched;
        options.limits = ConnLimits { drain: self.config.agent.agent_drain.0, ..ConnLimits::default() };
        let mut phases = self.phases.clone();
        let drain = async move {
            // An error says that the sender is gone, which is the end as well.
            drop(phases.wait_for(|phase| *phase == Phase::Draining).await);
        };
        tokio::spawn(async move {
            forebay_net::serve(listener, api::router(api), options, drain).await;
        })
    }

    /// Serves operators, until it is ended.
    fn administer(&self, listener: Listener, watched: Watch, figures: AgentFigures) -> JoinHandle<()> {
        let missing = Arc::new(Missing(figures.fleet.clone()));
        let mut registry = Registry::default();
        registry.register_collector(Box::new(figures));
        registry.register_collector(Box::new(LogFigures(self.log.queue.clone())));
        let clients = Arc::new(Clients(watched));
        let options = network::for_operators(&self.plan);
        let router = forebay_admin::router(AdminSources {
            about: About {
                version: env!("CARGO_PKG_VERSION"),
                serves: "jobs for edges".to_owned(),
                addresses: vec![listener.local_addr().to_string()],
            },
            plan: Arc::new(self.plan.clone()),
            ledger: self.ledger.clone(),
            fds: options.fds.clone(),
            pools: Vec::new(),
            turns: None,
            needs: Some(missing),
            phase: self.phases.clone(),
            transfers: clients.clone(),
            network: clients,
            log_level: Arc::new(self.log.level.clone()),
            config: self.settings.to_json(),
            registry,
        });
        tokio::spawn(async move {
            forebay_net::serve(listener, router, options, pending()).await;
        })
    }
}

/// Says that it is ready, works, and listens for signals until all is done.
async fn attend(
    mut signals: Signals,
    phase: &watch::Sender<Phase>,
    (service, courier, queues): (&Service, &Courier, &mut Queues),
    taking: JoinHandle<()>,
    ready: &str,
) -> Outcome {
    let mut working = std::pin::pin!(service.run());
    let mut telling = std::pin::pin!(courier.run());
    phase.send_replace(Phase::Serving);
    output::data(ready)?;
    systemd::ready(ready);
    let mut taking = Some(taking);
    loop {
        tokio::select! {
            worked = &mut working => {
                worked.context("the queue can be used no more")?;
                return Ok(Exit::Done);
            }
            told = &mut telling => match told.context("the queue can be used no more")? {},
            error = queues.broken() => return Err(anyhow!(error).context("the queue can be used no more").into()),
            asked = signals.next() => match asked {
                Asked::ToReload => tracing::warn!("an agent reads its settings at its start only"),
                Asked::ToStop(signal) => {
                    let Some(taking) = taking.take() else { return Ok(Exit::Interrupted) };
                    tracing::info!(signal, "giving back what is not done; asked again, it ends at once");
                    systemd::stopping("giving back what is not done");
                    phase.send_replace(Phase::Draining);
                    service.stop();
                    drop(taking);
                }
            },
        }
    }
}

/// The sizes of the listeners' sockets, and the lines of the agent's own plan.
fn sockets(plan: &AgentPlan) -> Result<Plan, Failure> {
    let limits = forebay_budget::Limits {
        memory: Some(plan.limit),
        http2: false,
        compression: false,
        listings: false,
        archives: false,
        ..forebay_budget::Limits::default()
    };
    let nofile = raise_nofile().context("cannot read the limit on open files")?;
    let served = Plan::compute(&limits, &MemoryFacts::detect(), nofile)
        .map_err(|error| Failure::usage(anyhow!("the plan does not fit: {error}")))?;
    Ok(Plan {
        lines: plan.lines.clone(),
        total: plan.total,
        limit: plan.limit,
        connections_max: plan.control.connections + plan.bulk.connections,
        ..served
    })
}

fn courier(config: &Config, ledger: &Ledger, book: &Book, told: &Told) -> Result<Courier, Failure> {
    let options = courier_options(config);
    let client = reach::client(config, ledger, FdLedger::new(options.at_once as u64), TELLING)?;
    let (receivers, secrets) = (told.receivers.clone(), told.secrets.clone());
    Ok(Courier::new(book.clone(), Client::new(client), receivers, secrets, options))
}

fn book_options(config: &Config) -> BookOptions {
    BookOptions { keep_for: config.agent.agent_keep.0, ..BookOptions::default() }
}

fn courier_options(config: &Config) -> CourierOptions {
    CourierOptions { patience: config.agent.agent_webhook_patience.0, ..CourierOptions::default() }
}

/// Rows that wait for their turn, by lane.
fn ahead(plan: &ServicePlan) -> [usize; 2] {
    [plan.ahead_control, plan.ahead_bulk].map(|rows| rows as usize)
}

fn service_options(config: &Config) -> ServiceOptions {
    let agent = &config.agent;
    let patience = Patience {
        attempts_max: agent.agent_tries.0.get(),
        away_max: agent.agent_away.0,
        ..Patience::default()
    };
    ServiceOptions {
        works: agent.agent_work,
        patience,
        drain_for: agent.agent_drain.0,
        ..ServiceOptions::default()
    }
}

fn api_options(config: &Config, known: &Known, tokens: Tokens, receivers: Receivers) -> ApiOptions {
    let tiers = known.edges.iter().zip(&known.tiers);
    let tiers = tiers.map(|(edge, tier)| (edge.spec.name.clone(), u8::try_from(*tier).unwrap_or(u8::MAX)));
    ApiOptions { tokens, body_max: config.agent.agent_body_max, tiers: tiers.collect(), receivers }
}
