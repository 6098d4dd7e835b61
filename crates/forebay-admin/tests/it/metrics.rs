//! `/metrics`: OpenMetrics with the documented names.

use forebay_admin::TurnFigures;
use forebay_budget::Class;

use crate::fixture::process;

#[tokio::test]
async fn the_exposition_is_open_metrics_and_ends_as_it_must() {
    let process = process();
    let lease = || process.ledger.try_acquire(Class::Reads, 65_536).unwrap();
    drop([process.pool.take(lease()), process.pool.take(lease())]);
    let _used_again = process.pool.take(());
    *process.turns.0.lock().unwrap() = TurnFigures { waiting: 3, refused: 7, ..TurnFigures::default() };
    let _lease = process.ledger.try_acquire(Class::Reads, 4096).unwrap();
    let answer = process.get("/metrics").await;
    assert!(answer.content_type().starts_with("application/openmetrics-text; version=1.0.0"));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"));
    for line in [
        "forebay_lease_in_use_bytes{class=\"reads\"} 4096.0",
        "forebay_transfers_stalled{on=\"client\"} 1.0",
        "forebay_connections_ended_total{limit=\"min_rate\"} 1.0",
        "forebay_file_sent_bytes_total{way=\"sendfile\"} 1073741824.0",
        "forebay_pool_kept_bytes{pool=\"chunks\"} 65536.0",
        "forebay_pool_buffers_allocated_total{pool=\"chunks\"} 2.0",
        "forebay_pool_buffers_reused_total{pool=\"chunks\"} 1.0",
        "forebay_turns{state=\"waiting\"} 3.0",
        "forebay_turns_refused_total 7.0",
        "forebay_build_info{version=\"0.1.0\"} 1.0",
        "forebay_sockets_close_wait 0.0",
        "forebay_scrape_errors 0.0",
    ] {
        assert!(text.lines().any(|each| each == line), "{line} is not in\n{text}");
    }
}
