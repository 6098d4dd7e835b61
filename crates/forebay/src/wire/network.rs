//! What the sockets are told: the plan's sizes and the settings' limits.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use forebay_budget::{ByteSize, Class, FdLedger, Ledger, Plan, ServicePlan};
use forebay_net::{
    ColdPages, ConnLimits, Http2Sizes, ListenOptions, Listener, ServeOptions, SocketSizes, TlsConfig, Watch,
};

use crate::{
    config::{self, Config},
    listeners,
    output::Failure,
};

/// How many operators may be connected at once.
pub(super) const ADMIN_CONNECTIONS: u64 = ServicePlan::OPERATORS as u64;

/// Takes the socket that was passed, or binds the address.
pub(super) fn listen(
    flag: &str,
    passed: Option<TcpListener>,
    address: SocketAddr,
    sizes: SocketSizes,
) -> Result<Listener, Failure> {
    let options = ListenOptions { sizes, ..ListenOptions::default() };
    let bound = match passed {
        Some(socket) => Listener::from_std(socket, &options),
        None => Listener::bind(address, &options).map_err(|error| error.source),
    };
    bound.map_err(|error| Failure::from(listeners::cannot_listen(flag, address, error)))
}

/// The buffers that sockets start with, and how far they may grow.
pub(super) fn socket_sizes(plan: &Plan, config: &Config) -> SocketSizes {
    let sizes = &plan.sizes;
    SocketSizes {
        unsent_start: sizes.unsent_start,
        send_start: sizes.send_start,
        receive_start: sizes.receive_start,
        grown_max: sizes.grown_max,
        // A peer that has vanished is a stall that the kernel sees first.
        user_timeout: config.limits.stall_timeout.0,
    }
}

/// How clients are served.
pub(super) fn for_clients(
    plan: &Plan,
    config: &Config,
    ledger: Ledger,
    fds: FdLedger,
    tls: Option<TlsConfig>,
    watch: Watch,
) -> ServeOptions {
    let mut options = ServeOptions::new(ledger, fds);
    options.connection_cost = plan.sizes.connection;
    options.tls_cost = plan.sizes.tls;
    options.http1_buffer = plan.sizes.http1_buffer;
    options.http2 = http2(plan, config);
    options.tls = tls;
    options.limits = limits(config);
    options.cold = match config.runtime.cold_pages {
        config::ColdPages::Probe => ColdPages::Probe,
        config::ColdPages::Trust => ColdPages::Trust,
    };
    options.watch = watch;
    options
}

/// HTTP/2 in what the plan gives to a connection of it.
fn http2(plan: &Plan, config: &Config) -> Option<Http2Sizes> {
    let log_head = if config.log.access_log { plan.sizes.log_head } else { ByteSize::ZERO };
    config.serve.http2.then(|| Http2Sizes::for_cost_with(plan.sizes.http2_connection, log_head))
}

/// How operators are served: a few connections of their own, so that clients cannot keep them out.
pub(super) fn for_operators(plan: &Plan) -> ServeOptions {
    let memory = plan.sizes.connection.times(ADMIN_CONNECTIONS);
    let ledger = Ledger::new([(Class::Connections, memory), (Class::SocketBuffers, ByteSize::ZERO)]);
    let mut options = ServeOptions::new(ledger, FdLedger::new(ADMIN_CONNECTIONS));
    options.connection_cost = plan.sizes.connection;
    options.http1_buffer = plan.sizes.http1_buffer;
    options.http2 = None;
    options.limits = ConnLimits { drain: Duration::from_secs(1), ..ConnLimits::default() };
    options
}

fn limits(config: &Config) -> ConnLimits {
    let limits = &config.limits;
    ConnLimits {
        head: limits.head_timeout.0,
        idle: limits.idle_timeout.0,
        stall: limits.stall_timeout.0,
        min_rate: limits.min_rate,
        grace: limits.min_rate_grace.0,
        handshake: limits.handshake_timeout.0,
        drain: limits.drain_timeout.0,
    }
}
