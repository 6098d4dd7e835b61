//! A NATS that is late, wrong, or somebody else's.

use forebay_agent::queue::{Dispatcher, NatsError, NatsLink, NatsLogin, NatsOptions, NatsWorker};
use forebay_agent::{Action, Lane};
use forebay_net::client::ClientTls;
use forebay_testkit::cert::Certificate;
use forebay_testkit::nats::{JetStream, Login, Nats};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::fleet::{Fleet, settle, submit, take, until};
use crate::world::order;

async fn error_of(options: NatsOptions) -> NatsError {
    NatsLink::connect(options).await.unwrap_err()
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for_and_what_was_taken_in_meanwhile_is_done() {
    let Some(mut fleet) = Fleet::start() else { return };
    fleet.kill();
    let join = async || NatsLink::join(fleet.options()).await.unwrap();
    let book = fleet.book().await;
    let _dispatcher = Dispatcher::start(book.clone(), join().await).await.unwrap();
    let worker = NatsWorker::open(join().await, fleet.dir.path().join("one")).await.unwrap();
    let job = submit(&book, order(Action::Warm, &["a"]), 0..20).await;
    assert!(!worker.link().is_connected());
    fleet.restart();
    let mut done = 0;
    while done < 20 {
        let leased = take(&worker, "a", Lane::Bulk, 20).await;
        settle(&worker, &leased).await;
        done += leased.len();
    }
    until("it is done", async || book.job(job).await.unwrap().ended.is_some()).await;
    assert!(worker.link().is_connected());
}

#[tokio::test]
async fn a_server_that_comes_late_or_again_and_cannot_be_used_is_not_taken_for_one_that_can() {
    let Some(mut fleet) = Fleet::start() else { return };
    let (early, late) = (fleet.link().await, NatsOptions::new(format!("nats://{}", fleet.nats.addr())));
    fleet.kill();
    let late = NatsLink::join(late).await.unwrap();
    fleet.restart_without_jetstream();
    let links = [early, late];
    let connected = || links.iter().filter(|link| link.is_connected()).count();
    let trouble = || links.iter().filter(|link| link.trouble() == Some(NatsError::NoJetStream)).count();
    until("both know", async || trouble() == 2).await;
    assert_eq!(connected(), 0);
    fleet.kill();
    fleet.restart();
    until("both can use it", async || connected() == 2).await;
    assert_eq!(links.map(|link| link.trouble()), [None, None]);
}

#[tokio::test]
async fn a_server_without_jetstream_and_one_that_is_not_there_are_called_so() {
    if Fleet::start().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::configure(dir.path(), JetStream::Off, Login::Open).unwrap();
    let server = nats.start().unwrap();
    let options = NatsOptions::new(format!("nats://{}", nats.addr()));
    let error = error_of(options.clone()).await;
    assert_eq!(error, NatsError::NoJetStream);
    assert!(error.to_string().contains("start it with -js"), "{error}");
    drop(server);
    let error = error_of(options).await;
    assert!(matches!(error, NatsError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&nats.addr().to_string()), "{error}");
}

#[tokio::test]
async fn a_server_of_another_version_is_called_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let mut socket = BufReader::new(socket);
            let info =
                r#"INFO {"server_id":"X","version":"2.8.4","proto":1,"headers":true,"max_payload":1048576}"#;
            socket.write_all(format!("{info}\r\n").as_bytes()).await.unwrap();
            let mut line = String::new();
            while socket.read_line(&mut line).await.unwrap_or(0) > 0 {
                if line.starts_with("PING") {
                    socket.write_all(b"PONG\r\n").await.unwrap();
                }
                line.clear();
            }
        }
    });
    let error = error_of(NatsOptions::new(format!("nats://{addr}"))).await;
    assert_eq!(error, NatsError::Version("2.8.4".into()));
    assert!(error.to_string().contains("2.9"), "{error}");
}

#[tokio::test]
async fn whom_the_server_does_not_know_is_refused_and_no_secret_is_told() {
    if Fleet::start().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::configure(dir.path(), JetStream::On, Login::Token("rightsecret".into())).unwrap();
    let _server = nats.start().unwrap();
    let with = |login| NatsOptions { login, ..NatsOptions::new(format!("nats://{}", nats.addr())) };
    for login in [NatsLogin::Open, NatsLogin::Token("wrongsecret".into())] {
        let options = with(login);
        assert!(!format!("{options:?}").contains("secret"));
        let error = error_of(options).await;
        assert!(matches!(error, NatsError::Denied(_)), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    NatsLink::connect(with(NatsLogin::Token("rightsecret".into()))).await.unwrap();
}

#[tokio::test]
async fn an_encrypted_server_is_checked() {
    if Fleet::start().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::create(dir.path(), "nats").unwrap();
    let nats = Nats::configure(dir.path(), JetStream::On, Login::Open).unwrap().with_tls(&certificate);
    let _server = nats.start().unwrap();
    let options = NatsOptions::new(format!("tls://localhost:{}", nats.addr().port()));
    assert!(matches!(error_of(options.clone()).await, NatsError::Unreachable { .. }));
    let tls = ClientTls::with_added(&std::fs::read(&certificate.cert_path).unwrap()).unwrap();
    NatsLink::connect(NatsOptions { tls, ..options }).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_somebody_elses_is_left_as_it_is() {
    let Some(fleet) = Fleet::start() else { return };
    let client = async_nats::connect(fleet.nats.addr().to_string()).await.unwrap();
    let theirs = async_nats::jetstream::stream::Config {
        name: "forebay-work".into(),
        subjects: vec!["theirs.>".into()],
        ..Default::default()
    };
    async_nats::jetstream::new(client).create_stream(theirs).await.unwrap();
    let error = error_of(fleet.options()).await;
    assert!(matches!(&error, NatsError::Stream { name, .. } if name == "forebay-work"), "{error}");
    assert!(error.to_string().contains("another prefix"), "{error}");
    NatsLink::connect(NatsOptions { prefix: "ours".into(), ..fleet.options() }).await.unwrap();
    let error = error_of(NatsOptions { prefix: "a.b".into(), ..fleet.options() }).await;
    assert!(matches!(error, NatsError::Invalid(_)), "{error}");
}
