//! Listings and archives: names of every kind, pages, and trees that change while they are sent.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

use forebay_gateway::GatewayOptions;
use forebay_gateway::archive::{Member, tar, zip};
use forebay_testkit::pattern::{Pattern, sparse_file};
use forebay_testkit::response::End;
use proptest::prelude::*;

use crate::decode;
use crate::site::{Layers, Site};

fn html(site: &Site, target: &str) -> String {
    let answer = site.ask("GET", target, "Accept: text/html\r\n");
    assert_eq!((answer.head.status, answer.end), (200, End::Complete), "{target}");
    String::from_utf8(answer.body).unwrap()
}

fn json(site: &Site, target: &str) -> serde_json::Value {
    let answer = site.ask("GET", target, "Accept: application/json\r\n");
    assert_eq!((answer.head.status, answer.end), (200, End::Complete), "{target}");
    serde_json::from_slice(&answer.body).unwrap()
}

fn names(listing: &serde_json::Value) -> Vec<&str> {
    listing["entries"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn names_cannot_break_out_of_the_page() {
    let site = Site::plain();
    let evil = "<script>alert(1)</script>&\"'.txt".replace('/', "");
    site.write(&evil, "x").write("javascript:alert(1)", "x").write("?a#b%41", "x").write("a dir/x", "x");
    std::fs::write(site.path().join(OsStr::from_bytes(b"caf\xe9")), "latin").unwrap();
    let page = html(&site, "/");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    assert!(page.contains("href=\"./javascript%3Aalert%281%29\""));
    assert!(page.contains("href=\"./%3Fa%23b%2541\""));
    assert!(page.contains("href=\"./a%20dir/\"") && page.contains("href=\"./caf%E9\""));
    assert_eq!(site.get("/caf%E9").body, b"latin");
    let listing = json(&site, "/");
    for entry in listing["entries"].as_array().unwrap() {
        let href = entry["href"].as_str().unwrap().strip_prefix('.').unwrap();
        assert_eq!(site.get(href).head.status, 200, "{href}");
    }
}

#[test]
fn the_page_may_load_nothing_and_run_nothing() {
    let site = Site::plain();
    site.write("a", "x");
    let head = site.get("/").head;
    let policy = head.field("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert_eq!(head.field("vary"), Some("accept"));
    let page = html(&site, "/");
    assert!(
        !page.contains("<script") && !page.contains(" style=") && !page.contains("http://www.w3.org/1999")
    );
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = forebay_testkit::digest::of_bytes(style.as_bytes());
    let base64 = policy.split("sha256-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(unbase64(base64), hash, "the policy names the style sheet that is in the page");
}

/// Base64 as lower-case hex.
fn unbase64(text: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text
        .bytes()
        .filter(|&b| b != b'=')
        .map(|b| alphabet.iter().position(|&a| a == b).unwrap() as u32)
        .collect();
    let bytes: Vec<u8> = digits
        .chunks(4)
        .flat_map(|group| {
            let word = group.iter().fold(0, |word, digit| word << 6 | digit) << (6 * (4 - group.len()));
            [(word >> 16) as u8, (word >> 8) as u8, word as u8].into_iter().take(group.len() - 1)
        })
        .collect();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn breadcrumbs_sorting_and_the_way_up() {
    let site = Site::plain();
    site.write("a/b/small", "x").write("a/b/large", vec![0; 2000]).write("a/b/sub/x", "x");
    let page = html(&site, "/a/b/");
    assert!(page.contains("<a href=\"../../\">Home</a>") && page.contains("<a href=\"../\">a</a>"));
    assert!(page.contains("aria-current=\"page\">b<") && page.contains("2.0 KiB"));
    assert!(page.contains("href=\"?sort=size&amp;order=desc\""));
    assert!(page.contains("href=\"?archive=zip\""));
    let order =
        |page: &str| ["sub/", "small", "large"].map(|name| page.find(&format!("./{name}\"")).unwrap());
    let [folder, small, large] = order(&page);
    assert!(folder < large && large < small, "folders first, then names");
    let [folder, small, large] = order(&html(&site, "/a/b/?sort=size&order=asc"));
    assert!(folder < small && small < large);
    assert!(!html(&site, "/").contains("\"../\""), "there is nothing above the root");
}

#[test]
fn the_way_down_to_a_deep_folder_is_short_and_leads_up() {
    let site = Site::plain();
    let deep: String = (0..60).map(|n| format!("d{n}/")).collect();
    site.write(&format!("{deep}x"), "x").write("d0/beside", "x");
    let page = html(&site, &format!("/{deep}"));
    assert!(page.contains(&format!("<a href=\"{}\">Home</a>", "../".repeat(60))));
    assert!(page.contains("…") && !page.contains(">d47<") && page.contains("<a href=\"../\">d58</a>"));
    assert!(page.contains(&format!("<a href=\"{}\">d48</a>", "../".repeat(11))));
    assert!(page.len() < 10_000, "{} bytes", page.len());
}

#[test]
fn an_empty_folder_says_so_and_offers_no_archive() {
    let site = Site::plain();
    std::fs::create_dir(site.path().join("d")).unwrap();
    let page = html(&site, "/d/");
    assert!(page.contains("This folder is empty.") && !page.contains("?archive="));
    assert!(!html(&site, "/").contains("is empty"));
}

#[test]
fn pages_follow_each_other_and_every_entry_is_seen_once() {
    let site = Site::plain();
    for n in 0..1_205 {
        site.write(&format!("f{n:04}"), vec![0; n % 7]);
    }
    let (mut seen, mut pages, mut next) = (Vec::new(), 0, String::new());
    loop {
        let listing = json(&site, &format!("/?limit=500&sort=size{next}"));
        seen.extend(names(&listing).into_iter().map(str::to_owned));
        pages += 1;
        match listing["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (1_205, 3));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1_205);
    let page = html(&site, "/");
    assert!(page.contains("rel=\"next\"") && page.matches("<td class=\"name\">").count() == 500);
    assert_eq!(site.get("/?after=zz").head.status, 400);
    assert_eq!(site.get("/?limit=99999999").head.status, 200);
    site.settles();
}

#[test]
fn a_head_of_a_folder_reads_nothing() {
    let site = Site::plain();
    site.write("d/x", "x");
    for target in ["/d/", "/d/?archive=tar", "/d/?archive=zip"] {
        let head = site.ask("HEAD", target, "");
        assert_eq!((head.head.status, head.body.len()), (200, 0));
        assert_eq!(head.head.field("content-type"), site.get(target).head.field("content-type"));
    }
}

#[test]
fn an_archive_keeps_names_of_every_kind() {
    let site = Site::plain();
    let long = format!("{}/{}", "n".repeat(200), "m".repeat(200));
    site.write(&format!("照片/{long}"), "long").write("照片/日本語 名.txt", "cjk").write("照片/empty", "");
    std::fs::create_dir(site.path().join("照片/nothing in it")).unwrap();
    for form in ["tar", "zip"] {
        let answer = site.get(&format!("/%E7%85%A7%E7%89%87/?archive={form}"));
        let files = decode::archive(form, &answer.body);
        assert_eq!(files.len(), 3, "{form}: {:?}", files.keys());
        assert_eq!(files[&format!("照片/{long}")], b"long", "{form}");
        assert_eq!(files["照片/日本語 名.txt"], b"cjk", "{form}");
        let name = answer.head.field("content-disposition").unwrap();
        assert_eq!(
            name,
            format!("attachment; filename=\"__.{form}\"; filename*=UTF-8''%E7%85%A7%E7%89%87.{form}")
        );
    }
    site.settles();
}

#[test]
fn an_archive_of_many_and_long_files_is_read_by_others() {
    let site = Site::plain();
    let long = Pattern::new(3).bytes(0, 300_001);
    site.write("d/long", &long);
    for n in 0..700 {
        site.write(&format!("d/{}/{n}", n % 7), n.to_string());
    }
    for form in ["tar", "zip"] {
        let files = decode::archive(form, &site.get(&format!("/d/?archive={form}")).body);
        assert_eq!(files.len(), 701, "{form}");
        assert!(files["d/long"] == long, "{form}");
        assert!((0..700).all(|n| files[&format!("d/{}/{n}", n % 7)] == n.to_string().as_bytes()), "{form}");
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_archived_ends_the_connection() {
    for form in ["tar", "zip"] {
        let site = Site::plain();
        let path = site.path().join("d");
        std::fs::create_dir(&path).unwrap();
        sparse_file(&path.join("big"), 1 << 30).unwrap();
        let mut stream = std::net::TcpStream::connect(site.addr).unwrap();
        let request = format!("GET /d/?archive={form} HTTP/1.1\r\nHost: x\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut some = vec![0; 1 << 20];
        stream.read_exact(&mut some).unwrap();
        std::fs::File::options().write(true).open(path.join("big")).unwrap().set_len(1000).unwrap();
        let mut rest = Vec::new();
        let end = stream.read_to_end(&mut rest);
        assert!(rest.len() < 1 << 29, "it did not go on");
        assert!(end.is_err() || !rest.ends_with(b"0\r\n\r\n"), "{form}: never the end of a whole body");
        site.settles();
    }
}

#[test]
fn a_zip_of_more_files_than_the_plan_has_memory_for_is_cut_and_a_tar_is_not() {
    use forebay_budget::{ByteSize, Class, Ledger};
    let small = |class| if class == Class::Archives { ByteSize::mib(1) } else { ByteSize::mib(8) };
    let ledger = Ledger::new(Class::ALL.map(|class| (class, small(class))));
    let site = Site::granted(GatewayOptions::default(), Layers::None, ledger);
    std::fs::create_dir(site.path().join("d")).unwrap();
    for n in 0..3_000_u64 {
        // No two begin alike, so that each is noted in full.
        let noise = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        std::fs::write(site.path().join(format!("d/{noise:016x}{noise:0100}")), "").unwrap();
    }
    let end = |form: &str| {
        let answer = site.get(&format!("/d/?archive={form}"));
        assert_eq!(answer.head.status, 200, "{form}");
        site.settles();
        answer.end
    };
    assert_eq!(end("tar"), End::Complete);
    assert_eq!(end("zip"), End::Short);
}

#[test]
fn numbers_too_large_for_old_formats_have_their_own_records() {
    let member = Member { path: b"x", len: 9 << 30, modified: 1_700_000_000 };
    let tar = tar::header(&member);
    assert_eq!(tar.len(), 3 * 512, "a pax header, its records, the plain header");
    assert!(tar.windows(15).any(|w| w == b"size=9663676416"));
    let local = zip::local(&member, zip::Checksum::Follows);
    assert!(local.windows(8).any(|w| w == (9_u64 << 30).to_le_bytes()));
    let end = zip::end(70_000, 5_000_000, 5 << 30);
    assert!(end.starts_with(b"PK\x06\x06") && end.len() == 56 + 20 + 22);
    assert_eq!(zip::end(3, 100, 1000).len(), 22);
}

proptest! {
    #[test]
    fn a_pax_record_counts_itself(path in prop::collection::vec(prop_oneof![1_u8..=9, 11_u8..=255], 101..1200)) {
        let header = tar::header(&Member { path: &path, len: 0, modified: 0 });
        prop_assert_eq!(header.len() % 512, 0);
        let mut rest = &header[512..];
        let mut found = None;
        while rest[0].is_ascii_digit() && found.is_none() {
            let space = rest.iter().position(|&b| b == b' ').unwrap();
            let len: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
            prop_assert_eq!(rest[len - 1], b'\n');
            found = rest[space + 1..len - 1].strip_prefix(b"path=").map(<[u8]>::to_vec);
            rest = &rest[len..];
        }
        prop_assert_eq!(found, Some(path));
    }
}
