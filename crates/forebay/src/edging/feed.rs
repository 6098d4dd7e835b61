//! URLs from arguments, files, standard input, sitemaps and listings, into the list that all edges work through.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufReader, Read},
    path::PathBuf,
};

use anyhow::{Context, anyhow};
use flate2::bufread::MultiGzDecoder;
use forebay_agent::{
    Target,
    list::{BadLine, Spool, read_lines, sitemap},
};
use forebay_net::client::Client;
use forebay_store::{
    origin::{Origin, OriginOptions},
    remote::{ReadAsk, ResumableBody, Tenacity},
};
use url::Url;

use super::{below::Below, usage};
use crate::{args::Edging, config::Config, output::Failure};

/// A sitemap may have 50 MB; more is not read.
const SITEMAP_MAX: u64 = 64 << 20;
/// How deep indexes of sitemaps may be nested. The protocol says one; some have two.
const SITEMAP_DEPTH: u32 = 3;

/// Where URLs come from.
pub(super) struct Feed {
    urls: Vec<Target>,
    from: Vec<Text>,
    sitemaps: Vec<OsString>,
    below: Vec<Below>,
    client: Client,
}

/// A text with one URL a line: opened once, since what is read from a pipe is gone.
struct Text {
    name: String,
    text: Box<dyn Read + Send>,
}

/// A URL that is none, and where it stood.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) source: String,
    pub(super) line: BadLine,
}

impl Feed {
    /// Reads what was said, and opens the files.
    pub(super) fn new(asked: &Edging, config: &Config, client: Client) -> Result<Self, Failure> {
        let url = |text: &OsString| {
            let text = text.to_string_lossy();
            Target::parse(&text).with_context(|| format!("`{}`", shown(&text)))
        };
        let urls = asked.urls.iter().map(url).collect::<Result<Vec<_>, _>>().map_err(usage)?;
        let below = Below::read(asked, config, &client)?;
        if urls.is_empty() && asked.from.is_empty() && asked.sitemaps.is_empty() && below.is_empty() {
            return Err(usage(anyhow!(
                "no URL: name some, or give a list with --from FILE, --sitemap or --below"
            )));
        }
        let from = asked.from.iter().map(Text::open).collect::<Result<_, _>>().map_err(usage)?;
        Ok(Self { urls, from, sitemaps: asked.sitemaps.clone(), below, client })
    }

    /// Fills the list to its end, on a thread that may wait. Whatever happens, what was read until then is in the list, and the list is whole.
    pub(super) async fn fill(self, mut spool: Spool, bad: impl Fn(Bad)) -> anyhow::Result<()> {
        let filled = self.fill_from_all(&mut spool, &bad).await;
        let finished = spool.finish().context("cannot keep the list of URLs in a temporary file");
        filled.and(finished)
    }

    async fn fill_from_all(self, spool: &mut Spool, bad: &impl Fn(Bad)) -> anyhow::Result<()> {
        for (line, target) in (1..).zip(&self.urls) {
            spool.push(line, target)?;
        }
        spool.publish()?;
        for from in self.from {
            from.read(spool, bad)?;
        }
        for text in &self.sitemaps {
            read_sitemaps(text, &self.client, spool, bad).await?;
        }
        for below in self.below {
            below.fill(spool).await?;
        }
        Ok(())
    }
}

impl Text {
    fn open(path: &OsString) -> anyhow::Result<Self> {
        let name = path.to_string_lossy().into_owned();
        let text: Box<dyn Read + Send> = match path == "-" {
            true => Box::new(io::stdin()),
            false => Box::new(File::open(path).with_context(|| format!("--from {name}"))?),
        };
        Ok(Self { name, text })
    }

    fn read(self, spool: &mut Spool, bad: &impl Fn(Bad)) -> anyhow::Result<()> {
        let Self { name, text } = self;
        let tell = |line| bad(Bad { source: name.clone(), line });
        let read = read_lines(&mut BufReader::with_capacity(64 << 10, text), 0, spool, tell);
        read.with_context(|| format!("--from {name}")).map(drop)
    }
}

/// A sitemap, and those that it names if it is an index.
async fn read_sitemaps(
    text: &OsString,
    client: &Client,
    spool: &mut Spool,
    bad: &impl Fn(Bad),
) -> anyhow::Result<()> {
    let first = Source::of(text)?;
    let mut ahead = vec![(first, 1)];
    while let Some((source, depth)) = ahead.pop() {
        let name = source.shown();
        let tell = |line| bad(Bad { source: name.clone(), line });
        let file = source.open(client).await.with_context(|| format!("--sitemap {name}"))?;
        let nested = unpacked(file)
            .map_err(sitemap::SitemapError::from)
            .and_then(|text| sitemap::read(text, spool, tell))
            .with_context(|| format!("--sitemap {name}"))?;
        anyhow::ensure!(
            nested.is_empty() || depth < SITEMAP_DEPTH,
            "--sitemap {name}: indexes of sitemaps are nested more than {SITEMAP_DEPTH} deep"
        );
        let nested = nested.into_iter().rev().map(|target| Url::parse(&target.to_string()).map(Source::Web));
        for source in nested {
            ahead.push((source?, depth + 1));
        }
    }
    Ok(())
}

/// The text of what may be packed with gzip.
fn unpacked(file: File) -> io::Result<Box<dyn io::BufRead>> {
    let mut text = BufReader::new(file);
    let is_packed = io::BufRead::fill_buf(&mut text)?.starts_with(&[0x1f, 0x8b]);
    if !is_packed {
        return Ok(Box::new(text));
    }
    // What a small file unpacks to may be anything. Behind the limit it is cut, and a sitemap that is cut is an error.
    Ok(Box::new(BufReader::new(MultiGzDecoder::new(text).take(SITEMAP_MAX))))
}

enum Source {
    File(PathBuf),
    Web(Url),
}

impl Source {
    fn of(text: &OsString) -> anyhow::Result<Self> {
        let words = text.to_string_lossy();
        if words.starts_with("http://") || words.starts_with("https://") {
            return Ok(Self::Web(
                Url::parse(&words).with_context(|| format!("--sitemap {}", shown(&words)))?,
            ));
        }
        Ok(Self::File(text.into()))
    }

    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Web(url) => crate::place::shown(url),
        }
    }

    /// The file, or what came from the web in a file without a name.
    async fn open(&self, client: &Client) -> anyhow::Result<File> {
        match self {
            Self::File(path) => Ok(File::open(path)?),
            Self::Web(url) => fetched(url, client).await,
        }
    }
}

async fn fetched(url: &Url, client: &Client) -> anyhow::Result<File> {
    use std::io::{Seek, Write};
    let (origin, key) = Origin::of_url(url.clone(), client.clone(), OriginOptions::default())?;
    let remote = std::sync::Arc::new(origin);
    let ask = ReadAsk { key, range: None, pin: None };
    let mut body = ResumableBody::open(remote, ask, Tenacity::default()).await?;
    let mut file = tempfile::tempfile()?;
    let mut len = 0;
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk?;
        len += chunk.len() as u64;
        anyhow::ensure!(len <= SITEMAP_MAX, "it is larger than 64 MiB");
        file.write_all(&chunk)?;
    }
    file.rewind()?;
    Ok(file)
}

/// A text that may be a URL with a secret in it.
fn shown(text: &str) -> String {
    Url::parse(text).map_or_else(|_| text.to_owned(), |url| crate::place::shown(&url))
}
