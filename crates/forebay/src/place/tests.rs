//! Places as people write them, and as they are shown.

use std::{ffi::OsStr, path::Path};

use forebay_s3::BucketName;
use insta::assert_snapshot;

use super::{Place, PlaceError, S3Place};

fn place(text: &str) -> Place {
    Place::parse(OsStr::new(text)).unwrap()
}

fn wrong(text: &str) -> String {
    Place::parse(OsStr::new(text)).unwrap_err().to_string()
}

fn s3(bucket: &str, key: &str) -> Place {
    Place::S3(S3Place { bucket: BucketName::new(bucket).unwrap(), key: key.to_owned() })
}

#[test]
fn a_key_is_text_as_it_stands() {
    for key in ["a", "a//b", "../a", "dir/", "50%25", "日本", "what?versionId=1", "#1", ""] {
        assert_eq!(place(&format!("s3://bucket/{key}")), s3("bucket", key));
    }
    assert_eq!(place("S3://bucket"), s3("bucket", ""));
}

#[test]
fn paths_are_paths_unless_they_name_another_place() {
    for path in ["a", "./s3:/x", "/a b", "a:b", "c:\\x", "s3:bucket", "1://x", "..", "dir/"] {
        assert_eq!(place(path), Place::Local(path.into()));
    }
    assert_eq!(place("file:///a%20b"), Place::Local("/a b".into()));
    assert_eq!(place("file://localhost/a"), Place::Local("/a".into()));
    assert_eq!(place("-"), Place::Stream);
}

#[test]
fn what_names_no_place_is_met_with_what_would() {
    let errors = [
        wrong(""),
        wrong("gs://bucket/key"),
        wrong("S4://bucket/key"),
        wrong("s3://"),
        wrong("s3:///key"),
        wrong("s3://a b/key"),
        wrong("s3://x\u{1b}[31m/key"),
        wrong("http://"),
        wrong("https://user:secret@host:99999/key?X-Amz-Signature=secret"),
        wrong("file://host/path"),
    ];
    assert_snapshot!("place_errors", errors.join("\n"));
    assert_eq!(wrong(""), PlaceError::Empty.to_string());
}

#[test]
fn a_secret_of_an_address_is_kept_and_never_shown() {
    let signed = place("https://user:secret@host:8443/dir/a%20b.bin?X-Amz-Signature=secret#secret");
    assert_eq!(signed.to_string(), "https://host:8443/dir/a%20b.bin");
    assert_eq!(format!("{signed:?}"), "Place(https://host:8443/dir/a%20b.bin)");
    let Place::Web(url) = &signed else { panic!("{signed}") };
    assert_eq!(url.query(), Some("X-Amz-Signature=secret"));
    assert_eq!(signed.name().as_deref(), Some(OsStr::new("a b.bin")));
}

#[test]
fn a_name_moves_no_cursor() {
    assert_eq!(place("s3://bucket/a\u{1b}[2J\nb").to_string(), "s3://bucket/a\\u{1b}[2J\\nb");
    assert_eq!(place("a\rb").to_string(), "a\\rb");
}

#[test]
fn a_directory_is_known_by_its_name() {
    for text in ["s3://bucket", "s3://bucket/dir/", "dir/", ".", "..", "https://host/"] {
        assert!(place(text).is_directory_like(), "{text}");
    }
    for text in ["s3://bucket/key", "file", "https://host/file", "-"] {
        assert!(!place(text).is_directory_like(), "{text}");
    }
    assert_eq!(place("s3://bucket/dir/").name(), None);
    assert_eq!(place("dir/file").name().as_deref(), Some(OsStr::new("file")));
    assert_eq!(Path::new("a").file_name(), place("a").name().as_deref());
}
