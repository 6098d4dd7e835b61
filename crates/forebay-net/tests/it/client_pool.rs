//! Connections: used again, watched while idle, bounded in number, age and wait.

use std::io::Write;
use std::net::Shutdown;
use std::sync::mpsc;
use std::time::Duration;

use forebay_net::client::{ClientErrorKind, Payload};
use http::Request;

use crate::client_kit::{
    Bench, CLOSE_WAIT, ESTABLISHED, Scripted, answer, head, kind, sockets_towards, until_closed,
};

#[tokio::test]
async fn a_connection_is_used_again_when_its_body_was_read() {
    let server = Scripted::answering(answer(b"hello"));
    let bench = Bench::new(|_| {});
    for _ in 0..5 {
        assert_eq!(bench.whole(&server.url("/")).await.unwrap(), b"hello");
    }
    let stats = bench.client.stats();
    assert_eq!((stats.opened_total, stats.reused_total, stats.idle, stats.in_use), (1, 4, 1, 0));
    assert_eq!(server.accepted(), 1);
    assert!(bench.holds_only_the_idle());
    let Bench { client, ledger, fds } = bench;
    drop(client);
    assert!(ledger.idle() && fds.idle(), "a client that is gone holds nothing");
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closes_is_closed_at_once() {
    let (close, closes) = mpsc::channel::<()>();
    let closes = std::sync::Mutex::new(closes);
    let server = Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(&answer(b"x")).unwrap();
        closes.lock().unwrap().recv().unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        until_closed(&mut stream);
    });
    let bench = Bench::new(|options| options.idle_timeout = Duration::from_secs(3600));
    bench.whole(&server.url("/")).await.unwrap();
    assert_eq!(sockets_towards(server.addr.port(), ESTABLISHED), 1);
    close.send(()).unwrap();
    bench.until("the close was noticed", |bench| bench.client.stats().idle_closed_total == 1).await;
    assert_eq!(sockets_towards(server.addr.port(), CLOSE_WAIT), 0);
    assert_eq!(bench.client.stats().open, 0);
    assert!(bench.fds.idle() && bench.ledger.idle());
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_an_idle_connection() {
    let server = Scripted::start(|_, mut stream| {
        head(&mut stream);
        let mut two = answer(b"mine");
        two.extend(answer(b"whose?"));
        stream.write_all(&two).unwrap();
        until_closed(&mut stream);
    });
    let bench = Bench::new(|_| {});
    assert_eq!(bench.whole(&server.url("/")).await.unwrap(), b"mine");
    assert_eq!(bench.whole(&server.url("/")).await.unwrap(), b"mine");
    assert_eq!(bench.client.stats().opened_total, 2, "neither was used again");
}

#[tokio::test]
async fn a_connection_that_died_on_the_shelf_costs_no_request() {
    // Each connection answers once and is then reset at the moment when the next request arrives.
    let server = Scripted::start(|_, mut stream| {
        head(&mut stream);
        stream.write_all(&answer(b"x")).unwrap();
        head(&mut stream);
    });
    let bench = Bench::new(|_| {});
    for _ in 0..4 {
        assert_eq!(bench.whole(&server.url("/")).await.unwrap(), b"x");
    }
    assert_eq!(bench.client.stats().replayed_total, 3);
    // A request that may not be repeated is not, and says what happened.
    let post = Request::post(server.url("/")).body(Payload::bytes("order".into())).unwrap();
    assert_eq!(kind(bench.client.send(post).await), ClientErrorKind::Reset);
}

#[tokio::test]
async fn who_waits_in_vain_learns_which_bound_it_was() {
    let server = Scripted::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx".as_slice());
    let short = Duration::from_millis(50);
    let one_each = Bench::new(|options| {
        (options.per_destination_max, options.acquire_timeout) = (1, short);
    });
    let held = one_each.get(&server.url("/")).await.unwrap();
    let error = one_each.get(&server.url("/")).await.unwrap_err();
    assert_eq!(error.kind(), ClientErrorKind::Busy);
    assert!(
        error.to_string().contains(&format!("all 1 connections to {} are in use", server.url(""))),
        "{error}"
    );
    drop(held);
    assert!(one_each.get(&server.url("/")).await.is_ok());
    let one = Bench::new(|options| (options.connections_max, options.acquire_timeout) = (1, short));
    let other = Scripted::answering(answer(b"x"));
    let _held = one.get(&server.url("/")).await.unwrap();
    let error = one.get(&other.url("/")).await.unwrap_err();
    assert!(error.to_string().contains("all 1 connections are in use"), "{error}");
    assert_eq!(one.client.stats().acquire_timeouts_total, 1);
    let none = Bench::new(|options| {
        (options.fds, options.acquire_timeout) = (forebay_budget::FdLedger::new(0), short);
    });
    let error = none.get(&server.url("/")).await.unwrap_err();
    assert!(error.to_string().contains("no descriptor"), "{error}");
    let nobody = Bench::new(|options| {
        (options.per_destination_max, options.waiters_max) = (1, 0);
    });
    let _held = nobody.get(&server.url("/")).await.unwrap();
    let error = nobody.get(&server.url("/")).await.unwrap_err();
    assert!(error.to_string().contains("0 requests wait already"), "{error}");
}

#[tokio::test]
async fn an_idle_connection_makes_way_for_another_destination() {
    let servers = [Scripted::answering(answer(b"a")), Scripted::answering(answer(b"b"))];
    let bench = Bench::new(|options| options.connections_max = 1);
    for _ in 0..3 {
        assert_eq!(bench.whole(&servers[0].url("/")).await.unwrap(), b"a");
        assert_eq!(bench.whole(&servers[1].url("/")).await.unwrap(), b"b");
    }
    let stats = bench.client.stats();
    assert_eq!((stats.open, stats.opened_total, stats.retired_total), (1, 6, 5));
}

#[tokio::test]
async fn a_connection_put_on_the_shelf_makes_way_for_who_waits_already() {
    let (go_on, goes_on) = mpsc::channel::<()>();
    let goes_on = std::sync::Mutex::new(goes_on);
    let slow = Scripted::start(move |_, mut stream| {
        head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na").unwrap();
        goes_on.lock().unwrap().recv().unwrap();
        stream.write_all(b"b").unwrap();
        until_closed(&mut stream);
    });
    let other = Scripted::answering(answer(b"x"));
    let bench = Bench::new(|options| options.connections_max = 1);
    let mut first = bench.get(&slow.url("/")).await.unwrap().into_body();
    let url = other.url("/");
    let finish = async {
        bench.until("somebody waits", |bench| bench.client.stats().waiting == 1).await;
        go_on.send(()).unwrap();
        while first.chunk().await.is_some() {}
    };
    let (whole, ()) = tokio::join!(bench.whole(&url), finish);
    assert_eq!(whole.unwrap(), b"x");
}

#[tokio::test]
async fn a_connection_is_retired_when_it_has_been_idle_or_alive_for_too_long() {
    let server = Scripted::answering(answer(b"x"));
    let brief = Bench::new(|options| options.idle_timeout = Duration::from_millis(30));
    brief.whole(&server.url("/")).await.unwrap();
    brief.until("it was idle for too long", |bench| bench.client.stats().retired_total == 1).await;
    assert!(brief.fds.idle());
    let mortal = Bench::new(|options| options.life_max = Duration::ZERO);
    for _ in 0..3 {
        mortal.whole(&server.url("/")).await.unwrap();
    }
    let stats = mortal.client.stats();
    assert_eq!((stats.reused_total, stats.retired_total, stats.open), (0, 3, 0));
}
