//! No wait while holding: what a request has in hand never waits for what others have.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_budget::FdLedger;
use forebay_gateway::{Body, Gateway, GatewayOptions};
use forebay_store::{LocalOptions, LocalStore};
use http::{Request, Response};
use tempfile::TempDir;
use tower::ServiceExt;

/// Too large to be kept in memory: held by its descriptor.
const LARGE: usize = 100_000;

/// What a client is answered by a gateway with one descriptor for files, of which nobody else has any.
fn ask(dir: &Path, options: GatewayOptions, request: Request<String>) -> Response<Body> {
    let (ledger, fds) = (crate::site::ledger(), FdLedger::new(1));
    let mut local = LocalOptions::new(ledger.clone(), fds.clone());
    (local.recent_max, local.patience) = (0, Duration::from_millis(50));
    let gateway = Gateway::new(Arc::new(LocalStore::open(dir, local).unwrap()), options, ledger).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(gateway.oneshot(request)).unwrap();
    assert_eq!(fds.usage().waited, Duration::ZERO, "nobody waited for himself");
    answer
}

#[test]
fn a_neighbour_without_a_free_descriptor_is_left_alone() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("app.js"), vec![b'x'; LARGE]).unwrap();
    std::fs::write(dir.path().join("app.js.br"), vec![b'y'; LARGE]).unwrap();
    let options = GatewayOptions { compress: false, ..GatewayOptions::default() };
    let request = Request::get("/app.js").header("accept-encoding", "br").body(String::new()).unwrap();
    let answer = ask(dir.path(), options, request);
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("content-encoding"), "the file as it is");
    assert_eq!(answer.headers()["vary"], "accept-encoding");
}

#[test]
fn the_page_of_an_application_is_opened_with_nothing_in_hand() {
    let dir = TempDir::new().unwrap();
    for name in ["app.html", "file.bin"] {
        std::fs::write(dir.path().join(name), vec![b'x'; LARGE]).unwrap();
    }
    let options = GatewayOptions { spa_fallback: Some("app.html".into()), ..GatewayOptions::default() };
    // A file with a slash behind it is nothing, but it has been opened to know that.
    let request = Request::get("/file.bin/").header("accept", "text/html").body(String::new()).unwrap();
    assert_eq!(ask(dir.path(), options, request).status(), 200);
}
