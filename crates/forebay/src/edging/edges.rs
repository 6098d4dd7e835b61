//! The edges that settings describe, the plan of work on them, and the connections that follow.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, anyhow};
use forebay_agent::{
    edge::{Described, EdgeSpec, RequestOverrides, TlsName, Usual, tiers},
    fleet::Member,
    governor::{EdgeLimits, Governor},
    work::{Clients, Proof, Variant, WorkOptions, Worker},
};
use forebay_budget::{AgentAsk, AgentPlan, ByteSize, EdgeAsk, FdLedger, LanePlan, MemoryFacts, raise_nofile};
use forebay_net::{
    client::{Client, ClientOptions, ClientTls, Proxies, TargetForm},
    retry::RetryPolicy,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::USER_AGENT};

use super::usage;
use crate::{
    config::{self, Config, EdgeForm, EdgeProof},
    output::Failure,
    planned::EdgePlans,
    reach,
};

/// How long a request waits for a connection: until others have ended, however long their bodies are.
const TURN: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// The edges, ready to work.
#[derive(Debug)]
pub(crate) struct Edges {
    pub(crate) plan: AgentPlan,
    pub(crate) clients: Clients,
    /// In the order in which they were given.
    pub(crate) fleet: Vec<Member>,
    /// How many stand before each.
    pub(crate) tiers: Vec<u32>,
    /// How many variants of each URL are warmed.
    pub(crate) variants: usize,
}

/// Descriptions of edges, in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) edges: Vec<Described>,
    pub(crate) tiers: Vec<u32>,
    options: WorkOptions,
}

impl Edges {
    /// Reads the settings and makes the plan. Sends nothing.
    pub(crate) fn new(config: &Config, digest: bool) -> Result<Self, Failure> {
        let known = Known::read(config, digest)?;
        if known.edges.is_empty() {
            return Err(usage(anyhow!(
                "no edge: name one with --edge http://HOST:PORT, or more in forebay.toml"
            )));
        }
        let (plan, clients) = known.plan(config, false)?;
        let named: HashMap<_, _> = (0..).zip(&known.edges).map(|(at, edge)| (&edge.spec.name, at)).collect();
        let member = |edge: &Described| Member {
            worker: known.worker(edge, &plan, &clients),
            parents: edge.parents.iter().filter_map(|parent| named.get(parent).copied()).collect(),
        };
        let fleet = known.edges.iter().map(member).collect();
        Ok(Self { plan, clients, fleet, tiers: known.tiers, variants: known.options.variants.len() })
    }

    pub(crate) fn workers(&self) -> impl Iterator<Item = Worker> {
        self.fleet.iter().map(|member| member.worker.clone())
    }

    /// Whether anything that is under way has to be finished.
    pub(crate) fn must_finish(&self) -> bool {
        self.workers().any(|worker| worker.must_finish())
    }
}

impl Known {
    /// Reads the settings.
    pub(crate) fn read(config: &Config, digest: bool) -> Result<Self, Failure> {
        let edge = &config.edge;
        let overrides = Arc::new(overrides(edge).map_err(usage)?);
        let usual = Usual { form: form(edge.edge_form), limits: limits(edge) };
        let dress = |spec: &mut EdgeSpec| {
            spec.kind = edge.edge_kind.given().map(|kind| kind.0);
            spec.tls_name = TlsName::of(&edge.edge_tls_name);
            spec.overrides = Arc::clone(&overrides);
        };
        let parse = |text: &String| {
            Described::parse(text, &usual, dress).with_context(|| format!("--edge {}", text.trim()))
        };
        let edges: Vec<_> = edge.edge.iter().map(parse).collect::<Result<_, _>>().map_err(usage)?;
        let tiers = tiers(&edges).map_err(|error| usage(error.into()))?;
        let options = options(edge, digest).map_err(usage)?;
        Ok(Self { edges, tiers, options })
    }

    /// The plan of work on all of them; nothing if there are none.
    pub(crate) fn planned(config: &Config) -> Result<Option<EdgePlans>, Failure> {
        let known = Self::read(config, false)?;
        if known.edges.is_empty() {
            return Ok(None);
        }
        let (once, agent) = (known.compute(config, false)?, known.compute(config, true));
        Ok(Some(EdgePlans { once, agent }))
    }

    fn compute(&self, config: &Config, queue: bool) -> Result<AgentPlan, Failure> {
        let asks = |edge: &Described| EdgeAsk { control: edge.limits.control, bulk: edge.limits.bulk };
        let edges: Vec<_> = self.edges.iter().map(asks).collect();
        let ask = AgentAsk {
            memory: config.memory.memory.given(),
            edges: &edges,
            tls: self.edges.iter().any(|edge| edge.spec.is_tls()),
            queue,
            fleet: queue && !config.agent.agent_nats.is_empty(),
        };
        let nofile = raise_nofile().context("cannot read the limit on open files")?;
        AgentPlan::compute(&ask, &MemoryFacts::detect(), nofile)
            .map_err(|error| usage(anyhow!("the plan of work on edges does not fit: {error}")))
    }

    /// The plan of work on all of them, and the connections that it pays for.
    pub(crate) fn plan(&self, config: &Config, queue: bool) -> Result<(AgentPlan, Clients), Failure> {
        let plan = self.compute(config, queue)?;
        let (ledger, fds) = (plan.ledger(), FdLedger::new(plan.fds));
        let client = |lane: LanePlan| -> Result<Client, Failure> {
            let options = reach::client(config, &ledger, fds.clone(), lane.sizes)?;
            Ok(Client::new(ClientOptions {
                connections_max: lane.connections,
                per_destination_max: lane.connections,
                waiters_max: usize::MAX,
                acquire_timeout: TURN,
                head_timeout: config.edge.edge_timeout.0,
                stall_timeout: config.edge.edge_stall.0,
                drain_max: ByteSize::kib(16),
                proxies: Proxies::default(),
                tls: if config.edge.edge_insecure { ClientTls::insecure() } else { options.tls.clone() },
                ..options
            }))
        };
        let clients = Clients { control: client(plan.control)?, bulk: client(plan.bulk)? };
        Ok((plan, clients))
    }

    /// An edge at work, with its share of the plan.
    pub(crate) fn worker(&self, edge: &Described, plan: &AgentPlan, clients: &Clients) -> Worker {
        let limits = EdgeLimits {
            control: edge.limits.control.min(plan.control.each_edge),
            bulk: edge.limits.bulk.min(plan.bulk.each_edge),
            under_way: plan.tasks_each,
            ..edge.limits.clone()
        };
        Worker::new(edge.spec.clone(), clients.clone(), Governor::new(&limits), self.options.clone())
    }
}

fn form(form: EdgeForm) -> TargetForm {
    match form {
        EdgeForm::Reverse => TargetForm::Origin,
        EdgeForm::Forward => TargetForm::Absolute,
    }
}

fn limits(edge: &config::Edge) -> EdgeLimits {
    EdgeLimits {
        control: edge.edge_control.0.get(),
        bulk: edge.edge_bulk.0.get(),
        requests_per_second: edge.edge_requests.on().map(|count| count.0),
        bytes_in_flight: edge.edge_in_flight.on(),
        bandwidth: edge.edge_bandwidth.on(),
        windows: edge.edge_window.iter().map(|window| window.0).collect(),
        ..EdgeLimits::default()
    }
}

fn overrides(edge: &config::Edge) -> anyhow::Result<RequestOverrides> {
    let mut headers = HeaderMap::new();
    if !edge.edge_user_agent.is_empty() {
        let agent = HeaderValue::from_str(&edge.edge_user_agent).context("--edge-user-agent")?;
        headers.insert(USER_AGENT, agent);
    }
    for field in &edge.edge_header {
        // What it says may be a secret, so only its name is shown.
        let shown = field.split_once(':').map_or("…", |(name, _)| name);
        let variant = Variant::parse(field).with_context(|| format!("--edge-header {shown}"))?;
        for (name, value) in variant.fields() {
            let mut value = value.clone();
            value.set_sensitive(is_secret(name));
            headers.append(name.clone(), value);
        }
    }
    let host = match edge.edge_host.as_str() {
        "" => None,
        host => Some(HeaderValue::from_str(host).context("--edge-host")?),
    };
    let purge_method = match edge.purge_method.as_str() {
        "PURGE" => None,
        method => Some(Method::from_bytes(method.as_bytes()).context("--purge-method")?),
    };
    Ok(RequestOverrides { purge_method, purge_body: edge.purge_body.clone().into(), host, headers })
}

fn is_secret(name: &HeaderName) -> bool {
    matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization" | "x-api-key")
}

fn options(edge: &config::Edge, digest: bool) -> anyhow::Result<WorkOptions> {
    let variants =
        edge.variant.iter().map(|field| Variant::parse(field).with_context(|| format!("--variant {field}")));
    Ok(WorkOptions {
        proof: match edge.proof {
            EdgeProof::Warm => Proof::Warm,
            EdgeProof::Always => Proof::Always,
            EdgeProof::Never => Proof::Never,
        },
        retry: RetryPolicy { failures_max: edge.edge_tries.0.get(), ..RetryPolicy::default() },
        down_patience: edge.edge_patience.0,
        object_max: edge.object_max,
        digest,
        variants: variants.collect::<Result<Vec<_>, _>>()?.into(),
    })
}
