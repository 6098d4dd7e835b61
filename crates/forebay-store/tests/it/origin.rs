//! Web servers of all kinds, as places to read from.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forebay_store::origin::{Origin, OriginOptions};
use forebay_store::remote::{ObjectKey, Pin, ReadAsk, Reading, Remote, ResumableBody, Tenacity};
use forebay_store::{ByteRange, StoreError, StoreErrorKind, Validator};
use http::HeaderMap;
use url::Url;

use crate::scripted::client;
use crate::web::{Asked, Web};

const BODY: &str = "0123456789";

fn key() -> ObjectKey {
    ObjectKey::new("dir/a b").unwrap()
}

fn origin(base: &str) -> Origin {
    Origin::new(Url::parse(base).unwrap(), client(), OriginOptions::default()).unwrap()
}

fn range(start: u64, end: u64) -> Option<ByteRange> {
    ByteRange::new(start, end)
}

fn pin(tag: &str) -> Pin {
    Pin { validator: Validator::parse(tag.as_bytes()), len: Some(10), ..Pin::default() }
}

fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n{body}", body.len())
}

/// A good server of one object: ranges, conditions, everything told.
fn good(tag: &str, asked: &Asked) -> String {
    let known = format!(
        "ETag: {tag}\r\nAccept-Ranges: bytes\r\nDate: Thu, 01 Jan 1970 01:00:00 GMT\r\n\
         Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\nCache-Control: a\r\nCache-Control: b\r\n"
    );
    if asked.field("if-match").is_some_and(|wanted| wanted != tag) {
        return answer("412 Precondition Failed", "", "");
    }
    let span = asked.field("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let span = span.filter(|_| asked.field("if-range").is_none_or(|wanted| wanted == tag));
    match span.map(|(first, last)| {
        (first.parse::<usize>().unwrap(), last.parse().map_or(10, |last: usize| last + 1))
    }) {
        None if asked.line.starts_with("HEAD") => {
            format!("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n{known}\r\n")
        }
        None => answer("200 OK", &known, BODY),
        Some((start, _)) if start >= 10 => {
            answer("416 Range Not Satisfiable", "Content-Range: bytes */10\r\n", "")
        }
        Some((start, end)) => {
            let end = end.min(10);
            let fields = format!("{known}Content-Range: bytes {start}-{}/10\r\n", end - 1);
            answer("206 Partial Content", &fields, &BODY[start..end])
        }
    }
}

async fn text(mut reading: Reading) -> String {
    let mut text = Vec::new();
    while let Some(bytes) = reading.body.chunk().await {
        text.extend_from_slice(&bytes.unwrap());
    }
    String::from_utf8(text).unwrap()
}

async fn read(
    origin: &Origin,
    range: Option<ByteRange>,
    pin: Option<&Pin>,
) -> Result<String, StoreErrorKind> {
    match origin.read(&key(), range, pin).await {
        Ok(reading) => Ok(text(reading).await),
        Err(error) => Err(error.kind()),
    }
}

#[tokio::test]
async fn a_good_server_gives_facts_and_ranges() {
    let web = Web::start(|asked| good("\"1\"", asked)).await;
    let origin = origin(&format!("{}/base", web.url));
    let facts = origin.head(&key(), None).await.unwrap();
    assert!(facts.is_continuable());
    assert_eq!((facts.len, facts.date), (Some(10), Some(std::time::UNIX_EPOCH + Duration::from_secs(3600))));
    assert_eq!(facts.attributes.content_type.as_deref(), Some("text/plain"));
    assert_eq!(facts.attributes.cache_control.as_deref(), Some("a, b"));
    let pin = facts.pin();
    let reading = origin.read(&key(), range(2, 5), Some(&pin)).await.unwrap();
    assert_eq!((reading.range, reading.facts.pin()), (range(2, 5), pin.clone()));
    assert_eq!(text(reading).await, "234");
    assert_eq!(read(&origin, range(8, u64::MAX), Some(&pin)).await.unwrap(), "89");
    assert_eq!(read(&origin, range(8, 100), None).await.unwrap(), "89");
    assert_eq!(read(&origin, None, Some(&pin)).await.unwrap(), BODY);
    assert_eq!(read(&origin, range(10, 12), None).await, Err(StoreErrorKind::Invalid));

    let asked = web.asked();
    assert_eq!(asked[0].line, "HEAD /base/dir/a%20b");
    let fields = ["range", "if-match", "accept-encoding", "cookie"].map(|name| asked[1].field(name));
    assert_eq!(fields, [Some("bytes=2-4"), Some("\"1\""), Some("identity"), None]);
    assert_eq!(asked[2].field("range"), Some("bytes=8-"));
}

#[tokio::test]
async fn another_version_is_changed_whatever_the_server_makes_of_conditions() {
    // One that keeps to them, and one that knows none.
    let keeps = Web::start(|asked| good("\"2\"", asked)).await;
    let ignores = Web::start(|asked| {
        let mut asked = asked.clone();
        asked.forget("if-match");
        asked.forget("if-range");
        good("\"2\"", &asked)
    })
    .await;
    for web in [keeps, ignores] {
        let origin = origin(&web.url);
        let pin = pin("\"1\"");
        for range in [None, range(0, 4), range(4, 8)] {
            assert_eq!(read(&origin, range, Some(&pin)).await, Err(StoreErrorKind::Changed), "{range:?}");
        }
        assert_eq!(origin.head(&key(), Some(&pin)).await.unwrap_err().kind(), StoreErrorKind::Changed);
    }
}

#[tokio::test]
async fn a_server_that_answers_412_to_any_tag_is_asked_in_another_way() {
    let web = Web::start(|asked| match asked.field("if-match") {
        Some(_) => answer("412 Precondition Failed", "", ""),
        None => good("\"1\"", asked),
    })
    .await;
    let origin = origin(&web.url);
    let pin = pin("\"1\"");
    assert_eq!(read(&origin, range(2, 5), Some(&pin)).await.unwrap(), "234");
    assert_eq!(read(&origin, range(5, 7), Some(&pin)).await.unwrap(), "56");
    assert_eq!(web.asked().len(), 3, "it was learned");
    assert_eq!(web.asked()[2].field("if-range"), Some("\"1\""));
}

#[tokio::test]
async fn without_a_strong_tag_the_date_is_the_condition() {
    let web = Web::start(|asked| good("W/\"1\"", asked)).await;
    let origin = origin(&web.url);
    let facts = origin.head(&key(), None).await.unwrap();
    assert!(facts.is_continuable(), "its date is settled");
    assert_eq!(read(&origin, range(2, 5), Some(&facts.pin())).await.unwrap(), "234");
    let asked = web.asked();
    assert_eq!(asked[1].field("if-unmodified-since"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    assert_eq!(asked[1].field("if-match"), None);
    let other = Pin { validator: Validator::parse(b"W/\"0\""), ..facts.pin() };
    assert_eq!(read(&origin, range(2, 5), Some(&other)).await, Err(StoreErrorKind::Changed));
}

#[tokio::test]
async fn a_server_that_ignores_ranges_is_found_out() {
    let web = Web::start(|_| answer("200 OK", "Accept-Ranges: bytes\r\nETag: \"1\"\r\n", BODY)).await;
    let origin = origin(&web.url);
    let reading = origin.read(&key(), range(0, 4), None).await.unwrap();
    assert!(!reading.facts.ranges, "whatever it says of itself");
    assert_eq!(reading.range, range(0, 10));
    assert_eq!(read(&origin, range(4, 8), None).await, Err(StoreErrorKind::Unavailable));
}

#[tokio::test]
async fn a_range_answer_that_is_not_the_one_asked_for_is_refused() {
    for fields in [
        "",
        "Content-Range: bytes 3-5/10\r\n",
        "Content-Range: bytes 2-5/10\r\n",
        "Content-Range: bytes 2-3/10\r\n",
        "Content-Range: bytes 2-4\r\n",
        "Content-Range: bytes 2-4/10\r\nContent-Range: bytes 2-4/10\r\n",
        "Content-Type: multipart/byteranges; boundary=x\r\n",
    ] {
        let web = Web::start(move |_| answer("206 Partial Content", fields, "234")).await;
        assert_eq!(
            read(&origin(&web.url), range(2, 5), None).await,
            Err(StoreErrorKind::Unavailable),
            "{fields}"
        );
    }
    let web = Web::start(|_| answer("206 Partial Content", "Content-Range: bytes 2-4/11\r\n", "234")).await;
    assert_eq!(read(&origin(&web.url), range(2, 5), Some(&pin("\"1\""))).await, Err(StoreErrorKind::Changed));
}

#[tokio::test]
async fn where_head_is_refused_or_empty_the_first_byte_tells() {
    for head in ["405 Method Not Allowed", "501 Not Implemented", "403 Forbidden"] {
        let web = Web::start(move |asked| match asked.line.starts_with("HEAD") {
            true => answer(head, "", ""),
            false => good("\"1\"", asked),
        })
        .await;
        let origin = origin(&web.url);
        for _ in 0..2 {
            assert_eq!(origin.head(&key(), None).await.unwrap().len, Some(10), "{head}");
        }
        assert_eq!(web.asked().iter().filter(|asked| asked.line.starts_with("HEAD")).count(), 1, "{head}");
    }
    let web = Web::start(|asked| match asked.line.starts_with("HEAD") {
        true => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(),
        false => answer("416 Range Not Satisfiable", "Content-Range: bytes */0\r\n", ""),
    })
    .await;
    assert_eq!(
        origin(&web.url).head(&key(), None).await.unwrap().len,
        Some(0),
        "an empty object has no first byte"
    );
}

#[tokio::test]
async fn a_refusal_is_a_kind_and_says_how_long_to_wait() {
    let rows = [
        ("404 Not Found", StoreErrorKind::NotFound),
        ("410 Gone", StoreErrorKind::NotFound),
        ("401 Unauthorized", StoreErrorKind::Denied),
        ("403 Forbidden", StoreErrorKind::Denied),
        ("429 Too Many Requests", StoreErrorKind::Throttled),
        ("503 Service Unavailable", StoreErrorKind::Throttled),
        ("500 Internal Server Error", StoreErrorKind::Unavailable),
        ("504 Gateway Timeout", StoreErrorKind::Unavailable),
        ("400 Bad Request", StoreErrorKind::Invalid),
        ("204 No Content", StoreErrorKind::Invalid),
        ("304 Not Modified", StoreErrorKind::Invalid),
    ];
    for (status, kind) in rows {
        let web = Web::start(move |_| answer(status, "Retry-After: 7\r\n", "")).await;
        let error = origin(&web.url).read(&key(), None, None).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (kind, Some(Duration::from_secs(7))), "{status}");
    }
}

#[tokio::test]
async fn redirects_are_followed_and_secrets_stay_at_home() {
    let store = Web::start(|asked| good("\"1\"", asked)).await;
    let there = store.url.clone();
    let web = Web::start(move |asked| match &*asked.line {
        "GET /base/dir/a%20b?token=t" => answer("302 Found", "Location: /moved\r\nSet-Cookie: a=b\r\n", ""),
        "GET /moved" => answer("307 Temporary Redirect", &format!("Location: {there}/blob\r\n"), ""),
        _ => answer("404 Not Found", "", ""),
    })
    .await;
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", "secret".parse().unwrap());
    let base = format!("{}/base?token=t", web.url.replace("//", "//user:pass@"));
    let options = OriginOptions { headers, ..OriginOptions::default() };
    let origin = Origin::new(Url::parse(&base).unwrap(), client(), options).unwrap();
    assert_eq!(read(&origin, range(2, 5), Some(&pin("\"1\""))).await.unwrap(), "234");

    let own = web.asked();
    assert!(own.iter().all(|asked| asked.field("authorization") == Some("Basic dXNlcjpwYXNz")));
    assert!(own.iter().all(|asked| asked.field("x-api-key").is_some() && asked.field("cookie").is_none()));
    let foreign = &store.asked()[0];
    let fields = ["authorization", "x-api-key", "cookie", "referer"].map(|name| foreign.field(name));
    assert_eq!(fields, [None; 4]);
    assert_eq!((foreign.field("range"), foreign.field("if-match")), (Some("bytes=2-4"), Some("\"1\"")));
}

#[tokio::test]
async fn redirects_end() {
    let circle = Web::start(|asked| {
        let to = if asked.line.ends_with("/a") { "/b" } else { "/a" };
        answer("301 Moved Permanently", &format!("Location: {to}\r\n"), "")
    })
    .await;
    let spiral = Web::start(|asked| {
        answer("301 Moved Permanently", &format!("Location: {}x\r\n", &asked.line["GET ".len()..]), "")
    })
    .await;
    for (web, requests) in [(circle, 3), (spiral, 9)] {
        let error = origin(&web.url).read(&key(), None, None).await.unwrap_err();
        assert_eq!((error.kind(), web.asked().len()), (StoreErrorKind::Invalid, requests), "{error}");
    }
}

#[tokio::test]
async fn a_hundred_ranges_follow_a_permanent_redirect_once_and_no_secret_follows() {
    let there = Web::start(|asked| good("\"1\"", asked)).await;
    for (status, own, foreign) in [("308 Permanent Redirect", 1, 100), ("302 Found", 100, 100)] {
        let to = format!("Location: {}/blob\r\n", there.url);
        let web = Web::start(move |_| answer(status, &to, "")).await;
        let base = format!("{}/", web.url.replace("//", "//user:pass@"));
        let origin = origin(&base);
        let before = there.asked().len();
        for _ in 0..100 {
            assert_eq!(read(&origin, range(2, 5), Some(&pin("\"1\""))).await.unwrap(), "234");
        }
        let asked = &there.asked()[before..];
        assert_eq!((web.asked().len(), asked.len()), (own, foreign), "{status}");
        assert!(asked.iter().all(|asked| asked.field("authorization").is_none()));
        assert!(asked.iter().all(|asked| asked.field("if-match") == Some("\"1\"")), "the pin goes along");
    }
}

#[tokio::test]
async fn an_address_that_has_nothing_any_more_is_forgotten() {
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let web = Web::start(move |asked| match (&*asked.line, is_gone.load(Ordering::Relaxed)) {
        ("GET /new", false) | ("GET /newer", true) => good("\"1\"", asked),
        ("GET /new" | "GET /newer", _) => answer("404 Not Found", "", ""),
        (_, is_gone) => {
            let to = if is_gone { "newer" } else { "new" };
            answer("301 Moved Permanently", &format!("Location: /{to}\r\n"), "")
        }
    })
    .await;
    let origin = origin(&web.url);
    let ask = || async { read(&origin, range(2, 5), None).await };
    assert_eq!((&*ask().await.unwrap(), web.asked().len()), ("234", 2));
    assert_eq!((&*ask().await.unwrap(), web.asked().len()), ("234", 3));
    gone.store(true, Ordering::Relaxed);
    assert_eq!(
        (&*ask().await.unwrap(), web.asked().len()),
        ("234", 6),
        "the new one, the old one, the newer one"
    );
}

#[tokio::test]
async fn a_name_that_is_answered_with_a_slash_is_a_directorys() {
    let web = Web::start(|asked| match &*asked.line {
        "GET /dir/" => good("\"1\"", asked),
        line => answer("301 Moved Permanently", &format!("Location: {}/\r\n", &line["GET ".len()..]), ""),
    })
    .await;
    let tree = origin(&web.url);
    let name = |name: &str| ObjectKey::new(name).unwrap();
    let error = tree.read(&name("dir"), None, None).await.unwrap_err();
    assert_eq!((error.kind(), web.asked().len()), (StoreErrorKind::NotFound, 1), "{error}");
    tree.read(&name("dir/"), None, None).await.unwrap();
    // Somebody who names the URL gets what is there.
    let url = Url::parse(&format!("{}/dir", web.url)).unwrap();
    let (exact, key) = Origin::of_url(url, client(), OriginOptions::default()).unwrap();
    exact.read(&key, None, None).await.unwrap();
}

#[tokio::test]
async fn no_secret_is_in_a_message() {
    let web = Web::start(|_| answer("500 Oops", "", "")).await;
    let base = format!("{}/base?sig=secret", web.url.replace("//", "//user:secret@"));
    let origin = origin(&base);
    let failed: StoreError = origin.read(&key(), None, None).await.unwrap_err();
    let nobody = self::origin("http://user:secret@127.0.0.1:1/?sig=secret");
    let refused = nobody.read(&key(), None, None).await.unwrap_err();
    for shown in [failed.to_string(), refused.to_string(), format!("{origin:?} {nobody:?}")] {
        assert!(!shown.contains("secret") && !shown.contains("user"), "{shown}");
        assert!(shown.contains("127.0.0.1"), "{shown}");
    }
}

#[tokio::test]
async fn what_is_coded_stays_coded_and_says_so() {
    let web = Web::start(|_| answer("200 OK", "Content-Encoding: gzip\r\n", BODY)).await;
    let origin = origin(&web.url);
    let reading = origin.read(&key(), None, None).await.unwrap();
    assert_eq!(reading.facts.attributes.content_encoding.as_deref(), Some("gzip"));
    assert_eq!(text(reading).await, BODY);
}

#[tokio::test]
async fn a_broken_body_of_a_web_server_is_continued() {
    let web = Web::start(|asked| {
        let whole = good("\"1\"", asked);
        if asked.field("range").is_some() { whole } else { whole[..whole.len() - 6].to_owned() }
    })
    .await;
    let ask = ReadAsk { key: key(), range: None, pin: None };
    let mut body = ResumableBody::open(Arc::new(origin(&web.url)), ask, Tenacity::default()).await.unwrap();
    let mut all = Vec::new();
    while let Some(bytes) = body.chunk().await {
        all.extend_from_slice(&bytes.unwrap());
    }
    assert_eq!((all, body.continued()), (BODY.as_bytes().to_vec(), 1));
    assert_eq!(web.asked()[1].field("range"), Some("bytes=4-9"));
}
