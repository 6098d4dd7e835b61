//! Where URLs come from: arguments, files, standard input, sitemaps.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
    thread,
};

use flate2::{Compression, write::GzEncoder};
use forebay_testkit::fake_origin::{FakeOrigin, Page};

use super::asked::{Said, Site, program, url};

fn map(paths: &[&str]) -> String {
    let entries = paths.iter().map(|path| format!("<url><loc>{}</loc></url>", url(path)));
    format!("<?xml version=\"1.0\"?><urlset>{}</urlset>", entries.collect::<String>())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// The paths that were purged.
fn purged(site: &Site, paths: &[&str]) {
    for path in paths {
        assert_eq!(site.edge.asked(path).purge, 1, "{path}");
    }
    let purges = site.edge.seen().iter().filter(|seen| seen.head.method == "PURGE").count();
    assert_eq!(purges, paths.len());
}

#[test]
fn a_bad_line_is_told_with_its_number_and_reason_and_the_rest_goes_on() {
    let site = Site::new();
    let long = "x".repeat(9000);
    let list =
        format!("{}\n\n# a remark\nnonsense\nhttp://u:p@h/\n{}\nhttp://h/{long}\n", url("/a"), url("/b"));
    site.write("urls.txt", list);
    let said = site.json(&["purge", "--from", "urls.txt"]);
    assert_eq!(said.code, 3, "{said:?}");
    let bad: Vec<_> =
        said.bad.iter().map(|bad| (bad["source"].as_str().unwrap(), bad["line"].as_u64().unwrap())).collect();
    assert_eq!(bad, [("urls.txt", 4), ("urls.txt", 5), ("urls.txt", 7)]);
    assert!(said.bad[0]["message"].as_str().unwrap().contains("http://"), "{said:?}");
    assert!(!format!("{said:?}").contains("u:p"), "{said:?}");
    assert_eq!((said.summary["bad_urls"].as_u64(), said.summary["urls"].as_u64()), (Some(3), Some(2)));
    purged(&site, &["/a", "/b"]);
    // The lines of the URLs are those of the file.
    let mut lines: Vec<_> = said.rows.iter().map(|row| row["line"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [1, 6]);
    let output = site.command(&["purge", "--from", "urls.txt"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("urls.txt:4: a URL begins with http:// or https://"), "{said}");
}

#[test]
fn standard_input_is_worked_off_while_it_is_written() {
    let site = Site::new();
    let mut command = site.command(&["purge", "--from", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap()).lines();
    for path in ["/a", "/b"] {
        writeln!(input, "{}", url(path)).unwrap();
        // Its row comes before there is another line.
        let row = rows.next().unwrap().unwrap();
        assert!(row.contains(&url(path)), "{row}");
    }
    drop(input);
    assert_eq!((rows.count(), child.wait().unwrap().code()), (1, Some(0)));
}

#[test]
fn a_pipe_is_a_file_too() {
    let site = Site::new();
    let path = site.dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let child = site.command(&["purge", "--from", "pipe", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let writer = thread::spawn(move || {
        let mut pipe = fs::OpenOptions::new().write(true).open(path).unwrap();
        for n in 0..1000 {
            writeln!(pipe, "{}", url(&format!("/{n}"))).unwrap();
        }
    });
    let said = Said::of(&child.wait_with_output().unwrap());
    writer.join().unwrap();
    assert_eq!((said.code, said.rows.len()), (0, 1000));
}

#[test]
fn several_sources_make_one_list() {
    let site = Site::new();
    site.write("one.txt", url("/a"));
    site.write("two.txt", url("/b") + "\n");
    site.write("map.xml", map(&["/c"]));
    let words = ["purge", &url("/d"), "--from", "one.txt", "--from", "two.txt", "--sitemap", "map.xml"];
    assert_eq!(site.json(&words).code, 0);
    purged(&site, &["/a", "/b", "/c", "/d"]);
}

#[test]
fn sitemaps_are_read_plain_packed_from_the_web_and_through_their_index() {
    let site = Site::new();
    let web = FakeOrigin::start().unwrap();
    let page = |body: Vec<u8>| Page::bytes(body).field("content-type", "application/xml");
    web.put("/plain.xml", page(map(&["/a", "/b?x=1&amp;y=2"]).into()));
    web.put("/packed.xml.gz", page(gzip(&map(&["/c"]))));
    let named = ["/plain.xml", "/packed.xml.gz"]
        .map(|path| format!("<sitemap><loc>{}</loc></sitemap>", web.url(path)));
    web.put("/index.xml", page(format!("<sitemapindex>{}</sitemapindex>", named.concat()).into()));
    site.write("file.xml.gz", gzip(&map(&["/d"])));
    let index = web.url("/index.xml");
    let said = site.json(&["purge", "--sitemap", &index, "--sitemap", "file.xml.gz"]);
    assert_eq!(said.code, 0, "{said:?}");
    purged(&site, &["/a", "/b?x=1&y=2", "/c", "/d"]);
}

#[test]
fn a_sitemap_that_is_none_or_not_whole_is_an_error_and_what_came_before_it_is_done() {
    let site = Site::new();
    site.write("urls.txt", url("/a"));
    let whole = map(&["/b", "/c"]);
    for (text, why) in [
        ("<html></html>".to_owned(), "neither a <urlset>"),
        (whole.replace("</urlset>", ""), "ends in the middle"),
        ("not XML <".to_owned(), ""),
    ] {
        site.write("map.xml", text);
        let said = site.json(&["purge", "--from", "urls.txt", "--sitemap", "map.xml"]);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.stderr.contains("--sitemap map.xml") && said.stderr.contains(why), "{}", said.stderr);
        assert!(said.rows.iter().any(|row| row["url"] == url("/a")));
    }
    let packed = gzip(&whole);
    site.write("map.xml", &packed[..packed.len() - 12]);
    assert_eq!(site.json(&["purge", "--sitemap", "map.xml"]).code, 3);
    let missing = site.json(&["purge", "--sitemap", "missing.xml"]);
    assert_eq!((missing.code, missing.rows.len()), (1, 0));
    let web = FakeOrigin::start().unwrap();
    assert_eq!(site.json(&["purge", "--sitemap", &web.url("/none.xml")]).code, 1);
}

#[test]
fn an_index_that_names_itself_comes_to_an_end() {
    let site = Site::new();
    let web = FakeOrigin::start().unwrap();
    let index =
        format!("<sitemapindex><sitemap><loc>{}</loc></sitemap></sitemapindex>", web.url("/index.xml"));
    web.put("/index.xml", Page::bytes(index));
    let said = site.json(&["purge", "--sitemap", &web.url("/index.xml")]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("nested"), "{}", said.stderr);
}

#[test]
fn what_nobody_can_mean_is_refused_before_anything_is_begun() {
    let site = Site::new();
    let at = super::asked::at(&site.edge);
    let a = url("/a");
    let refusals: [(&[&str], &str); 12] = [
        (&["warm", "--edge", &at], "no URL"),
        (&["warm", &a], "no edge"),
        (&["warm", "/a", "--edge", &at], "begins with http://"),
        (&["warm", &a, "--edge", "10.0.0.1:80"], "is not an edge"),
        (&["warm", &a, "--edge", "http://10.0.0.1 bulk"], "bulk=8"),
        (&["warm", &a, "--edge", "http://10.0.0.1 kind=apache"], "not a kind of edge"),
        (&["warm", &a, "--edge", "http://10.0.0.1 parent=nobody"], "which is no edge here"),
        (&["warm", &a, "--edge", &at, "--edge", &at], "two edges are called"),
        (&["warm", "--from", "missing", "--edge", &at], "--from missing"),
        (&["warm", "--below", ".", "--edge", &at], "--public"),
        (&["warm", &a, "--edge", &at, "--variant", "gzip"], "--variant gzip"),
        (&["warm", &a, "--edge", &at, "--memory", "1MiB"], "--memory"),
    ];
    for (words, why) in refusals {
        let output = program(words).current_dir(site.dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{words:?}: {said}");
    }
    assert_eq!(site.edge.tally().requests, 0);
}
