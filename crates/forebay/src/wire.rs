//! A running server, in the order in which it is put together: the table of contents.
//!
//! Everything that can be wrong with the settings is found before the first socket is bound; the ready line is
//! printed when both sockets are listening, so whoever reads it may connect at once. Operators keep their listener
//! until clients have been let go.

pub(crate) mod agent;
mod content;
mod doors;
mod figures;
mod fleet;
mod network;
mod reload;
mod sources;
mod stack;
#[cfg(test)]
mod tests;
mod upstreams;

use std::{pin::pin, sync::Arc, time::Duration};

use anyhow::Context;
use forebay_admin::{About, AdminSources, Phase, Turns};
use forebay_budget::{BufferPool, Class, FdLedger, Lease, Ledger};
use forebay_gateway::{Gateway, Metrics, stack::Stack};
use forebay_net::{Listener, Served, TlsConfig, Watch};
use forebay_tower::{BandwidthLayer, LoadShedLayer};
use prometheus_client::registry::Registry;
use tokio::{runtime::Handle, sync::watch, task::AbortHandle};

use self::sources::{Clients, Line};
use crate::{
    args::Sources,
    listeners::{self, Passed},
    output::{self, Exit, Failure, Outcome},
    place,
    planned::Planned,
    signals::{Asked, Signals},
    systemd,
    telemetry::{self, Telemetry},
};

/// How long the log may take to write what is left: a writer that stands still must not hold up the end.
const LOG_FLUSH_MAX: Duration = Duration::from_secs(1);

/// What a server is made of, before it serves.
struct Server {
    ledger: Ledger,
    fds: FdLedger,
    service: Stack,
    bandwidth: Option<BandwidthLayer>,
    load_shed: Option<LoadShedLayer>,
    chunks: BufferPool,
    /// Pays for what limits remember of clients.
    remembered: Lease,
    registry: Registry,
    tls: Option<TlsConfig>,
    log: Telemetry,
    clients: Listener,
    operators: Option<Listener>,
    watch: Watch,
}

/// Serves until it is asked to stop.
pub(crate) async fn serve(sources: &Sources, planned: &Planned, executors: Vec<Handle>) -> Outcome {
    let signals = Signals::listen()?;
    let (phase, phases) = watch::channel(Phase::Starting);
    let mut server = build(planned).await?;
    let ready = ready_line(&server);
    let admin = match server.operators.take() {
        Some(listener) => Some(Admin::start(&mut server, planned, listener, phases.clone())?),
        None => None,
    };
    let reload = reload::Reload {
        sources: sources.clone(),
        settings: planned.settings.clone(),
        tls: server.tls.clone(),
        level: server.log.level.clone(),
        bandwidth: server.bandwidth.take(),
    };
    let queue = server.log.queue.clone();
    let serving = serve_clients(server, planned, executors, phases);
    let exit = attend(serving, signals, &phase, &reload, &ready).await;
    drop(admin);
    drop(tokio::time::timeout(LOG_FLUSH_MAX, queue.flush()).await);
    exit
}

async fn build(planned: &Planned) -> Result<Server, Failure> {
    let Planned { config, plan, .. } = planned;
    let ledger = Ledger::from_plan(plan);
    let fds = FdLedger::new(plan.fds.leased());
    let content = content::open(config, plan, &ledger, &fds).await?;
    let mut options = content::gateway(config, plan);
    (options.uploads, options.doors) = (content.uploads, doors::of(config)?);
    let gateway = Gateway::new(content.store, options, ledger.clone())
        .map_err(|error| Failure::usage(anyhow::Error::new(error)))?;
    let tls = config.is_tls().then(|| listeners::tls(config)).transpose().map_err(Failure::usage)?;
    let passed = Passed::take()?;
    let sizes = || network::socket_sizes(plan, config);
    let clients = network::listen("listen", passed.http, config.serve.listen, sizes())?;
    doors::check(config, clients.local_addr())?;
    let operators = match (passed.admin, config.serve.admin.on()) {
        (None, None) => None,
        (Some(socket), address) => {
            let address = address.unwrap_or(config.serve.listen);
            Some(network::listen("admin", Some(socket), address, sizes())?)
        }
        (None, Some(address)) => Some(network::listen("admin", None, address, sizes())?),
    };
    let log = telemetry::start(&config.log, &ledger, plan.capacity(Class::LogQueue))?;
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    registry.register_collector(Box::new(figures::LogFigures(log.queue.clone())));
    if let Some(figures) = content.upstream {
        gateway.upstream_metrics().register(&mut registry);
        registry.register_collector(Box::new(figures));
    }
    let remembered = ledger.try_acquire(Class::Clients, plan.capacity(Class::Clients).as_u64());
    let remembered = remembered.context("the plan has no room for what limits remember")?;
    let layers = stack::options(config, plan, &log.queue);
    let (bandwidth, load_shed) = (layers.bandwidth.clone(), layers.load_shed.clone());
    let chunks = gateway.chunks().clone();
    let service = forebay_gateway::stack::stack(gateway, &metrics, layers);
    Ok(Server {
        ledger,
        fds,
        service,
        bandwidth,
        load_shed,
        chunks,
        remembered,
        registry,
        tls,
        log,
        clients,
        operators,
        watch: Watch::new(),
    })
}

/// Everything between the clients' socket and their files.
async fn serve_clients(
    server: Server,
    planned: &Planned,
    executors: Vec<Handle>,
    mut phases: watch::Receiver<Phase>,
) -> Served {
    let Server { ledger, fds, service, tls, clients, watch, chunks, remembered: _remembered, .. } = server;
    let mut options = network::for_clients(&planned.plan, &planned.config, ledger, fds, tls, watch);
    options.executors = executors;
    let drain = async move {
        // An error says that the sender is gone, which is the end as well.
        drop(phases.wait_for(|phase| *phase == Phase::Draining).await);
    };
    tokio::select! {
        served = forebay_net::serve(clients, service, options, drain) => served,
        never = chunks.keep_trimmed() => match never {},
    }
}

fn stopped(served: &Served) -> Exit {
    tracing::info!(drained = served.drained, cut = served.cut, "stopped");
    Exit::Done
}

/// Says that it is ready, then listens for signals until the last client is gone.
async fn attend(
    serving: impl Future<Output = Served>,
    mut signals: Signals,
    phase: &watch::Sender<Phase>,
    reload: &reload::Reload,
    ready: &str,
) -> Outcome {
    phase.send_replace(Phase::Serving);
    output::data(ready)?;
    systemd::ready(ready);
    let mut serving = pin!(serving);
    loop {
        tokio::select! {
            served = &mut serving => return Ok(stopped(&served)),
            asked = signals.next() => match asked {
                Asked::ToReload => {
                    systemd::reloading();
                    tokio::select! {
                        served = &mut serving => return Ok(stopped(&served)),
                        () = reload.run() => {}
                    }
                    systemd::ready(ready);
                }
                Asked::ToStop(signal) if *phase.borrow() == Phase::Draining => {
                    tracing::warn!(signal, "asked again: ending at once");
                    return Ok(Exit::Interrupted);
                }
                Asked::ToStop(signal) => {
                    tracing::info!(signal, "draining; asked again, it ends at once");
                    systemd::stopping("letting transfers finish");
                    phase.send_replace(Phase::Draining);
                }
            },
        }
    }
}

/// The one line that scripts wait for: where clients and operators are really served.
fn ready_line(server: &Server) -> String {
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    let mut line = format!("forebay is ready on {scheme}://{}/", server.clients.local_addr());
    if let Some(operators) = &server.operators {
        line += &format!(" (admin http://{}/)", operators.local_addr());
    }
    line
}

/// The operators' listener, until it is dropped.
struct Admin {
    task: AbortHandle,
    /// Its connections are part of the program's line of the plan.
    _sockets: Lease,
}

impl Admin {
    fn start(
        server: &mut Server,
        planned: &Planned,
        listener: Listener,
        phase: watch::Receiver<Phase>,
    ) -> Result<Self, Failure> {
        let Planned { settings, config, plan, .. } = planned;
        let clients = Arc::new(Clients(server.watch.clone()));
        let router = forebay_admin::router(AdminSources {
            about: About {
                version: env!("CARGO_PKG_VERSION"),
                serves: place::served(&config.serve.root),
                addresses: vec![server.clients.local_addr().to_string(), listener.local_addr().to_string()],
            },
            plan: Arc::new(plan.clone()),
            ledger: server.ledger.clone(),
            fds: server.fds.clone(),
            pools: vec![server.chunks.clone()],
            turns: server.load_shed.take().map(|line| Arc::new(Line(line)) as Arc<dyn Turns>),
            needs: None,
            phase,
            transfers: clients.clone(),
            network: clients,
            log_level: Arc::new(server.log.level.clone()),
            config: settings.to_json(),
            registry: std::mem::take(&mut server.registry),
        });
        let memory = plan.sizes.connection.times(network::ADMIN_CONNECTIONS);
        let sockets = server
            .ledger
            .try_acquire(Class::Runtime, memory.as_u64())
            .context("the plan has no room for the admin listener")?;
        let options = network::for_operators(plan);
        let task = tokio::spawn(forebay_net::serve(listener, router, options, std::future::pending()));
        Ok(Self { task: task.abort_handle(), _sockets: sockets })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.task.abort();
    }
}
