//! Buckets per client, with paused time.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use http::{Request, StatusCode};
use tokio::time::advance;

use super::*;
use crate::client_ip::Client;
use crate::testing::{Answers, Fed, call};

fn layer(per_second: u32, clients_max: usize) -> RequestRateLayer {
    let options = RequestRateOptions::per_second(NonZeroU32::new(per_second).unwrap());
    RequestRateLayer::new(RequestRateOptions { clients_max, ..options })
}

fn from(client: u32) -> Request<Fed> {
    let mut request = Request::new(Fed::default());
    request.extensions_mut().insert(Client(IpAddr::V4(Ipv4Addr::from(client))));
    request
}

fn status(layer: &RequestRateLayer, client: u32) -> StatusCode {
    call(layer, Answers::default(), from(client)).status()
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_and_what_follows_is_429_with_whole_seconds() {
    let layer = layer(2, 100);
    assert_eq!(status(&layer, 1), StatusCode::OK);
    assert_eq!(status(&layer, 1), StatusCode::OK);
    let refused = call(&layer, Answers::default(), from(1));
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1", "half a second, rounded up");
    assert_eq!(status(&layer, 2), StatusCode::OK, "another client has a bucket of its own");

    advance(Duration::from_millis(499)).await;
    assert_eq!(status(&layer, 1), StatusCode::TOO_MANY_REQUESTS);
    advance(Duration::from_millis(1)).await;
    assert_eq!(status(&layer, 1), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_never_reaches_the_service() {
    let layer = layer(1, 100);
    let service = Answers::default();
    for _ in 0..5 {
        call(&layer, service.clone(), from(1));
    }
    assert_eq!(*service.calls.lock(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_table_is_bounded_and_forgets_full_buckets() {
    let layer = layer(1, 64);
    for client in 0..10_000 {
        status(&layer, client);
    }
    assert!(layer.clients() <= 64);
    let after_the_storm = 20_000;
    assert_eq!(status(&layer, after_the_storm), StatusCode::TOO_MANY_REQUESTS, "shares the crowd's bucket");
    advance(Duration::from_secs(1)).await;
    assert_eq!(status(&layer, after_the_storm), StatusCode::OK, "has one of its own again");
    assert_eq!(status(&layer, after_the_storm), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn one_ipv6_network_is_one_client() {
    let layer = layer(1, 64);
    let status = |host: &str| {
        let mut request = Request::new(Fed::default());
        request.extensions_mut().insert(Client(host.parse().unwrap()));
        call(&layer, Answers::default(), request).status()
    };
    assert_eq!(status("2001:db8::1"), StatusCode::OK);
    assert_eq!(status("2001:db8::2"), StatusCode::TOO_MANY_REQUESTS);
}
