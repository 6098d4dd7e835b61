//! The layers that the settings ask for. What is off is not there.

use std::num::{NonZeroU32, NonZeroUsize};

use forebay_budget::Plan;
use forebay_gateway::stack::StackOptions;
use forebay_tower::{
    AccessLogOptions, BandwidthLayer, BodyCeilingLayer, DeadlineLayer, LoadShedLayer, LogQueue,
    RequestRateLayer,
    access_log::{CaptureOptions, Redaction, WhiteSpace},
    limit::{bandwidth::BandwidthOptions, in_flight::Slots, request_rate::RequestRateOptions},
    shed::QueueLimits,
};

use crate::config::{Clients, Config, Log};

/// Requests that may wait for each one that is being answered.
const WAITING_PER_REQUEST: usize = 4;

pub(super) fn options(config: &Config, plan: &Plan, queue: &LogQueue) -> StackOptions {
    let (limits, clients) = (&config.limits, &config.clients);
    let clients_max = usize::try_from(plan.clients_max()).unwrap_or(usize::MAX);
    StackOptions {
        trust: clients.trusted_proxies.iter().map(|network| network.0).collect(),
        access_log: config.log.access_log.then(|| (queue.clone(), access_log(&config.log))),
        request_rate: request_rate(clients, clients_max),
        load_shed: limits.requests.on().map(|requests| {
            let slots = NonZeroUsize::try_from(requests.0).unwrap_or(NonZeroUsize::MIN);
            let length = slots.get() * WAITING_PER_REQUEST;
            LoadShedLayer::new(Slots::new(slots), QueueLimits { length, time: config.memory.queue_timeout.0 })
        }),
        deadline: limits.answer_timeout.on().map(|time| DeadlineLayer::new(time.0)),
        body_ceiling: limits.body_max.on().map(BodyCeilingLayer::new),
        // The sockets' own limits see the same stalls, without a timer for each body.
        stall: None,
        bandwidth: bandwidth(clients, clients_max),
    }
}

fn access_log(log: &Log) -> AccessLogOptions {
    let white_space = if log.capture_collapse { WhiteSpace::Collapse } else { WhiteSpace::Keep };
    AccessLogOptions {
        capture: CaptureOptions { white_space, ..CaptureOptions::both(log.capture) },
        redaction: Redaction::default().also(&log.redact),
        ..AccessLogOptions::default()
    }
}

fn request_rate(clients: &Clients, clients_max: usize) -> Option<RequestRateLayer> {
    let per_second: NonZeroU32 = clients.request_rate.on()?.0;
    let burst = clients.request_burst.0;
    let options = RequestRateOptions::per_second(per_second);
    Some(RequestRateLayer::new(RequestRateOptions { burst, clients_max, ..options }))
}

fn bandwidth(clients: &Clients, clients_max: usize) -> Option<BandwidthLayer> {
    let (per_client, total) = (clients.client_bandwidth.on(), clients.total_bandwidth.on());
    if per_client.is_none() && total.is_none() {
        return None;
    }
    Some(BandwidthLayer::new(BandwidthOptions {
        per_client,
        total,
        clients_max,
        ..BandwidthOptions::default()
    }))
}
