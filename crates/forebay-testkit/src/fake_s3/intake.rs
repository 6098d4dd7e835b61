//! Taking an upload: every byte passes once, is digested, and is kept as a pattern if it is one.

use std::io;

use data_encoding::{BASE64, HEXLOWER};
use sha2::Digest as _;

use super::aws_chunked::AwsChunked;
use super::refusal::{Outcome, Refusal};
use super::sums::{KeptSum, Md5, Sum};
use crate::fake::keep::Keeper;
use crate::fake::wire::Request;
use crate::fake::{Content, RequestHead};

/// What was uploaded.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) content: Content,
    pub(crate) sum: KeptSum,
    pub(crate) md5: Option<Vec<u8>>,
}

/// What is computed besides the CRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// The MD5 for the entity tag, and what the request declares.
    Tag,
    /// What the request declares. MD5 is slow, so that parts, whose tags nobody checks, go without.
    Declared,
    /// Nothing.
    Believe,
}

/// Reads the body to its end and checks the digests that it came with. `algorithm` is computed if none came. At most `room` bytes are kept.
pub(crate) async fn take(
    request: &mut Request<'_>,
    effort: Effort,
    algorithm: Option<Sum>,
    room: u64,
) -> io::Result<Outcome<Taken>> {
    let head = request.head.clone();
    let declared = Sum::declared(&head);
    let kind = declared.as_ref().map(|(sum, _)| *sum).or(algorithm).unwrap_or(Sum::Crc64Nvme);
    let content_sha = head.field("x-amz-content-sha256").unwrap_or_default().to_owned();
    let mut chunked = content_sha.starts_with("STREAMING-").then(AwsChunked::default);
    let mut sha = (content_sha.len() == 64 && effort != Effort::Believe).then(sha2::Sha256::new);
    let with_md5 = match effort {
        Effort::Tag => true,
        Effort::Declared => head.field("content-md5").is_some(),
        Effort::Believe => false,
    };
    let mut md5 = with_md5.then(Md5::default);
    let (mut keeper, mut running) = (Keeper::default(), kind.start());
    let mut sink = |bytes: &[u8]| {
        keeper.take(bytes);
        running.update(bytes);
        if let Some(md5) = &mut md5 {
            md5.update(bytes);
        }
        keeper.kept()
    };
    let mut bad = None;
    while let Some(bytes) = request.next().await? {
        if let Some(sha) = &mut sha {
            sha.update(&bytes);
        }
        let mut kept = 0;
        match &mut chunked {
            None => kept = sink(&bytes),
            Some(chunked) => bad = chunked.feed(&bytes, |b| kept = sink(b)).err(),
        }
        if kept > room {
            bad = Some(Refusal("EntityTooLarge"));
        }
        if let Some(refusal) = bad {
            return Ok(Err(refusal));
        }
    }
    let trailers = chunked.as_ref().map(|c| c.trailers.clone()).unwrap_or_default();
    if chunked.is_some_and(|c| !c.is_done()) {
        return Ok(Err(Refusal("IncompleteBody")));
    }
    let value = running.finish();
    let md5 = md5.map(Md5::finish);
    let expected = declared.and_then(|(sum, value)| value.or_else(|| field(&trailers, sum.field())));
    if expected.is_some_and(|expected| expected != value)
        || !md5_fits(&head, md5.as_deref())
        || field(&trailers, kind.field()).is_some_and(|v| v != value)
    {
        return Ok(Err(Refusal("BadDigest")));
    }
    if sha.is_some_and(|sha| HEXLOWER.encode(&sha.finalize()) != content_sha) {
        return Ok(Err(Refusal("XAmzContentSHA256Mismatch")));
    }
    let content = keeper.finish();
    let announced = head.field("x-amz-decoded-content-length").and_then(|n| n.parse::<u64>().ok());
    if announced.is_some_and(|n| n != content.len()) {
        return Ok(Err(Refusal("IncompleteBody")));
    }
    Ok(Ok(Taken { content, sum: KeptSum { kind, value, full: true }, md5 }))
}

fn md5_fits(head: &RequestHead, md5: Option<&[u8]>) -> bool {
    match (head.field("content-md5"), md5) {
        (Some(expected), Some(md5)) => BASE64.encode(md5) == expected,
        _ => true,
    }
}

fn field(fields: &[(String, String)], name: &str) -> Option<String> {
    fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
}
