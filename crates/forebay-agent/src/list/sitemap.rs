//! The URLs of a sitemap (sitemaps.org 0.9), and of an index the sitemaps that it names.
//!
//! A sitemap may have 50,000 URLs and 50 MB; it is read in pieces and never held. All that is wanted of it is what stands in `<loc>`.

use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::events::Event;

use super::BadLine;
use super::spool::Spool;
use crate::target::{Target, TargetError};

/// The most URLs and sitemaps that one file may have, by the protocol.
pub const ENTRIES_MAX: u64 = 50_000;
/// A `<loc>` is at most 2,048 letters long; entities make it longer.
const LOCATION_MAX: usize = 16 << 10;
/// One event of the reader: markup that is longer than this is no sitemap.
const EVENT_MAX: usize = 64 << 10;

/// What is wrong with a sitemap.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SitemapError {
    /// It cannot be read.
    #[error("the sitemap cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not XML.
    #[error("the sitemap is not XML: {0}")]
    Xml(String),
    /// It has no `<urlset>` and no `<sitemapindex>`.
    #[error("neither a <urlset> nor a <sitemapindex>")]
    NoSitemap,
    /// It is not whole.
    #[error("the sitemap ends in the middle")]
    Cut,
    /// It has more than the protocol allows.
    #[error("more than 50,000 entries in one sitemap")]
    TooMany,
}

/// Reads a sitemap and adds its URLs; `bad` is told of entries that are none, by their number. Returns the sitemaps that an index names.
///
/// # Errors
///
/// [`SitemapError`]. What came before it has been added.
pub fn read(
    text: impl BufRead,
    spool: &mut Spool,
    mut bad: impl FnMut(BadLine),
) -> Result<Vec<Target>, SitemapError> {
    let mut reader = Reader::from_reader(Bounded { text, left: 0 });
    let (mut buffer, mut state, mut nested) = (Vec::new(), State::default(), Vec::new());
    loop {
        buffer.clear();
        reader.get_mut().left = EVENT_MAX;
        let event = reader.read_event_into(&mut buffer).map_err(|error| match error {
            quick_xml::Error::Io(error) => io::Error::new(error.kind(), error.to_string()).into(),
            error => SitemapError::Xml(error.to_string()),
        })?;
        if let Event::Eof = event {
            break;
        }
        let Some(location) = state.take(&event)? else { continue };
        if state.count > ENTRIES_MAX {
            return Err(SitemapError::TooMany);
        }
        match (Target::parse(&location), state.root) {
            (Ok(target), Root::Index) => nested.push(target),
            (Ok(target), _) => spool.push(state.count, &target)?,
            (Err(error), _) => bad(BadLine { line: state.count, error }),
        }
    }
    spool.publish()?;
    match state.root {
        Root::None => Err(SitemapError::NoSitemap),
        // Whoever wrote it did not come to its end, and who knows what else was to be in it.
        _ if state.depth > 0 => Err(SitemapError::Cut),
        _ => Ok(nested),
    }
}

/// A text of which one event may have so much and no more: the reader holds an event whole.
struct Bounded<R> {
    text: R,
    left: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let there = self.text.fill_buf()?;
        if self.left == 0 && !there.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "markup without an end"));
        }
        Ok(there.get(..self.left.min(there.len())).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.left -= bytes;
        self.text.consume(bytes);
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Root {
    #[default]
    None,
    Urls,
    Index,
}

#[derive(Debug, Default)]
struct State {
    root: Root,
    count: u64,
    /// The text of the `<loc>` that is being read.
    location: Option<String>,
    depth: u32,
}

impl State {
    /// The location that has ended with this event.
    fn take(&mut self, event: &Event<'_>) -> Result<Option<String>, SitemapError> {
        let wrong = |error: &dyn std::fmt::Display| SitemapError::Xml(error.to_string());
        match event {
            Event::Start(tag) => {
                self.depth += 1;
                match (self.depth, tag.local_name().as_ref()) {
                    (1, b"urlset") => self.root = Root::Urls,
                    (1, b"sitemapindex") => self.root = Root::Index,
                    // Directly in an entry: images have a `loc` of their own, further down.
                    (3, b"loc") => self.location = Some(String::new()),
                    _ => {}
                }
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 2
                    && let Some(location) = self.location.take()
                {
                    self.count += 1;
                    return Ok(Some(location));
                }
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|error| wrong(&error))?;
                self.add(&text)?;
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|error| wrong(&error))?;
                self.add(&text)?;
            }
            Event::GeneralRef(name) => self.add(&resolved(name)?)?,
            _ => {}
        }
        Ok(None)
    }

    fn add(&mut self, text: &str) -> Result<(), SitemapError> {
        let Some(location) = &mut self.location else { return Ok(()) };
        if location.len() + text.len() > LOCATION_MAX {
            return Err(SitemapError::Xml(TargetError::TooLong(location.len() + text.len()).to_string()));
        }
        location.push_str(text);
        Ok(())
    }
}

/// What an entity stands for: a character by its number, or one of the five that XML has.
fn resolved(name: &quick_xml::events::BytesRef<'_>) -> Result<String, SitemapError> {
    let wrong = |error: String| SitemapError::Xml(error);
    if let Some(character) = name.resolve_char_ref().map_err(|error| wrong(error.to_string()))? {
        return Ok(character.to_string());
    }
    let name = name.decode().map_err(|error| wrong(error.to_string()))?;
    let entity = quick_xml::escape::resolve_predefined_entity(&name);
    entity.map(str::to_owned).ok_or_else(|| wrong(format!("unknown entity &{name};")))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn urls(text: &str) -> (Result<Vec<String>, String>, Vec<String>, Vec<u64>) {
        let (mut spool, list) = Spool::new(&std::env::temp_dir()).unwrap();
        let mut bad = Vec::new();
        let read = read(text.as_bytes(), &mut spool, |line| bad.push(line.line));
        spool.finish().unwrap();
        let (mut cursor, mut found) = (list.cursor(), Vec::new());
        while let Some(entry) = cursor.next().await.unwrap() {
            found.push(entry.target.to_string());
        }
        let nested =
            read.map(|nested| nested.iter().map(Target::to_string).collect()).map_err(|e| e.to_string());
        (nested, found, bad)
    }

    #[tokio::test]
    async fn locations_are_read_with_their_entities_and_nothing_else_is() {
        let text = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:i='x'>
            <url><loc>http://a.test/1?a=1&amp;b=&#50;</loc><lastmod>2026-01-01</lastmod><i:image><i:loc>http://a.test/no</i:loc></i:image></url>
            <url><loc>nonsense</loc></url>
            <url><loc><![CDATA[ http://a.test/2 ]]></loc></url></urlset>";
        let (nested, found, bad) = urls(text).await;
        assert_eq!((nested, bad), (Ok(Vec::new()), vec![2]));
        assert_eq!(found, ["http://a.test/1?a=1&b=2", "http://a.test/2"]);
    }

    #[tokio::test]
    async fn an_index_names_sitemaps_and_no_urls() {
        let text = "<sitemapindex><sitemap><loc>http://a.test/s1.xml</loc></sitemap></sitemapindex>";
        let (nested, found, _) = urls(text).await;
        assert_eq!((nested.unwrap(), found.len()), (vec!["http://a.test/s1.xml".to_owned()], 0));
    }

    #[tokio::test]
    async fn what_is_no_sitemap_is_said_to_be_none() {
        assert!(urls("<html><body>404</body></html>").await.0.unwrap_err().contains("<urlset>"));
        assert!(urls("").await.0.unwrap_err().contains("<urlset>"));
        assert!(urls("<urlset><url><loc>&bomb;</loc></url></urlset>").await.0.unwrap_err().contains("bomb"));
        let long = format!("<urlset><url><loc>{}</loc></url></urlset>", "x".repeat(20_000));
        assert!(urls(&long).await.0.is_err());
        let endless = format!("<urlset><!-- {}", "x".repeat(1 << 20));
        assert!(urls(&endless).await.0.unwrap_err().contains("without an end"));
    }

    #[tokio::test]
    async fn what_was_cut_is_not_taken_for_whole() {
        let (nested, found, _) = urls("<urlset><url><loc>http://a.test/1</loc></url><url><lo").await;
        assert!(nested.is_err(), "{nested:?}");
        assert_eq!(found.len(), 1);
        let (nested, found, _) = urls("<urlset><url><loc>http://a.test/1</loc></url>").await;
        assert_eq!((nested.unwrap_err().as_str(), found.len()), ("the sitemap ends in the middle", 1));
    }
}
