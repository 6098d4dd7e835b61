//! Zero-copy downloads in any axum service: `cargo run --release --example axum_files -- DIR [ADDR]`.
//!
//! The accept loop is `forebay_net::serve` instead of `axum::serve`, and a handler answers with a
//! `FileBody`. On HTTP/1.1 the file then goes from the page cache to the socket by `sendfile`; on HTTP/2,
//! behind a compression layer or under another server, the same body reads ahead at most its window.

use std::path::PathBuf;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Router, routing::get};
use forebay_budget::{ByteSize, Ledger};
use forebay_net::{FileBody, FileSpan, ListenOptions, Listener, ReadWindow, ServeOptions, serve};

/// What the handler needs: where the files are, and who pays for reads where there is no zero-copy.
#[derive(Clone)]
struct Files {
    root: PathBuf,
    ledger: Ledger,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let root = PathBuf::from(args.next().unwrap_or_else(|| ".".to_owned()));
    let addr = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned()).parse()?;

    let options = ServeOptions::default();
    let files = Files { root, ledger: options.ledger.clone() };
    let router = Router::new().route("/{name}", get(file)).with_state(files);
    let listener = Listener::bind(addr, &ListenOptions::default())?;
    println!("listening on http://{}/", listener.local_addr());
    serve(listener, router, options, async {
        // Without a signal handler there is nothing to wait for, and Ctrl-C ends the process anyway.
        let _stop = tokio::signal::ctrl_c().await;
    })
    .await;
    Ok(())
}

async fn file(State(files): State<Files>, Path(name): Path<String>) -> impl IntoResponse {
    // One plain name: no directories, no `..`. A real service wants forebay-store's `LocalStore` here.
    if name.contains(['/', '\0']) || name.starts_with('.') {
        return Err(StatusCode::NOT_FOUND);
    }
    let span = FileSpan::open(files.root.join(name)).await.map_err(|_| StatusCode::NOT_FOUND)?;
    let window = ReadWindow::on_demand(files.ledger, ByteSize::kib(128), Duration::from_secs(1));
    Ok(FileBody::of(span, window).respond())
}
