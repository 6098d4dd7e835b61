//! The body of a request as lines, of which one is held at a time.

use axum::body::{Body, BodyDataStream};
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::problem::Problem;

/// The longest line: a URL, and JSON around it.
const LINE_MAX: usize = 12 << 10;

/// Reads a body by lines.
#[derive(Debug)]
pub(super) struct Lines {
    body: BodyDataStream,
    chunk: Bytes,
    /// Bytes that may still come, of how many.
    left: u64,
    most: u64,
    number: u64,
}

/// A line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: u64,
    /// What it says; nothing if it is longer than any may be.
    pub(super) text: Option<BytesMut>,
}

impl Lines {
    pub(super) fn new(body: Body, most: u64) -> Self {
        Self { body: body.into_data_stream(), chunk: Bytes::new(), left: most, most, number: 0 }
    }

    /// The next line, without its end.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Problem> {
        let mut text = Some(BytesMut::new());
        let mut is_begun = false;
        loop {
            if self.chunk.is_empty() {
                if self.refill().await? {
                    continue;
                }
                return Ok(is_begun.then(|| self.line(text)));
            }
            is_begun = true;
            let end = self.chunk.iter().position(|byte| *byte == b'\n');
            let part = self.chunk.split_to(end.unwrap_or(self.chunk.len()));
            text = text.filter(|text| text.len() + part.len() <= LINE_MAX);
            if let Some(text) = &mut text {
                text.extend_from_slice(&part);
            }
            if end.is_some() {
                self.chunk.advance(1);
                return Ok(Some(self.line(text)));
            }
        }
    }

    fn line(&mut self, text: Option<BytesMut>) -> Line {
        self.number += 1;
        Line { number: self.number, text }
    }

    async fn refill(&mut self) -> Result<bool, Problem> {
        let Some(chunk) = self.body.next().await else { return Ok(false) };
        self.chunk = chunk.map_err(|_| Problem::invalid("the body broke off: nothing of it was taken"))?;
        let left = self.left.checked_sub(self.chunk.len() as u64);
        self.left = left.ok_or_else(|| Problem::too_large(self.most, "make several jobs of it"))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn lines(chunks: &[&str], most: u64) -> Lines {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok::<_, std::io::Error>(chunk.to_string())).collect();
        Lines::new(Body::from_stream(stream::iter(chunks)), most)
    }

    async fn read(chunks: &[&str]) -> Vec<(u64, Option<String>)> {
        let (mut lines, mut read) = (lines(chunks, 1 << 20), Vec::new());
        while let Some(line) = lines.next().await.unwrap() {
            read.push((line.number, line.text.map(|text| String::from_utf8(text.to_vec()).unwrap())));
        }
        read
    }

    #[tokio::test]
    async fn lines_are_the_same_however_the_body_is_cut() {
        let line = |number, text: &str| (number, Some(text.to_owned()));
        let expected = [line(1, "one"), line(2, ""), line(3, "three")];
        assert_eq!(read(&["one\n\nthree"]).await, expected);
        assert_eq!(read(&["o", "", "ne\n", "\n", "thr", "ee\n", ""]).await, expected);
        assert_eq!(read(&[]).await, []);
        let long = "x".repeat(20_000);
        assert_eq!(read(&[&long, "\nnext"]).await, [(1, None), line(2, "next")]);
    }

    #[tokio::test]
    async fn a_body_that_goes_on_is_refused() {
        let mut lines = lines(&["1234\n", "5678\n"], 7);
        assert!(lines.next().await.is_ok());
        assert_eq!(lines.next().await.unwrap_err().status(), 413);
    }
}
