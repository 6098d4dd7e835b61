//! URLs of what lies below a place: a prefix of a bucket, a directory, the listings of a forebay.

use std::{fs, process::Command};

use forebay_testkit::fake_s3::Draft;

use super::asked::{Site, json, url};
use crate::{
    bucket::{Bucket, PATTERN},
    run::Root,
};

const PUBLIC: &str = "http://www.example.test/files/";

/// The paths that were purged, sorted.
fn paths(site: &Site, command: Command) -> Vec<String> {
    let said = json(command);
    assert_eq!(said.code, 0, "{said:?}");
    let mut paths: Vec<_> =
        said.rows.iter().map(|row| row["url"].as_str().unwrap().replace(&url("/files"), "")).collect();
    assert!(paths.iter().all(|path| site.edge.asked(&format!("/files{path}")).purge == 1), "{paths:?}");
    paths.sort();
    paths
}

#[test]
fn the_objects_below_a_prefix_of_a_bucket() {
    let (site, bucket) = (Site::new(), Bucket::new());
    for key in ["v2/a.iso", "v2/sub/b c.iso", "v2/?#.iso", "v2/dir/", "v1/old.iso", "v2x"] {
        bucket.s3.put("bucket", key, Draft::pattern(PATTERN, 10));
    }
    let of = |place: &str| {
        let mut command = bucket.command(&["purge", "--below", place, "--public", PUBLIC]);
        command.args(["--edge", &super::asked::at(&site.edge)]);
        command
    };
    assert_eq!(paths(&site, of("s3://bucket/v2/")), ["/%3F%23.iso", "/a.iso", "/sub/b%20c.iso"]);
    // A prefix that ends within a name: what it shares with the name stays a part of it.
    assert_eq!(paths(&site, of("s3://bucket/v1")), ["/v1/old.iso"]);
}

#[test]
fn the_files_below_a_directory() {
    let site = Site::new();
    fs::create_dir_all(site.dir.path().join("tree/sub dir")).unwrap();
    for file in ["tree/a", "tree/sub dir/b+c", "tree/ü"] {
        site.write(file, "content");
    }
    let command = site.command(&["purge", "--below", "tree", "--public", PUBLIC.trim_end_matches('/')]);
    assert_eq!(paths(&site, command), ["/%C3%BC", "/a", "/sub%20dir/b%2Bc"]);
}

#[test]
fn the_listings_of_a_forebay() {
    let (site, root) = (Site::new(), Root::new());
    fs::remove_file(root.path().join("large")).unwrap();
    fs::create_dir_all(root.path().join("a b/c:d")).unwrap();
    for n in 0..1500 {
        fs::write(root.path().join(format!("a b/c:d/{n:04}")), "x").unwrap();
    }
    let server = root.serve(&[]);
    let place = format!("http://{}/", server.addr);
    // As the listing writes them, so that they are what its readers ask for.
    let found = paths(&site, site.command(&["purge", "--below", &place, "--public", PUBLIC]));
    assert_eq!((found.len(), found[0].as_str()), (1501, "/a%20b/c%3Ad/0000"));
    let place = format!("http://{}/a%20b/c:d", server.addr);
    let site = Site::new();
    assert_eq!(paths(&site, site.command(&["purge", "--below", &place, "--public", PUBLIC])).len(), 1500);
}

#[test]
fn a_place_that_is_not_there_is_an_error() {
    let site = Site::new();
    let root = Root::new();
    let server = root.serve(&["--listing=false"]);
    let place = format!("http://{}/", server.addr);
    let said = site.json(&["purge", "--below", &place, "--public", PUBLIC]);
    assert_eq!((said.code, said.rows.len()), (1, 0));
    assert!(said.stderr.contains("--below http://"), "{}", said.stderr);
}
