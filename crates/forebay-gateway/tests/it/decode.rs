//! Readers that are not ours: what was sent must be what others understand.

#![expect(deprecated, reason = "the reader that replaces it cannot read from memory yet")]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use async_zip::base::read::mem::ZipFileReader;
use tokio::io::AsyncReadExt;

/// Decodes a body of this content coding.
pub(crate) fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut out = Vec::new();
    runtime.block_on(async {
        match coding {
            "gzip" => GzipDecoder::new(body).read_to_end(&mut out).await.unwrap(),
            "br" => BrotliDecoder::new(body).read_to_end(&mut out).await.unwrap(),
            "zstd" => ZstdDecoder::new(body).read_to_end(&mut out).await.unwrap(),
            _ => panic!("unknown coding {coding}"),
        }
    });
    out
}

/// The parts of a `multipart/byteranges` body by their `Content-Range`, in order.
pub(crate) fn parts(kind: &str, body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let opening = format!("--{boundary}\r\n");
    let mut rest = body.strip_prefix(opening.as_bytes()).unwrap();
    let mut found = Vec::new();
    loop {
        let head_end = rest.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&rest[..head_end]).unwrap();
        let range = head.lines().find_map(|line| line.strip_prefix("Content-Range: ")).unwrap();
        let (span, _) = range.strip_prefix("bytes ").unwrap().split_once('/').unwrap();
        let (first, last) = span.split_once('-').unwrap();
        let len = last.parse::<usize>().unwrap() - first.parse::<usize>().unwrap() + 1;
        let content = &rest[head_end + 4..][..len];
        found.push((range.to_owned(), content.to_vec()));
        rest = rest[head_end + 4 + len..].strip_prefix(format!("\r\n--{boundary}").as_bytes()).unwrap();
        if rest == b"--\r\n" {
            return found;
        }
        rest = rest.strip_prefix(b"\r\n").unwrap();
    }
}

/// The files of an archive, as GNU tar and a zip library read them.
pub(crate) fn archive(form: &str, bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    match form {
        "tar" => tar(bytes),
        "zip" => zip(bytes),
        _ => panic!("unknown archive {form}"),
    }
}

fn tar(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let dir = tempfile::TempDir::new().unwrap();
    let mut tar = Command::new("tar")
        .args(["-xf", "-", "-C"])
        .arg(dir.path())
        .stdin(Stdio::piped())
        .spawn()
        .expect("tar is part of every system");
    tar.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(tar.wait().unwrap().success(), "tar does not like it");
    let mut files = BTreeMap::new();
    let mut open = vec![dir.path().to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

fn zip(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let archive = ZipFileReader::new(bytes.to_vec()).await.unwrap();
        let mut files = BTreeMap::new();
        for (at, entry) in archive.file().entries().iter().enumerate() {
            let name = String::from_utf8_lossy(entry.filename().as_bytes()).into_owned();
            let mut content = Vec::new();
            let mut reader = archive.reader_with_entry(at).await.unwrap();
            reader.read_to_end_checked(&mut content).await.unwrap();
            if !name.ends_with('/') {
                files.insert(name, content);
            }
        }
        files
    })
}
