//! What happens is in the metrics.

use std::time::Duration;

use forebay_agent::Action;
use forebay_agent::api::{Api, ApiOptions, router};
use forebay_agent::metrics::AgentFigures;
use forebay_agent::service::Presence;
use forebay_testkit::fake::{Fault, Verb, When};
use forebay_testkit::fake_edge::{FakeEdge, Flavour};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tower::ServiceExt as _;

use crate::rig::{Door, Rig};

async fn scrape(figures: AgentFigures) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(figures));
    let encoded = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        text::encode(&mut text, &registry).unwrap();
        text
    });
    encoded.await.unwrap()
}

fn value(scrape: &str, series: &str) -> Option<f64> {
    scrape.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_on_an_edge_and_what_waits_for_it_is_in_the_metrics() {
    let edge = FakeEdge::start(Flavour::Ats(Default::default())).unwrap();
    edge.put_everywhere(1000);
    edge.script().push(When::verb(Verb::Purge).key("/no").always(), Fault::refuse(403, "no"));
    let dead = Door::to(edge.addr()).await;
    let rig = Rig::start(&[("well", edge.addr()), ("dead", dead.addr)]).await;
    let warm = rig.submit(Action::Warm, &["well"], &["/1", "/2"]).await;
    let purge = rig.submit(Action::Purge, &["well"], &["/1", "/no"]).await;
    let waiting = rig.submit(Action::Warm, &["dead"], &["/1"]).await;
    rig.over(warm).await;
    rig.over(purge).await;
    let is_away = || rig.service.edges().any(|edge| edge.presence != Presence::Here);
    rig.wait_for(waiting, |_| is_away()).await;
    let api = Api::new(rig.book.clone(), rig.service.clone(), ApiOptions::default());
    for target in ["/v1/jobs", "/v1/jobs/x", "/v1/jobs/y", "/nowhere"] {
        let request = axum::extract::Request::get(target).body(axum::body::Body::empty()).unwrap();
        router(api.clone()).oneshot(request).await.unwrap();
    }
    let figures = AgentFigures { service: rig.service.clone(), book: rig.book.clone(), api, fleet: None };
    let scrape = scrape(figures).await;
    for (series, least, most) in [
        (r#"forebay_edge_outcomes_total{edge="well",action="warm",outcome="warmed"}"#, 2.0, 2.0),
        (
            r#"forebay_edge_outcomes_total{edge="well",action="purge",outcome="failed",class="refused"}"#,
            1.0,
            1.0,
        ),
        (
            r#"forebay_edge_outcomes_total{edge="dead",action="warm",outcome="failed",class="connect"}"#,
            1.0,
            99.0,
        ),
        (r#"forebay_edge_received_bytes_total{edge="well"}"#, 2000.0, 2000.0),
        (r#"forebay_edge_requests_total{edge="well"}"#, 6.0, 12.0),
        (r#"forebay_edge_first_byte_seconds_count{edge="well"}"#, 2.0, 2.0),
        (r#"forebay_edge_work_seconds_count{edge="well",lane="control"}"#, 2.0, 2.0),
        (r#"forebay_edge_limit{edge="well",lane="bulk"}"#, 1.0, 16.0),
        (r#"forebay_edge_in_flight{edge="well",lane="bulk"}"#, 0.0, 0.0),
        (r#"forebay_edge_away_seconds{edge="well"}"#, 0.0, 0.0),
        (r#"forebay_edge_away_seconds{edge="dead"}"#, 0.000_001, 60.0),
        (r#"forebay_edge_resting{edge="dead"}"#, 0.0, 1.0),
        (r#"forebay_queue_rows_ended_total{state="failed"}"#, 1.0, 1.0),
        (r#"forebay_jobs_ended_total{state="failed"}"#, 1.0, 1.0),
        (r#"forebay_jobs_submitted_total"#, 3.0, 3.0),
        (r#"forebay_jobs{state="succeeded"}"#, 1.0, 1.0),
        (r#"forebay_queue_rows{state="succeeded"}"#, 3.0, 3.0),
        (r#"forebay_job_seconds_count"#, 2.0, 2.0),
        (r#"forebay_queue_unread"#, 0.0, 0.0),
        (r#"forebay_webhooks_ended_total{state="undelivered"}"#, 0.0, 0.0),
        (r#"forebay_webhooks_waiting"#, 0.0, 0.0),
        (r#"forebay_webhooks_oldest_seconds"#, 0.0, 0.0),
        (r#"forebay_fleet_rows_sent_total"#, 0.0, 0.0),
        (r#"forebay_queue_bytes{file="database"}"#, 4096.0, 1e9),
        (r#"forebay_api_requests_total{route="/v1/jobs",method="GET",status="200"}"#, 1.0, 1.0),
        (r#"forebay_api_requests_total{route="/v1/jobs/{id}",method="GET",status="404"}"#, 2.0, 2.0),
        (r#"forebay_api_requests_total{route="none",method="GET",status="404"}"#, 1.0, 1.0),
    ] {
        let seen = value(&scrape, series).unwrap_or_else(|| panic!("no {series} in\n{scrape}"));
        assert!((least..=most).contains(&seen), "{series} is {seen}");
    }
    let waits =
        |state| value(&scrape, &format!(r#"forebay_edge_rows{{edge="dead",lane="bulk",state="{state}"}}"#));
    assert_eq!(waits("waiting").unwrap() + waits("processing").unwrap(), 1.0);
    for class in ["+Inf", "0.005"] {
        let series = format!(r#"forebay_edge_first_byte_seconds_bucket{{le="{class}",edge="well"}}"#);
        assert!(value(&scrape, &series).is_some(), "no {series} in\n{scrape}");
    }
    assert!(!scrape.contains(r#"forebay_edge_window_shut_seconds{"#), "no edge has a window");
    assert_eq!(value(&scrape, "forebay_fleet_connected"), None, "there is no fleet");
}

/// A disk that stands still must not hide everything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_cannot_be_read_leaves_the_rest_of_the_metrics() {
    let edge = FakeEdge::start(Flavour::Ats(Default::default())).unwrap();
    let rig = Rig::start(&[("a", edge.addr())]).await;
    let api = Api::new(rig.book.clone(), rig.service.clone(), ApiOptions::default());
    let figures = AgentFigures { service: rig.service.clone(), book: rig.book.clone(), api, fleet: None };
    let (book, dir) = rig.stop().await;
    // Nobody reads what is no database any more.
    book.clone().close().await;
    std::fs::write(dir.path().join("queue.db"), "not a database").unwrap();
    let scrape = tokio::time::timeout(Duration::from_secs(20), scrape(figures)).await.unwrap();
    assert_eq!(value(&scrape, "forebay_queue_unread"), Some(1.0), "{scrape}");
    assert_eq!(value(&scrape, r#"forebay_edge_away_seconds{edge="a"}"#), Some(0.0));
    assert!(!scrape.contains("forebay_queue_rows{") && scrape.contains("forebay_queue_rows_max"));
}
