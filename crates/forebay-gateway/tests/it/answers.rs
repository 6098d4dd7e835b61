//! What is answered, field by field: the promises of docs/http.md.

use std::time::{Duration, SystemTime};

use forebay_gateway::GatewayOptions;
use forebay_testkit::response::End;

use crate::decode;
use crate::site::{Layers, Site};

#[test]
fn a_file_has_a_type_a_strong_tag_and_a_date() {
    let site = Site::plain();
    site.write("page.html", "<p>hi</p>");
    let head = site.get("/page.html").head;
    assert_eq!(head.field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(head.field("content-length"), Some("9"));
    assert_eq!(head.field("accept-ranges"), Some("bytes"));
    assert_eq!(head.field("x-content-type-options"), Some("nosniff"));
    let tag = head.field("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    let (modified, date) = (head.field("last-modified").unwrap(), head.field("date").unwrap());
    let parse = |text| httpdate::parse_http_date(text).unwrap();
    assert!(parse(modified) <= parse(date));
}

#[test]
fn conditions_are_answered_in_order() {
    let site = Site::plain();
    site.write("a.bin", "0123456789");
    let tag = site.get("/a.bin").head.field("etag").unwrap().to_owned();
    let unchanged = site.ask("GET", "/a.bin", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((unchanged.head.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.head.field("etag"), Some(tag.as_str()));
    assert_eq!(unchanged.head.field("content-type"), None);
    let refused = site.ask("GET", "/a.bin", "If-Match: \"other\"\r\n");
    assert_eq!(refused.head.status, 412);
    let resumed = site.ask("GET", "/a.bin", &format!("Range: bytes=5-\r\nIf-Range: {tag}\r\n"));
    assert_eq!((resumed.head.status, &resumed.body[..]), (206, &b"56789"[..]));
    let changed = site.ask("GET", "/a.bin", "Range: bytes=5-\r\nIf-Range: \"other\"\r\n");
    assert_eq!((changed.head.status, changed.body.len()), (200, 10));
    let outside = site.ask("GET", "/a.bin", "Range: bytes=10-\r\n");
    assert_eq!((outside.head.status, outside.head.field("content-range")), (416, Some("bytes */10")));
    assert_eq!(site.ask("HEAD", "/a.bin", "Range: bytes=10-\r\n").head.status, 416);
    assert_eq!(site.ask("GET", "/a.bin", "Range: items=0-1\r\n").head.status, 200);
}

#[test]
fn a_range_bomb_costs_one_object_at_most() {
    let site = Site::plain();
    site.write("a.bin", vec![1; 1 << 20]);
    let bomb = format!("Range: bytes={}\r\n", ["0-"; 60].join(","));
    let answer = site.ask("GET", "/a.bin", &bomb);
    assert_eq!((answer.head.status, answer.body.len()), (206, 1 << 20));
    let bomb = format!("Range: bytes={}\r\n", ["0-"; 1000].join(","));
    let answer = site.ask("GET", "/a.bin", &bomb);
    assert_eq!((answer.head.status, answer.body.len()), (200, 1 << 20));
}

#[test]
fn downloads_have_names() {
    let site = Site::plain();
    site.write("报告.pdf", "x");
    let name = |target: &str| site.get(target).head.field("content-disposition").map(str::to_owned);
    assert_eq!(name("/%E6%8A%A5%E5%91%8A.pdf"), None);
    assert_eq!(
        name("/%E6%8A%A5%E5%91%8A.pdf?download").as_deref(),
        Some("attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf")
    );
    assert_eq!(
        name("/%E6%8A%A5%E5%91%8A.pdf?download=..%2Fa%0d%0a.pdf").as_deref(),
        Some("attachment; filename=\".._a__.pdf\"")
    );
}

#[test]
fn a_precompressed_neighbour_is_sent_if_it_is_new_enough() {
    let site = Site::plain();
    let now = SystemTime::now() - Duration::from_secs(100);
    site.write("app.js", "the original").write("app.js.br", "BR").write("app.js.gz", "GZ");
    site.touch("app.js", now).touch("app.js.br", now - Duration::from_secs(10)).touch("app.js.gz", now);
    let ask = |accept: &str| site.ask("GET", "/app.js", &format!("Accept-Encoding: {accept}\r\n"));
    let gzip = ask("gzip, br");
    assert_eq!(gzip.body, b"GZ", "br is older than the file and is passed over");
    assert_eq!(gzip.head.field("content-encoding"), Some("gzip"));
    assert_eq!(gzip.head.field("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(gzip.head.field("vary"), Some("accept-encoding"));
    assert!(gzip.head.field("etag").unwrap().starts_with('"'), "stored bytes have a strong tag");
    let plain = site.get("/app.js");
    assert_eq!((&plain.body[..], plain.head.field("vary")), (&b"the original"[..], Some("accept-encoding")));
    assert_ne!(plain.head.field("etag"), gzip.head.field("etag"));
    let part = site.ask("GET", "/app.js", "Accept-Encoding: gzip\r\nRange: bytes=1-\r\n");
    assert_eq!((part.head.status, &part.body[..]), (206, &b"Z"[..]), "ranges are of what is sent");
    site.touch("app.js.br", now);
    assert_eq!(ask("gzip, br").body, b"BR", "equal times are new enough");
}

#[test]
fn exact_bytes_small_files_and_no_transform_are_not_compressed() {
    let rules = vec!["keep.txt: no-transform".to_owned(), "*.txt: max-age=60".to_owned()];
    let site = Site::with(GatewayOptions { cache_control: rules, ..GatewayOptions::default() }, Layers::None);
    let long = "compressible ".repeat(1000);
    site.write("long.txt", &long).write("keep.txt", &long).write("short.txt", "short").write("a.png", &long);
    let coding = |target: &str, more: &str| {
        let answer = site.ask("GET", target, &format!("Accept-Encoding: gzip\r\n{more}"));
        answer.head.field("content-encoding").map(str::to_owned)
    };
    assert_eq!(coding("/long.txt", "").as_deref(), Some("gzip"));
    assert_eq!(
        coding("/long.txt", "Accept-Encoding: br, zstd\r\n").as_deref(),
        Some("zstd"),
        "cheapest first"
    );
    assert_eq!(coding("/long.txt", "Range: bytes=0-9\r\n"), None);
    assert_eq!(coding("/long.txt", "If-Match: *\r\n"), None);
    assert_eq!(coding("/keep.txt", ""), None);
    assert_eq!(coding("/short.txt", ""), None);
    assert_eq!(coding("/a.png", ""), None);
    assert_eq!(site.get("/long.txt").head.field("cache-control"), Some("max-age=60"));
    assert_eq!(site.get("/a.png").head.field("cache-control"), None);
}

#[test]
fn without_memory_for_a_compressor_the_file_goes_out_as_it_is() {
    use forebay_budget::{ByteSize, Class, Ledger};
    let classes = Class::ALL.into_iter().filter(|class| *class != Class::Compression);
    let ledger = Ledger::new(classes.map(|class| (class, ByteSize::mib(8))));
    let site = Site::granted(GatewayOptions::default(), Layers::None, ledger);
    let long = "compressible ".repeat(10_000);
    site.write("long.txt", &long);
    let answer = site.ask("GET", "/long.txt", "Accept-Encoding: gzip\r\n");
    assert_eq!((answer.head.status, answer.head.field("content-encoding")), (200, None));
    assert!(answer.body == long.as_bytes());
    assert_eq!(answer.head.field("vary"), Some("accept-encoding"), "it might have been another");
}

#[test]
fn with_memory_for_a_small_compressor_only_the_next_best_coding_is_sent() {
    use forebay_budget::{ByteSize, Class, Ledger};
    let small = |class| if class == Class::Compression { ByteSize::kib(512) } else { ByteSize::mib(8) };
    let ledger = Ledger::new(Class::ALL.map(|class| (class, small(class))));
    let site = Site::granted(GatewayOptions::default(), Layers::None, ledger);
    site.write("long.txt", "compressible ".repeat(10_000));
    let answer = site.ask("GET", "/long.txt", "Accept-Encoding: br, gzip;q=0.5\r\n");
    assert_eq!(answer.head.field("content-encoding"), Some("gzip"));
}

#[test]
fn a_weak_tag_still_revalidates() {
    let site = Site::plain();
    site.write("long.txt", "compressible ".repeat(1000));
    let first = site.ask("GET", "/long.txt", "Accept-Encoding: br\r\n");
    let tag = first.head.field("etag").unwrap();
    let again = site.ask("GET", "/long.txt", &format!("Accept-Encoding: br\r\nIf-None-Match: {tag}\r\n"));
    assert_eq!((again.head.status, again.head.field("etag")), (304, Some(tag)));
    assert_eq!(decode::coded("br", &first.body), "compressible ".repeat(1000).as_bytes());
}

#[test]
fn methods() {
    let site = Site::plain();
    site.write("a", "x");
    let options = site.ask("OPTIONS", "/a", "");
    assert_eq!((options.head.status, options.head.field("allow")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(site.ask("OPTIONS", "*", "").head.status, 204);
    for method in ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"] {
        let answer = site.ask(method, "/a", "Content-Length: 0\r\n");
        assert_eq!(
            (answer.head.status, answer.head.field("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{method}"
        );
    }
}

#[test]
fn paths_that_name_nothing() {
    let site = Site::plain();
    site.write("a.txt", "x").write("d/x", "x");
    let status = |target: &str| site.get(target).head.status;
    assert_eq!(status("/nothing"), 404);
    assert_eq!(status("/a.txt/"), 404, "a file is no directory");
    assert_eq!(status("/a.txt/x"), 404);
    assert_eq!(status("//a.txt"), 404);
    assert_eq!(status("/d//x"), 404);
    assert_eq!(status("/d/../a.txt"), 400);
    assert_eq!(status("/d/%2e%2e/a.txt"), 400);
    assert_eq!(status("/d%2fx"), 400);
    assert_eq!(status("/a.txt%00"), 400);
    assert_eq!(status("/%zz"), 400);
    assert_eq!(status("/.hidden"), 404);
    assert_eq!(status("/.forebay-upload"), 404);
}

#[test]
fn a_directory_without_its_slash_is_redirected_within_the_site() {
    let site = Site::plain();
    site.write("a dir:x/f", "x").write("d/e/f", "x");
    let location = |target: &str| {
        let answer = site.get(target);
        assert_eq!(answer.head.status, 308, "{target}");
        answer.head.field("location").unwrap().to_owned()
    };
    assert_eq!(location("/d?sort=size"), "./d/?sort=size");
    assert_eq!(location("/d/e"), "./e/");
    assert_eq!(location("/a%20dir:x"), "./a%20dir%3Ax/");
    assert_eq!(site.get("//d").head.status, 404, "never to another host");
}

#[test]
fn errors_are_text_or_problem_json_and_tell_nothing_of_the_inside() {
    let site = Site::plain();
    let text = site.get("/nothing");
    assert_eq!(text.head.field("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(text.head.field("cache-control"), Some("no-store"));
    let json = site.ask("GET", "/nothing", "Accept: application/problem+json\r\n");
    assert_eq!(json.head.field("content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(
        (&problem["status"], &problem["type"], &problem["reason"]),
        (&404.into(), &"about:blank".into(), &"not_found".into())
    );
    let root = site.path().to_string_lossy().into_owned();
    assert!(!String::from_utf8_lossy(&json.body).contains(&root));
    assert_eq!(site.ask("HEAD", "/nothing", "").body.len(), 0);
}

#[test]
fn an_index_answers_for_its_directory_and_the_root_for_itself() {
    let options = GatewayOptions {
        index: Some("index.html".into()),
        root_index: Some("start/page.html".into()),
        ..GatewayOptions::default()
    };
    let site = Site::with(options, Layers::None);
    site.write("start/page.html", "start")
        .write("index.html", "root")
        .write("d/index.html", "d")
        .write("e/x", "x");
    assert_eq!(site.get("/").body, b"start");
    assert_eq!(site.get("/d/").body, b"d");
    assert_eq!(site.get("/d/").head.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(String::from_utf8(site.get("/e/").body).unwrap().contains("<table>"), "no index: a listing");
    assert!(site.get("/d/?archive=tar").head.field("content-type").unwrap().contains("tar"));
}

#[test]
fn a_single_page_application_answers_pages_and_nothing_else() {
    let options = GatewayOptions { spa_fallback: Some("app.html".into()), ..GatewayOptions::default() };
    let site = Site::with(options, Layers::None);
    site.write("app.html", "<app>");
    let page = site.ask("GET", "/users/7", "Accept: text/html,*/*;q=0.8\r\n");
    assert_eq!((page.head.status, &page.body[..]), (200, &b"<app>"[..]));
    assert_eq!(site.ask("GET", "/missing.js", "Accept: */*\r\n").head.status, 404);
}

#[test]
fn what_is_switched_off_is_not_there() {
    let options = GatewayOptions { listing: false, archive: false, ..GatewayOptions::default() };
    let site = Site::with(options, Layers::None);
    site.write("d/x", "x");
    assert_eq!(site.get("/d/").head.status, 404);
    assert_eq!(site.get("/d/?archive=tar").head.status, 403);
    assert_eq!(site.get("/d/x").head.status, 200);
}

#[test]
fn without_memory_to_read_with_the_answer_is_503_before_the_head() {
    use forebay_budget::Class;
    use forebay_gateway::Gateway;
    use http::{Request, header::RETRY_AFTER};
    use tower::ServiceExt;
    let ledger = crate::site::ledger();
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.bin"), vec![1; 1 << 20]).unwrap();
    let options = GatewayOptions { patience: Duration::from_millis(1), ..GatewayOptions::default() };
    let gateway = Gateway::new(crate::site::store(dir.path(), &ledger), options, ledger.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = ledger.try_acquire(Class::Reads, ledger.usage(Class::Reads).capacity).unwrap();
    // No connection of ours, so no zero-copy: as over HTTP/2.
    let ask = || Request::get("/a.bin").body(String::new()).unwrap();
    let refused = runtime.block_on(gateway.clone().oneshot(ask())).unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()[RETRY_AFTER].to_str().unwrap()), (503, "2"));
    drop(all);
    let answer = runtime.block_on(gateway.oneshot(ask())).unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(ledger.usage(Class::Reads).in_use > 0, "held by the body");
    drop(answer);
    assert_eq!(ledger.usage(Class::Reads).in_use, 0);
}

#[test]
fn figures_have_few_series_and_count_ends() {
    let site = Site::with(GatewayOptions::default(), Layers::Limits);
    site.write("a.bin", vec![1; 5000]);
    for n in 0..5 {
        assert_eq!(site.get("/a.bin").end, End::Complete);
        site.get(&format!("/missing-{n}"));
    }
    site.get("/");
    site.until("all requests counted", |site| site.metrics().contains("forebay_http_in_flight 0"));
    let text = site.metrics();
    let has = |line: &str| assert!(text.contains(line), "{line} is not in\n{text}");
    has(r#"forebay_http_requests_total{kind="file",method="GET",status="200",outcome="complete"} 5"#);
    has(r#"forebay_http_requests_total{kind="file",method="GET",status="404",outcome="complete"} 5"#);
    has(r#"forebay_http_requests_total{kind="listing",method="GET",status="200",outcome="complete"} 1"#);
    has(r#"forebay_http_head_seconds_count{kind="file"} 10"#);
}
