//! One HTTP/2 stream beside others: judged by itself, ended by itself.

use std::time::Duration;

use bytes::Bytes;
use forebay_budget::{Class, Rate};
use forebay_net::{ConnLimits, Party, Reason, TransferView};
use h2::client::SendRequest;
use tokio::net::TcpStream;

use crate::http2::{ask, body, connect_as, runtime};
use crate::server::{Server, pattern, router};

const MOVING_BYTES: u64 = 8 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

fn server(limit: impl FnOnce(&mut ConnLimits)) -> Server {
    let server = Server::with(
        |options| {
            options.sweep_every = Duration::from_millis(5);
            options.limits.min_rate = Rate::b(0);
            limit(&mut options.limits);
        },
        router,
    );
    server.file("still", 64 << 20);
    server.file("moving", MOVING_BYTES);
    server
}

/// A client whose streams have this window and share a wide one.
async fn client(server: &Server, window: u32) -> SendRequest<Bytes> {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window).initial_connection_window_size(64 << 20);
    connect_as(&builder, TcpStream::connect(server.addr).await.unwrap()).await
}

/// Asks for something and gives none of its window back: what came, and how it ended.
async fn stand_still(answer: h2::client::ResponseFuture) -> (Vec<u8>, h2::Error) {
    let mut stream = answer.await.unwrap().into_body();
    let mut bytes = Vec::new();
    loop {
        match stream.data().await.expect("it ended as if it were whole") {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return (bytes, error),
        }
    }
}

/// A download beside others, whole and compared.
async fn move_once(client: &SendRequest<Bytes>) {
    let bytes = body(ask(client, "/f/moving").await).await;
    assert_eq!(bytes.len() as u64, MOVING_BYTES);
    pattern("moving").check(0, &bytes).unwrap();
}

async fn move_beside<T>(client: &SendRequest<Bytes>, other: &tokio::task::JoinHandle<T>) {
    let until_over = async {
        while !other.is_finished() {
            move_once(client).await;
        }
    };
    in_time("the stream beside it ends", until_over).await;
    move_once(client).await;
}

async fn in_time<F: Future>(what: &str, wait: F) -> F::Output {
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never happened: {what}"))
}

/// Waits for a stalled transfer, and lets the client's side run meanwhile.
async fn stalled(server: &Server, target: &str, on: Party) -> TransferView {
    let find = || server.watch.list().into_iter().find(|t| t.target == target && t.stalled_on == Some(on));
    let wait = async {
        loop {
            match find() {
                Some(view) => return view,
                None => tokio::task::yield_now().await,
            }
        }
    };
    in_time("somebody stalls there", wait).await
}

fn ended(server: &Server, reason: Reason) -> u64 {
    let ended = server.stats().streams_ended;
    ended.iter().find(|(each, _)| *each == reason).map_or(0, |(_, count)| *count)
}

#[test]
fn a_stream_that_stands_still_beside_a_moving_one_is_reset_alone() {
    let server = server(|limits| limits.stall = Duration::from_millis(300));
    runtime().block_on(async {
        let client = client(&server, 100_000).await;
        // Of the second, hyper holds all that has not been sent.
        for (count, target) in [(1, "/f/still"), (2, "/r/still/0/120000")] {
            let still = tokio::spawn(stand_still(ask(&client, target).await));
            move_beside(&client, &still).await;
            let (bytes, error) = still.await.unwrap();
            assert_eq!(bytes.len(), 100_000, "its window and no more");
            pattern("still").check(0, &bytes).unwrap();
            assert_eq!((error.is_remote(), error.reason()), (true, Some(h2::Reason::CANCEL)), "{error}");
            assert_eq!((ended(&server, Reason::Stall), server.killed(Reason::Stall)), (count, 0));
        }
        assert_eq!(body(ask(&client, "/small").await).await, b"a small answer", "the connection lives");
    });
    server.until("its window is paid back", |server| server.ledger.usage(Class::Reads).in_use == 0);
    server.stop();
}

#[test]
fn a_stream_that_trickles_beside_a_moving_one_is_reset_alone() {
    let server = server(|limits| {
        (limits.min_rate, limits.grace) = (Rate::mib(1), Duration::from_millis(300));
    });
    runtime().block_on(async {
        let client = client(&server, 1000).await;
        let mut trickle = ask(&client, "/f/still").await.await.unwrap().into_body();
        // Some bytes move all the time, and far fewer than they should.
        let trickle_on = async {
            while let Ok(chunk) = trickle.data().await.expect("it ended as if it were whole") {
                move_once(&client).await;
                trickle.flow_control().release_capacity(chunk.len()).unwrap_or_default();
            }
        };
        in_time("the trickle ends", trickle_on).await;
        assert_eq!((ended(&server, Reason::MinRate), server.killed(Reason::MinRate)), (1, 0));
    });
    server.stop();
}

#[test]
fn an_upload_that_stands_still_beside_a_moving_download_is_reset_alone() {
    let server = server(|limits| limits.stall = Duration::from_millis(300));
    runtime().block_on(async {
        let client = client(&server, 1 << 20).await;
        let request = http::Request::post("http://h/sink").body(()).unwrap();
        let (answer, mut upload) =
            client.clone().ready().await.unwrap().send_request(request, false).unwrap();
        upload.send_data(Bytes::from_static(b"abc"), false).unwrap();
        let still = tokio::spawn(answer);
        move_beside(&client, &still).await;
        assert_eq!(still.await.unwrap().unwrap_err().reason(), Some(h2::Reason::CANCEL));
        assert_eq!((ended(&server, Reason::Stall), server.killed(Reason::Stall)), (1, 0));
    });
    server.stop();
}

#[test]
fn an_operator_ends_one_stream_and_its_siblings_arrive_whole() {
    let server = server(|limits| limits.stall = Duration::from_secs(3600));
    runtime().block_on(async {
        let client = client(&server, 100_000).await;
        let still = tokio::spawn(stand_still(ask(&client, "/f/still").await));
        let thinking = tokio::spawn(ask(&client, "/never").await);
        for (target, on) in [("/f/still", Party::Client), ("/never", Party::Upstream)] {
            assert!(server.watch.end(stalled(&server, target, on).await.id));
        }
        move_beside(&client, &still).await;
        let (bytes, error) = still.await.unwrap();
        pattern("still").check(0, &bytes).unwrap();
        assert_eq!(error.reason(), Some(h2::Reason::CANCEL));
        assert_eq!(thinking.await.unwrap().unwrap_err().reason(), Some(h2::Reason::CANCEL));
        assert_eq!((ended(&server, Reason::Operator), server.killed(Reason::Operator)), (2, 0));
    });
    server.stop();
}

/// 3,000 bytes in one frame, into a window of 2,000: nothing is left of it that could be failed.
const SHORT: &str = "/r/still/0/3000";

#[test]
fn a_short_answer_lives_until_its_last_byte_has_left_and_takes_its_connection_with_it() {
    let by_operator = server(|limits| limits.stall = Duration::from_secs(3600));
    runtime().block_on(async {
        let client = client(&by_operator, 2000).await;
        let still = tokio::spawn(stand_still(ask(&client, SHORT).await));
        let view = stalled(&by_operator, SHORT, Party::Client).await;
        assert_eq!(view.sent, 2000, "what left, not what was queued");
        assert!(by_operator.ledger.usage(Class::Reads).in_use > 0, "its bytes are still owed");
        assert!(by_operator.watch.end(view.id));
        still.await.unwrap();
        assert_eq!((by_operator.killed(Reason::Operator), ended(&by_operator, Reason::Operator)), (1, 0));
    });
    by_operator.stop();
    let by_limit = server(|limits| limits.stall = Duration::from_millis(300));
    runtime().block_on(async {
        let client = client(&by_limit, 2000).await;
        let still = tokio::spawn(stand_still(ask(&client, SHORT).await));
        let mut moving = ask(&client, "/f/still").await.await.unwrap().into_body();
        let move_on = async {
            while let Some(Ok(chunk)) = moving.data().await {
                moving.flow_control().release_capacity(chunk.len()).unwrap();
            }
        };
        in_time("the connection ends", move_on).await;
        still.await.unwrap();
        assert_eq!((by_limit.killed(Reason::Stall), ended(&by_limit, Reason::Stall)), (1, 0));
    });
    by_limit.stop();
}
