//! What limits remember of clients is one number, known at the start, however many addresses there are.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use axum::body::Body;
use forebay_budget::{ByteSize, Class, Limits, MemoryFacts, NofileLimits, Plan, Rate};
use forebay_tower::client_ip::Client;
use forebay_tower::limit::bandwidth::BandwidthOptions;
use forebay_tower::limit::request_rate::RequestRateOptions;
use forebay_tower::{BandwidthLayer, RequestRateLayer};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::counting::held;

/// Calls a layered service as so many clients, one after the other, each of them remembered.
fn visit<L, R>(layer: &L, clients: u32)
where
    L: Layer<Hello>,
    L::Service: Service<Request<Body>, Response = Response<R>, Error = Infallible>,
{
    let mut service = layer.layer(Hello);
    for client in 0..clients {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(Client(IpAddr::from(Ipv4Addr::from(client))));
        // Clients are remembered before the answer is waited for.
        drop(service.call(request));
    }
}

/// Answers with nothing.
#[derive(Clone)]
struct Hello;

impl<B> Service<Request<B>> for Hello {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::ready(Ok(Response::new(Body::empty())))
    }
}

/// The limiter itself, whose size does not depend on clients.
const BESIDE: u64 = 2048;

fn requests(clients_max: usize) -> RequestRateOptions {
    RequestRateOptions { clients_max, ..RequestRateOptions::per_second(NonZeroU32::MIN) }
}

fn bandwidth(clients_max: usize) -> BandwidthOptions {
    BandwidthOptions { per_client: Some(Rate::kib(1)), clients_max, ..BandwidthOptions::default() }
}

#[tokio::test]
async fn the_tables_hold_what_they_say_and_no_more() {
    for clients_max in [1, 64, 1000, 7168] {
        let (options, crowd) = (requests(clients_max), 20_000);
        let (bytes, layer) = held(|| {
            let layer = RequestRateLayer::new(options);
            visit(&layer, crowd);
            layer
        });
        assert!(bytes <= options.memory().as_u64() + BESIDE, "{bytes} of {} held", options.memory());
        assert!(layer.clients() <= clients_max.max(16));

        let options = bandwidth(clients_max);
        let (bytes, layer) = held(|| {
            let layer = BandwidthLayer::new(options);
            visit(&layer, crowd);
            layer
        });
        assert!(bytes <= options.memory().as_u64() + BESIDE, "{bytes} of {} held", options.memory());
        assert!(layer.clients() <= clients_max.max(16));
    }
}

#[test]
fn the_line_of_the_plan_pays_for_both_tables() {
    for memory in [64, 256, 4096].map(ByteSize::mib) {
        let limits = Limits { memory: Some(memory), remember_clients: true, ..Limits::default() };
        let nofile = NofileLimits { soft_before: 1 << 20, soft: 1 << 20, hard: 1 << 20 };
        let plan = Plan::compute(&limits, &MemoryFacts::default(), nofile).unwrap();
        let clients = usize::try_from(plan.clients_max()).unwrap();
        let both = requests(clients).memory() + bandwidth(clients).memory();
        assert!(both <= plan.capacity(Class::Clients), "{both} of {}", plan.capacity(Class::Clients));
        assert!(both.as_u64() * 5 > plan.capacity(Class::Clients).as_u64() * 4, "{both} is little");
    }
}
