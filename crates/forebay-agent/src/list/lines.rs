//! A text with one URL a line. Empty lines and lines that begin with `#` are left out.

use std::io::{self, BufRead, BufReader, Read};

use super::spool::Spool;
use crate::target::{Target, TargetError};

/// Longer lines are no URLs, and are not held.
const LINE_MAX: u64 = 9 << 10;

/// A line that is no URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub error: TargetError,
}

/// Reads the text to its end and adds its URLs; `bad` is told of the lines that are none. What has been read is published whenever the
/// text makes us wait. Returns the number of the last line, which had been `before` at the beginning.
///
/// # Errors
///
/// Those of the text and of the spool's file.
pub fn read_lines(
    text: &mut BufReader<impl Read>,
    before: u64,
    spool: &mut Spool,
    mut bad: impl FnMut(BadLine),
) -> io::Result<u64> {
    let mut line = before;
    let mut bytes = Vec::new();
    loop {
        if !text.buffer().contains(&b'\n') {
            // Reading on may wait for whoever writes.
            spool.publish()?;
        }
        bytes.clear();
        if text.by_ref().take(LINE_MAX).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(line);
        }
        line += 1;
        let is_cut = bytes.len() as u64 == LINE_MAX && bytes.last() != Some(&b'\n');
        let error = if is_cut {
            let rest = text.skip_until(b'\n')?;
            TargetError::TooLong(bytes.len() + rest)
        } else {
            let Ok(url) = std::str::from_utf8(&bytes).map(str::trim) else {
                bad(BadLine { line, error: TargetError::Invalid("not UTF-8".into()) });
                continue;
            };
            if url.is_empty() || url.starts_with('#') {
                continue;
            }
            match Target::parse(url) {
                Ok(target) => {
                    spool.push(line, &target)?;
                    continue;
                }
                Err(error) => error,
            }
        };
        bad(BadLine { line, error });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &[u8]) -> (Vec<(u64, String)>, Vec<u64>, u64) {
        let (mut spool, list) = Spool::new(&std::env::temp_dir()).unwrap();
        let mut bad = Vec::new();
        let last = read_lines(&mut BufReader::new(text), 0, &mut spool, |line| bad.push(line.line)).unwrap();
        spool.finish().unwrap();
        let (mut cursor, mut urls) = (list.cursor(), Vec::new());
        while let Some(entry) = cursor.next().await.unwrap() {
            urls.push((entry.line, entry.target.to_string()));
        }
        (urls, bad, last)
    }

    #[tokio::test]
    async fn a_bad_line_is_told_by_its_number_and_the_rest_goes_on() {
        let long = format!("http://a.test/{}", "x".repeat(20_000));
        let text = format!("http://a.test/1\r\n\n# a remark\nnonsense\n{long}\n\u{fffd}\n  http://a.test/2");
        let mut bytes = text.into_bytes();
        bytes.extend(b"\n\xff\xfe\nhttp://a.test/3\n");
        let (urls, bad, last) = read(&bytes).await;
        let url = |line: u64, n: u64| (line, format!("http://a.test/{n}"));
        assert_eq!(urls, [url(1, 1), url(7, 2), url(9, 3)]);
        assert_eq!(bad, [4, 5, 6, 8]);
        assert_eq!(last, 9);
    }

    #[tokio::test]
    async fn an_empty_text_is_an_empty_list() {
        assert_eq!(read(b"").await, (Vec::new(), Vec::new(), 0));
    }
}
