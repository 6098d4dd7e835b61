//! The list on disk: lines of a number and a URL, behind a mark up to where they may be read.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use forebay_budget::ByteSize;
use tokio::sync::watch;

use crate::target::Target;

/// What is written at once, and read, unless something else is said.
const PIECE: usize = 32 << 10;

/// The end of the list where it is written.
#[derive(Debug)]
pub struct Spool {
    file: Arc<File>,
    pending: Vec<u8>,
    mark: watch::Sender<Mark>,
}

/// A list, to be read from its beginning, by as many as like. Cheap to clone.
#[derive(Clone, Debug)]
pub struct UrlList {
    file: Arc<File>,
    mark: watch::Receiver<Mark>,
    piece: usize,
}

/// A place in a list.
#[derive(Debug)]
pub struct Cursor {
    list: UrlList,
    at: u64,
    buffer: Vec<u8>,
    /// Up to here the buffer has been given out.
    given: usize,
}

/// One URL of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line that it came from, from 1.
    pub line: u64,
    /// The URL.
    pub target: Target,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    bytes: u64,
    urls: u64,
    is_whole: bool,
}

impl Spool {
    /// An empty list, in a file without a name in this directory.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn new(dir: &Path) -> io::Result<(Self, UrlList)> {
        let file = Arc::new(tempfile::tempfile_in(dir)?);
        let (mark, seen) = watch::channel(Mark::default());
        let list = UrlList { file: Arc::clone(&file), mark: seen, piece: PIECE };
        Ok((Self { file, pending: Vec::with_capacity(PIECE), mark }, list))
    }

    /// Adds a URL. It is seen by readers when the piece is full, or [`publish`](Self::publish)ed.
    ///
    /// # Errors
    ///
    /// Those of the file system: the disk is full.
    pub fn push(&mut self, line: u64, target: &Target) -> io::Result<()> {
        writeln!(self.pending, "{line} {target}")?;
        self.mark.send_if_modified(|mark| {
            mark.urls += 1;
            false
        });
        if self.pending.len() >= PIECE { self.publish() } else { Ok(()) }
    }

    /// Lets readers see all that was added.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn publish(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let at = self.mark.borrow().bytes;
        self.file.write_all_at(&self.pending, at)?;
        let bytes = at + self.pending.len() as u64;
        self.pending.clear();
        self.mark.send_modify(|mark| mark.bytes = bytes);
        Ok(())
    }

    /// The list is whole.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn finish(mut self) -> io::Result<()> {
        self.publish()?;
        self.mark.send_modify(|mark| mark.is_whole = true);
        Ok(())
    }
}

impl UrlList {
    /// How many URLs there are so far, and whether that is all.
    pub fn count(&self) -> (u64, bool) {
        let mark = *self.mark.borrow();
        (mark.urls, mark.is_whole)
    }

    /// The same list, of which each reader holds so much at once.
    #[must_use]
    pub fn in_pieces(self, piece: ByteSize) -> Self {
        Self { piece: usize::try_from(piece.as_u64()).unwrap_or(PIECE).max(1), ..self }
    }

    /// The beginning of the list.
    pub fn cursor(&self) -> Cursor {
        Cursor { list: self.clone(), at: 0, buffer: Vec::new(), given: 0 }
    }
}

impl Cursor {
    /// The next URL; `None` at the end. Waits while the list is being written. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the file system; and `BrokenPipe` if whoever wrote the list has gone before its end.
    pub async fn next(&mut self) -> io::Result<Option<Entry>> {
        loop {
            if let Some(entry) = self.take_buffered()? {
                return Ok(Some(entry));
            }
            let mark = *self.list.mark.borrow_and_update();
            if mark.bytes > self.at {
                self.fill(mark.bytes).await?;
            } else if mark.is_whole {
                return Ok(None);
            } else if self.list.mark.changed().await.is_err() && !self.list.mark.borrow().is_whole {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
    }

    /// The next URL, if its line is in the buffer.
    fn take_buffered(&mut self) -> io::Result<Option<Entry>> {
        let rest = self.buffer.get(self.given..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line = rest.get(..end).and_then(|line| std::str::from_utf8(line).ok());
        let entry = line.and_then(|line| line.split_once(' ')).and_then(|(line, url)| {
            Some(Entry { line: line.parse().ok()?, target: Target::parse(url).ok()? })
        });
        self.given += end + 1;
        entry
            .map(Some)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the list on disk was changed"))
    }

    /// Reads another piece behind what is left of the last. Not on a worker: the disk may be slow.
    async fn fill(&mut self, until: u64) -> io::Result<()> {
        let len = usize::try_from(until - self.at).unwrap_or(usize::MAX).min(self.list.piece);
        let (file, at) = (Arc::clone(&self.list.file), self.at);
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; len];
            file.read_exact_at(&mut piece, at).map(|()| piece)
        });
        let piece = read.await.map_err(io::Error::other)??;
        self.buffer.drain(..self.given);
        self.given = 0;
        self.buffer.extend_from_slice(&piece);
        self.at += len as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use proptest::prelude::*;

    use super::*;

    fn target(n: u64) -> Target {
        Target::parse(&format!("http://a.test/{n}?{}", "x".repeat((n % 97) as usize * 20))).unwrap()
    }

    async fn all(list: &UrlList) -> Vec<Entry> {
        let mut cursor = list.cursor();
        let mut entries = Vec::new();
        while let Some(entry) = cursor.next().await.unwrap() {
            entries.push(entry);
        }
        entries
    }

    #[tokio::test]
    async fn every_reader_sees_the_whole_list_while_it_is_written() {
        let (mut spool, list) = Spool::new(&std::env::temp_dir()).unwrap();
        let readers: Vec<_> = [64, 1000, 32 << 10]
            .map(|piece| {
                tokio::spawn({
                    // Shorter than a line, too.
                    let list = list.clone().in_pieces(ByteSize::b(piece));
                    async move { all(&list).await }
                })
            })
            .into();
        for n in 1..=5000 {
            spool.push(n, &target(n)).unwrap();
            if n % 700 == 0 {
                spool.publish().unwrap();
                tokio::task::yield_now().await;
            }
        }
        spool.finish().unwrap();
        for reader in readers {
            let seen = reader.await.unwrap();
            assert_eq!(seen.len(), 5000);
            assert!(seen.iter().zip(1..).all(|(entry, n)| entry.line == n && entry.target == target(n)));
        }
        assert_eq!(list.count(), (5000, true));
    }

    #[tokio::test]
    async fn a_list_whose_writer_has_gone_is_not_taken_for_whole() {
        let (mut spool, list) = Spool::new(&std::env::temp_dir()).unwrap();
        spool.push(1, &target(1)).unwrap();
        spool.publish().unwrap();
        let mut cursor = list.cursor();
        assert!(cursor.next().await.unwrap().is_some());
        let mut next = Box::pin(cursor.next());
        assert!(poll!(&mut next).is_pending());
        drop(spool);
        assert_eq!(next.await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_pushed_is_read(published in prop::collection::vec((1_u64..300, any::<bool>()), 0..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let (mut spool, list) = Spool::new(&std::env::temp_dir()).unwrap();
                for (n, publish) in &published {
                    spool.push(*n, &target(*n)).unwrap();
                    if *publish {
                        spool.publish().unwrap();
                    }
                }
                spool.finish().unwrap();
                let seen: Vec<u64> = all(&list).await.into_iter().map(|entry| entry.line).collect();
                let pushed: Vec<u64> = published.iter().map(|(n, _)| *n).collect();
                assert_eq!(seen, pushed);
            });
        }
    }
}
