//! A thousand bodies dropped at each stage leave nothing behind: no lease, no descriptor, no socket in `CLOSE_WAIT`.

use std::io::Write;
use std::time::Duration;

use forebay_net::client::Payload;
use http::Request;

use crate::client_kit::{
    Bench, CLOSE_WAIT, ESTABLISHED, Scripted, answer, head, sockets_towards, until_closed,
};

const DROPS: usize = 1000;
const BODY: usize = 200_000;

/// Where a body is dropped.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Before the answer: the future is dropped.
    Request,
    Head,
    FirstByte,
    Middle,
    End,
}

async fn drop_at(stage: Stage, bench: &Bench, url: &str) {
    let send = bench.client.send(Request::get(url).body(Payload::empty()).unwrap());
    if let Stage::Request = stage {
        let mut send = std::pin::pin!(send);
        for _ in 0..3 {
            let _answered_or_not = futures_util::poll!(&mut send);
        }
        return;
    }
    let mut body = send.await.unwrap().into_body();
    let enough = match stage {
        Stage::Request | Stage::Head => 0,
        Stage::FirstByte => 1,
        Stage::Middle => BODY / 2,
        Stage::End => BODY,
    };
    let mut read = 0;
    while read < enough {
        read += body.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn a_thousand_bodies_dropped_at_each_stage_leave_nothing_behind() {
    let server = Scripted::answering(answer(&vec![b'x'; BODY]));
    let port = server.addr.port();
    for stage in [Stage::Request, Stage::Head, Stage::FirstByte, Stage::Middle, Stage::End] {
        let bench = Bench::new(|options| options.per_destination_max = 8);
        for _ in 0..DROPS {
            drop_at(stage, &bench, &server.url("/")).await;
        }
        bench.until("nothing is in use", |bench| bench.client.stats().in_use == 0).await;
        let stats = bench.client.stats();
        assert!(stats.idle <= 8 && bench.holds_only_the_idle(), "{stage:?}: {stats:?}");
        assert_eq!(sockets_towards(port, CLOSE_WAIT), 0, "{stage:?}");
        assert_eq!(sockets_towards(port, ESTABLISHED) as u64, stats.idle, "{stage:?}");
        let Bench { client, ledger, fds } = bench;
        drop(client);
        assert!(ledger.idle() && fds.idle(), "{stage:?}");
        assert_eq!(sockets_towards(port, ESTABLISHED), 0, "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_closes_behind_each_answer_leaves_no_socket_waiting() {
    let server = Scripted::start(|_, mut stream| {
        head(&mut stream);
        stream.write_all(&answer(b"short")).unwrap();
    });
    let bench = Bench::new(|options| options.idle_timeout = Duration::from_secs(3600));
    for round in 0..DROPS {
        let answered = bench.get(&server.url("/")).await.unwrap();
        if round % 2 == 0 {
            drop(answered);
        } else {
            let mut body = answered.into_body();
            while body.chunk().await.is_some() {}
        }
    }
    bench.until("all were noticed", |bench| bench.client.stats().open == 0).await;
    assert_eq!(sockets_towards(server.addr.port(), CLOSE_WAIT), 0);
    assert!(bench.fds.idle() && bench.ledger.idle());
}

#[tokio::test]
async fn a_body_that_outlives_its_client_goes_on_and_is_closed_behind() {
    let server = Scripted::start(|_, mut stream| {
        head(&mut stream);
        stream.write_all(&answer(&vec![b'x'; BODY])).unwrap();
        until_closed(&mut stream);
    });
    let Bench { client, ledger, fds } = Bench::new(|_| {});
    let answered = client.send(Request::get(server.url("/")).body(Payload::empty()).unwrap()).await.unwrap();
    drop(client);
    let mut body = answered.into_body();
    let mut read = 0;
    while let Some(chunk) = body.chunk().await {
        read += chunk.unwrap().len();
    }
    assert_eq!(read, BODY);
    assert!(fds.idle() && ledger.idle(), "there is no shelf left to put it on");
}
