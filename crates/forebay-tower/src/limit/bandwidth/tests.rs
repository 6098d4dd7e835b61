//! Debit after the frame, then wait; the debt is the client's.

use std::net::{IpAddr, Ipv4Addr};
use std::task::Poll;
use std::time::Duration;

use http::Request;
use http_body::Body;
use tokio::time::{Instant, advance};

use super::*;
use crate::client_ip::Client;
use crate::testing::{Answers, Fed, Step, call, data, frame, takes};

const KIB: usize = 1024;

fn layer(per_client: Option<u64>, total: Option<u64>) -> BandwidthLayer {
    BandwidthLayer::new(BandwidthOptions {
        per_client: per_client.map(Rate::kib),
        total: total.map(Rate::kib),
        burst: Duration::ZERO,
        clients_max: 64,
        ..BandwidthOptions::default()
    })
}

fn body(layer: &BandwidthLayer, client: u32, frames: usize) -> PacedBody<Fed> {
    let mut request = Request::new(Fed::default());
    request.extensions_mut().insert(Client(IpAddr::V4(Ipv4Addr::from(client))));
    let steps = (0..frames).map(|_| data(KIB)).chain([Step::End]);
    call(layer, Answers::new([Fed::new(steps)]), request).into_body()
}

#[tokio::test(start_paused = true)]
async fn a_frame_passes_and_the_next_one_waits_until_it_is_paid() {
    let layer = layer(Some(1), None);
    let mut body = body(&layer, 1, 2);
    takes(&mut body, KIB);
    assert!(frame(&mut body).is_pending());
    advance(Duration::from_millis(999)).await;
    assert!(frame(&mut body).is_pending());
    advance(Duration::from_millis(1)).await;
    takes(&mut body, KIB);
}

#[tokio::test(start_paused = true)]
async fn connections_of_one_client_share_its_rate() {
    let layer = layer(Some(4), None);
    let start = Instant::now();
    let mut bodies = [body(&layer, 1, 8), body(&layer, 1, 8)];
    let mut frames = 0;
    while frames < 16 {
        for body in &mut bodies {
            while let Poll::Ready(Some(Ok(_))) = frame(body) {
                frames += 1;
            }
        }
        advance(Duration::from_millis(10)).await;
    }
    let took = start.elapsed().as_secs_f64();
    assert!((3.5..=4.1).contains(&took), "16 KiB at 4 KiB/s took {took} s");
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_inherits_the_debt() {
    let layer = layer(Some(1), None);
    takes(&mut body(&layer, 1, 1), KIB);
    let mut second = body(&layer, 1, 1);
    assert!(frame(&mut second).is_pending());
    takes(&mut body(&layer, 2, 1), KIB);
    advance(Duration::from_secs(1)).await;
    takes(&mut second, KIB);
}

#[tokio::test(start_paused = true)]
async fn the_total_binds_all_clients() {
    let layer = layer(None, Some(1));
    takes(&mut body(&layer, 1, 1), KIB);
    let mut other = body(&layer, 2, 1);
    assert!(frame(&mut other).is_pending());
    advance(Duration::from_secs(1)).await;
    takes(&mut other, KIB);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_free_after_a_pause() {
    let options = BandwidthOptions {
        per_client: Some(Rate::kib(4)),
        burst: Duration::from_millis(500),
        ..BandwidthOptions::default()
    };
    let layer = BandwidthLayer::new(options);
    let mut body = body(&layer, 1, 4);
    takes(&mut body, KIB);
    takes(&mut body, KIB);
    takes(&mut body, KIB);
    assert!(frame(&mut body).is_pending(), "half a second at 4 KiB/s is 2 KiB, and one frame of debt");
}

#[tokio::test(start_paused = true)]
async fn the_rate_can_change_while_a_body_flows() {
    let layer = layer(Some(1), None);
    let mut body = body(&layer, 1, 4);
    takes(&mut body, KIB);
    advance(Duration::from_secs(1)).await;
    layer.set_per_client(Some(Rate::kib(1000)));
    takes(&mut body, KIB);
    advance(Duration::from_millis(2)).await;
    takes(&mut body, KIB);
    layer.set_per_client(None);
    advance(Duration::from_millis(2)).await;
    takes(&mut body, KIB);
    assert!(matches!(frame(&mut body), Poll::Ready(None)));
}

#[tokio::test(start_paused = true)]
async fn the_table_of_clients_is_bounded() {
    let layer = layer(Some(1), None);
    for client in 0..10_000 {
        let _ = frame(&mut body(&layer, client, 1));
    }
    assert!(layer.clients() <= 64);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_waits_and_the_length_stays() {
    let layer = layer(None, None);
    let mut body =
        call(&layer, Answers::new([Fed::new([data(1), data(1)]).sized(2)]), Request::new(Fed::default()))
            .into_body();
    assert_eq!(body.size_hint().exact(), Some(2));
    takes(&mut body, 1);
    takes(&mut body, 1);
    assert_eq!(layer.clients(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_frame_flows_in_pieces_of_a_quarter_of_a_second() {
    let layer = layer(Some(100), None);
    let mut request = Request::new(Fed::default());
    request.extensions_mut().insert(Client(IpAddr::V4(Ipv4Addr::from(1))));
    let fed = Fed::new([data(110 * KIB), Step::End]).sized(0);
    let mut body = call(&layer, Answers::new([fed]), request).into_body();
    for _ in 0..4 {
        takes(&mut body, 25 * KIB);
        assert!(frame(&mut body).is_pending());
        advance(Duration::from_millis(249)).await;
        assert!(frame(&mut body).is_pending());
        advance(Duration::from_millis(1)).await;
    }
    // What is left is told, and is not taken for the end.
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(10 * KIB as u64), false));
    takes(&mut body, 10 * KIB);
    advance(Duration::from_millis(100)).await;
    assert!(matches!(frame(&mut body), Poll::Ready(None)));
}

#[tokio::test(start_paused = true)]
async fn a_piece_follows_the_slower_rate_and_is_never_tiny() {
    let both = layer(Some(1000), Some(100));
    let mut long = frames_of(&both, 256 * KIB);
    takes(&mut long, 25 * KIB);
    both.set_total(None);
    advance(Duration::from_secs(1)).await;
    takes(&mut long, 231 * KIB);

    let slow = layer(Some(1), None);
    takes(&mut frames_of(&slow, 256 * KIB), 16 * KIB);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_gets_no_more_than_its_rate_and_one_piece_in_any_second() {
    let layer = layer(Some(100), None);
    let mut body = frames_of(&layer, 1024 * KIB);
    let (start, mut got) = (Instant::now(), 0);
    while got < 1024 * KIB {
        while let Poll::Ready(Some(Ok(frame))) = frame(&mut body) {
            got += frame.data_ref().unwrap().len();
        }
        let allowed = 100.0 * start.elapsed().as_secs_f64() + 25.0;
        assert!(got as f64 <= allowed * KIB as f64, "{got} after {:?}", start.elapsed());
        advance(Duration::from_millis(10)).await;
    }
    assert!(start.elapsed() >= Duration::from_secs(10));
}

fn frames_of(layer: &BandwidthLayer, bytes: usize) -> PacedBody<Fed> {
    let mut request = Request::new(Fed::default());
    request.extensions_mut().insert(Client(IpAddr::V4(Ipv4Addr::from(1))));
    call(layer, Answers::new([Fed::new([data(bytes), Step::End])]), request).into_body()
}
