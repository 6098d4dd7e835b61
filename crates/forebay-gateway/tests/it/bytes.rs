//! Every path of an answer, byte by byte, under every layer, over a real socket.

use std::collections::BTreeMap;

use forebay_gateway::GatewayOptions;
use forebay_testkit::pattern::Pattern;
use forebay_testkit::response::End;

use crate::decode;
use crate::site::{Layers, Site};

const LEN: usize = 3 << 20;

fn pattern() -> Vec<u8> {
    Pattern::new(7).bytes(0, LEN)
}

fn text() -> String {
    (0..40_000).map(|n| format!("line {n} of a text that compresses well\n")).collect()
}

fn site(layers: Layers) -> Site {
    let site = Site::with(GatewayOptions::default(), layers);
    site.write("large.bin", pattern()).write("small.bin", b"0123456789").write("empty.bin", b"");
    site.write("text.txt", text()).write("folder/a.bin", &pattern()[..200_000]).write("folder/b.txt", "b");
    site
}

#[test]
fn whole_files_and_one_connection_for_all_of_them() {
    for layers in Layers::ALL {
        let site = site(layers);
        let mut conn = site.connect();
        for _ in 0..2 {
            for (target, expected) in
                [("/large.bin", pattern()), ("/small.bin", b"0123456789".to_vec()), ("/empty.bin", vec![])]
            {
                let response = conn.request("GET", target, "").unwrap();
                assert_eq!((response.head.status, response.end), (200, End::Complete), "{layers:?} {target}");
                assert!(response.body == expected, "{layers:?} {target}");
                let head = conn.request("HEAD", target, "").unwrap();
                let without_date = |mut fields: Vec<(String, String)>| {
                    fields.retain(|(name, _)| {
                        !matches!(name.as_str(), "date" | "x-request-id" | "traceparent")
                    });
                    fields.sort();
                    fields
                };
                assert_eq!(without_date(head.head.fields), without_date(response.head.fields), "{layers:?}");
            }
        }
        drop(conn);
        site.settles();
    }
}

#[test]
fn large_files_go_by_name_unless_a_layer_reads_them() {
    for layers in [Layers::None, Layers::Log, Layers::Limits, Layers::Capture] {
        let site = site(layers);
        site.get("/large.bin");
        site.ask("GET", "/large.bin", "Range: bytes=100-2000000\r\n");
        site.ask("GET", "/large.bin", "Range: bytes=0-99999,1000000-2000000\r\n");
        // The last bytes may arrive before they are counted.
        site.settles();
        // Binary bodies are not captured, so that not even the capture loses the fast path.
        let stats = site.stats();
        assert!(stats.zero_copy_bytes > LEN as u64 + 2_900_000, "{layers:?}: {stats:?}");
        assert_eq!(stats.pread_bytes, 0, "{layers:?}");
        assert_eq!(stats.desyncs, 0);
    }
}

#[test]
fn a_captured_text_is_read_and_still_right() {
    let site = Site::with(GatewayOptions { compress: false, ..GatewayOptions::default() }, Layers::Capture);
    let long = text();
    site.write("text.txt", &long);
    assert!(site.get("/text.txt").body == long.as_bytes());
    let stats = site.stats();
    assert_eq!((stats.zero_copy_bytes, stats.desyncs), (0, 0));
    site.settles();
}

#[test]
fn one_range_and_many() {
    let whole = pattern();
    for layers in Layers::ALL {
        let site = site(layers);
        let mut conn = site.connect();
        let one = conn.request("GET", "/large.bin", "Range: bytes=1048575-1048577\r\n").unwrap();
        assert_eq!(one.head.status, 206);
        assert_eq!(one.head.field("content-range"), Some("bytes 1048575-1048577/3145728"));
        assert_eq!(one.body, &whole[1_048_575..=1_048_577], "{layers:?}");
        let tail = conn.request("GET", "/large.bin", "Range: bytes=-1500000\r\n").unwrap();
        assert!(tail.body == whole[LEN - 1_500_000..], "{layers:?}");

        let asked = "Range: bytes=2000000-2999999,0-0,1000-1299999\r\n";
        let many = conn.request("GET", "/large.bin", asked).unwrap();
        assert_eq!((many.head.status, many.end), (206, End::Complete));
        let found = decode::parts(many.head.field("content-type").unwrap(), &many.body);
        let spans = [2_000_000..=2_999_999, 0..=0, 1000..=1_299_999];
        assert_eq!(found.len(), spans.len());
        for ((range, content), span) in found.iter().zip(spans) {
            assert_eq!(range, &format!("bytes {}-{}/{LEN}", span.start(), span.end()));
            assert!(content == &whole[span], "{layers:?} {range}");
        }
        let head = conn.request("HEAD", "/large.bin", asked).unwrap();
        assert_eq!(head.head.status, 206);
        assert_eq!(head.head.content_length(), many.head.content_length(), "computed, not read");
        let small = conn.request("GET", "/small.bin", "Range: bytes=1-1,-1\r\n").unwrap();
        assert_eq!(small.body, b"123456789", "a gap cheaper than a part is sent");
        drop(conn);
        site.settles();
    }
}

#[test]
fn compressed_on_the_way() {
    let long = text();
    for layers in Layers::ALL {
        let site = site(layers);
        for coding in ["gzip", "br", "zstd"] {
            let response = site.ask("GET", "/text.txt", &format!("Accept-Encoding: {coding}\r\n"));
            assert_eq!(response.head.field("content-encoding"), Some(coding), "{layers:?}");
            assert_eq!(response.head.field("vary"), Some("accept-encoding"));
            assert!(response.head.field("etag").unwrap().starts_with("W/\""), "no promise about its bytes");
            assert_eq!(response.head.content_length(), None);
            assert_eq!(response.end, End::Complete);
            assert!(response.body.len() < long.len() / 4, "{coding}: {}", response.body.len());
            assert!(decode::coded(coding, &response.body) == long.as_bytes(), "{layers:?} {coding}");
        }
        site.settles();
    }
}

#[test]
fn archives_under_every_layer() {
    for layers in Layers::ALL {
        let site = site(layers);
        let expected = BTreeMap::from([
            ("folder/a.bin".to_owned(), pattern()[..200_000].to_vec()),
            ("folder/b.txt".to_owned(), b"b".to_vec()),
        ]);
        for form in ["tar", "zip"] {
            let response = site.get(&format!("/folder/?archive={form}"));
            assert_eq!((response.head.status, response.end), (200, End::Complete), "{layers:?} {form}");
            let found = decode::archive(form, &response.body);
            assert!(found == expected, "{layers:?} {form}: {:?}", found.keys());
        }
        site.settles();
    }
}

#[test]
fn listings_under_every_layer() {
    for layers in Layers::ALL {
        let site = site(layers);
        let json = site.ask("GET", "/folder/", "Accept: application/json\r\n");
        let listing: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
        let names: Vec<_> = listing["entries"].as_array().unwrap().iter().map(|e| &e["name"]).collect();
        assert_eq!(names, ["a.bin", "b.txt"], "{layers:?}");
        let html = site.get("/folder/");
        assert!(String::from_utf8(html.body).unwrap().ends_with("</html>\n"), "{layers:?}");
        site.settles();
    }
}
