//! The URLs of what lies below a place: a prefix of a bucket, a directory, or the listings of a forebay.
//!
//! What the place calls an object is not what the public calls it: `--public` says what comes before the name, and each part of the name is
//! percent-encoded behind it. A page of the listing is held, never all of it.

use std::{
    collections::VecDeque,
    ffi::OsString,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow, ensure};
use forebay_agent::{Target, list::Spool};
use forebay_net::client::Client;
use forebay_s3::{S3Account, S3Options};
use forebay_store::{
    origin::{Origin, OriginOptions},
    remote::{KeyEntry, KeysAsk, ReadAsk, ResumableBody, Tenacity},
};
use forebay_transfer::listing::{Keys, Tree};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::Url;

use super::usage;
use crate::{
    args::{Edging, OtherSide},
    config::Config,
    output::Failure,
    place::{Place, S3Place},
    reach,
};

/// What stands in a path as it is (RFC 3986 §3.3: pchar, without what servers read as something else).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// One page of a listing over HTTP.
const PAGE_MAX: usize = 4 << 20;
/// Directories that wait to be listed.
const DIRECTORIES_MAX: usize = 100_000;

/// A place, and what the public calls it.
pub(super) struct Below {
    place: Source,
    /// Ends with a slash.
    public: String,
}

enum Source {
    Bucket { options: Box<S3Options>, place: S3Place, client: Client },
    Directory(PathBuf),
    Listing { url: Url, client: Client },
}

impl Below {
    /// Reads `--below` and `--public`.
    pub(super) fn read(asked: &Edging, config: &Config, client: &Client) -> Result<Vec<Self>, Failure> {
        let of = |text: &OsString| -> anyhow::Result<Self> {
            let name = || format!("--below {}", text.to_string_lossy());
            let public = asked.public.as_deref().ok_or_else(|| {
                anyhow!("{}: say with --public http://HOST/PATH/ what its objects are called", name())
            })?;
            let public = Target::parse(public).with_context(|| format!("--public {public}"))?;
            ensure!(public.uri().query().is_none(), "--public {public}: it may have no query");
            let place = match Place::parse(text)? {
                Place::S3(place) => {
                    let options = reach::s3(config, &OtherSide::default(), &forebay_s3::Sse::default())
                        .map_err(|failure| failure.error)?;
                    Source::Bucket { options: Box::new(options), place, client: client.clone() }
                }
                Place::Local(path) => {
                    ensure!(path.is_dir(), "{}: it is no directory", name());
                    Source::Directory(path)
                }
                Place::Web(mut url) => {
                    if !url.path().ends_with('/') {
                        url.set_path(&format!("{}/", url.path()));
                    }
                    Source::Listing { url, client: client.clone() }
                }
                Place::Stream => return Err(anyhow!("--below -: for a list of URLs say --from -")),
            };
            let public = public.to_string();
            Ok(Self { place, public: format!("{}/", public.trim_end_matches('/')) })
        };
        asked.below.iter().map(of).collect::<Result<_, _>>().map_err(usage)
    }

    /// Adds the URLs of everything below.
    pub(super) async fn fill(self, spool: &mut Spool) -> anyhow::Result<()> {
        let mut names = Names { public: self.public, count: 0, spool };
        match self.place {
            Source::Bucket { options, place, client } => of_bucket(*options, &place, client, &mut names)
                .await
                .with_context(|| format!("--below s3://{}", place.bucket)),
            Source::Directory(root) => {
                of_directory(&root, &mut names).with_context(|| format!("--below {}", root.display()))
            }
            Source::Listing { url, client } => {
                let shown = crate::place::shown(&url);
                of_listings(url, &client, &mut names).await.with_context(|| format!("--below {shown}"))
            }
        }?;
        spool.publish().context("cannot keep the list of URLs")
    }
}

/// Names on their way to being URLs.
struct Names<'a> {
    public: String,
    count: u64,
    spool: &'a mut Spool,
}

impl Names<'_> {
    /// A name as its place has it.
    fn plain(&mut self, name: &str) -> anyhow::Result<()> {
        self.encoded(&utf8_percent_encode(name, KEPT).to_string())
    }

    fn encoded(&mut self, name: &str) -> anyhow::Result<()> {
        self.count += 1;
        let target = Target::parse(&format!("{}{name}", self.public)).with_context(|| format!("`{name}`"))?;
        Ok(self.spool.push(self.count, &target)?)
    }
}

async fn of_bucket(
    options: S3Options,
    place: &S3Place,
    client: Client,
    names: &mut Names<'_>,
) -> anyhow::Result<()> {
    let bucket = S3Account::connect(options, client).await.bucket(place.bucket.clone());
    let prefix = place.key.as_str();
    let ask = KeysAsk { prefix: prefix.into(), ..KeysAsk::default() };
    // What the prefix says up to its last slash is the public path already.
    let cut = prefix.rfind('/').map_or(0, |slash| slash + 1);
    let mut keys = Keys::new(Arc::new(bucket), ask, Tenacity::default());
    while let Some(entry) = keys.next().await? {
        if let KeyEntry::Object { key, .. } = entry
            && !key.as_str().ends_with('/')
        {
            names.plain(key.as_str().get(cut..).unwrap_or_default())?;
        }
    }
    Ok(())
}

fn of_directory(root: &Path, names: &mut Names<'_>) -> anyhow::Result<()> {
    for file in Tree::new(root) {
        let file = file?;
        let name = percent_encoding::percent_encode(file.name.as_os_str().as_bytes(), KEPT).to_string();
        names.encoded(&name)?;
    }
    Ok(())
}

/// A page of a listing, as forebay writes it.
#[derive(Deserialize)]
struct Page {
    entries: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    href: String,
    #[serde(rename = "type")]
    kind: String,
}

async fn of_listings(root: Url, client: &Client, names: &mut Names<'_>) -> anyhow::Result<()> {
    let mut ahead = VecDeque::from([String::new()]);
    while let Some(dir) = ahead.pop_front() {
        let mut after = None;
        loop {
            let page = page(&root, &dir, after.as_deref(), client).await?;
            for row in page.entries {
                let name = row.href.strip_prefix("./").unwrap_or(&row.href);
                ensure!(is_inside(name), "the listing names {name}");
                match row.kind.as_str() {
                    "directory" => {
                        ensure!(
                            ahead.len() < DIRECTORIES_MAX,
                            "more than {DIRECTORIES_MAX} directories at once"
                        );
                        ahead.push_back(format!("{dir}{name}"));
                    }
                    _ => names.encoded(&format!("{dir}{name}"))?,
                }
            }
            ensure!(page.next.is_none() || page.next != after, "the listing does not come to an end");
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Whether a name leads to something in its directory, and not elsewhere.
fn is_inside(name: &str) -> bool {
    let name = name.strip_suffix('/').unwrap_or(name);
    let plain = percent_encoding::percent_decode_str(name).collect::<Vec<u8>>();
    !plain.is_empty() && plain != b"." && plain != b".." && !name.contains('/')
}

async fn page(root: &Url, dir: &str, after: Option<&str>, client: &Client) -> anyhow::Result<Page> {
    // Without the dot a colon in a name would make a scheme of what stands before it.
    let mut url = root.join(&format!("./{dir}"))?;
    url.query_pairs_mut().append_pair("format", "json").extend_pairs(after.map(|after| ("after", after)));
    let (origin, key) = Origin::of_url(url, client.clone(), OriginOptions::default())?;
    let ask = ReadAsk { key, range: None, pin: None };
    let mut body = ResumableBody::open(Arc::new(origin), ask, Tenacity::default()).await?;
    let mut text = Vec::new();
    while let Some(chunk) = body.chunk().await {
        text.extend_from_slice(&chunk?);
        ensure!(text.len() <= PAGE_MAX, "a page of the listing is larger than {PAGE_MAX} bytes");
    }
    serde_json::from_slice(&text).context("this is no listing of a forebay (format=json)")
}
