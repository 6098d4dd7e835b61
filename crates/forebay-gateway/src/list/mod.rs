//! Listings: a page of a directory, as HTML for people or JSON for programs.
//!
//! A directory of 200,000 entries costs what one of 20 costs. The store hands out bounded pages with a
//! cursor, and a page is written as it is sent, [`CHUNK_BYTES`] at a time. All memory of a listing is one
//! lease of `listings`, taken before the store is asked (waiting while holding would let two listings
//! wait for each other) and shrunk to what the page really holds. Whoever works for the listing has a share of
//! it: the job that scans the directory, also when the client has left meanwhile, and each chunk until
//! the socket has taken it.

mod html;
mod json;
mod time;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use forebay_auth::Right;
use forebay_budget::{Class, Lease};
use forebay_store::{
    Cursor, Direction, Entries, EntriesIter, Grouping, Key, LIMIT_MAX, ListAsk, PAGE_BYTES, PageBudget,
    SCAN_BYTES, SortBy,
};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body::{Frame, SizeHint};

use crate::accept;
use crate::body::Body;
use crate::error::Failure;
use crate::gateway::Shared;
use crate::metrics::Kind;
use crate::query::{Format, Order, Query, Sort};
use crate::visitor::Visitor;

/// So much is written at a time, and what a row may add to it: a name of 255 bytes, escaped sixfold, and its address.
const CHUNK_BYTES: usize = 16 << 10;
const ROW_BYTES_MAX: usize = 3 << 10;
/// Rows on a page for people, unless they ask otherwise.
const ROWS_DEFAULT: usize = 500;
/// What text takes at most, in bytes: a chunk being written, those on their way, and a path of 4,095 bytes in the head of
/// the page.
const TEXT_BYTES: u64 = 160 << 10;

/// One page, and what is to be said about it.
pub(crate) struct Page {
    /// The decoded path of the directory, without slashes at its ends.
    pub(crate) key: Key,
    pub(crate) query: Query,
    pub(crate) next: Option<Cursor>,
    pub(crate) archives: Archives,
    /// Who is not shown every entry.
    pub(crate) sieve: Option<Visitor>,
}

/// Whether a page may offer its directory as one file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archives {
    Offered,
    Off,
}

/// Answers with a listing of `key`.
pub(crate) async fn answer(
    shared: &Shared,
    head: &Parts,
    key: Key,
    query: Query,
    visitor: &Visitor,
) -> Result<Response<Body>, Failure> {
    if !shared.options.listing {
        return Err(Failure::NotFound);
    }
    let format = query.format.unwrap_or_else(|| asked(&head.headers));
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = headers(format);
    response.extensions_mut().insert(Kind::Listing);
    let (after, limit, order) = (after(&query)?, limit(&query, format), order(&query, format));
    if head.method == Method::HEAD {
        return Ok(response);
    }
    let cost = PAGE_BYTES + SCAN_BYTES + TEXT_BYTES;
    let lease = shared.ledger.acquire(Class::Listings, cost, shared.options.patience).await?;
    let mut lease = Arc::new(lease);
    let budget = PageBudget::Prepaid { bytes: PAGE_BYTES, lease: Arc::clone(&lease) };
    let page = shared.store.list(&key, &ListAsk { after, limit, order, budget }).await?;
    if let Some(lease) = Arc::get_mut(&mut lease) {
        lease.shrink_to(page.entries.cost() + TEXT_BYTES);
    }
    let may_archive = [Right::List, Right::Read].iter().all(|right| visitor.may_below(*right, &key).is_ok());
    let archives = if shared.options.archive && may_archive { Archives::Offered } else { Archives::Off };
    let sieve = (!visitor.is_shown_all_of(&key)).then(|| visitor.clone());
    let about = Page { key, query, next: page.next, archives, sieve };
    *response.body_mut() = Listing::body(format, about, page.entries, lease);
    Ok(response)
}

fn asked(headers: &HeaderMap) -> Format {
    match accept::negotiate(headers, &["text/html", "application/json"]) {
        Some("application/json") => Format::Json,
        _ => Format::Html,
    }
}

fn after(query: &Query) -> Result<Option<Cursor>, Failure> {
    let Some(bytes) = &query.after else { return Ok(None) };
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::BadRequest)?;
    text.parse().map(Some).map_err(|_| Failure::BadRequest)
}

fn limit(query: &Query, format: Format) -> usize {
    let usual = match format {
        Format::Html => ROWS_DEFAULT,
        Format::Json => LIMIT_MAX,
    };
    query.limit.map_or(usual, |limit| limit as usize).min(LIMIT_MAX)
}

fn order(query: &Query, format: Format) -> forebay_store::Order {
    let by = match query.sort {
        Sort::Name => SortBy::Name,
        Sort::Size => SortBy::Size,
        Sort::Modified => SortBy::Modified,
    };
    let direction = match query.order {
        Order::Ascending => Direction::Ascending,
        Order::Descending => Direction::Descending,
    };
    let grouping = match format {
        Format::Html => Grouping::DirectoriesFirst,
        Format::Json => Grouping::Mixed,
    };
    forebay_store::Order { by, direction, grouping }
}

fn headers(format: Format) -> HeaderMap {
    let kind = match format {
        Format::Html => "text/html; charset=utf-8",
        Format::Json => "application/json",
    };
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if format == Format::Html {
        headers.insert(CONTENT_SECURITY_POLICY, html::policy());
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
    headers
}

/// A page being written.
struct Listing {
    format: Format,
    about: Page,
    rows: EntriesIter,
    part: Part,
    /// Written, and not yet asked for.
    ready: Option<String>,
    /// Pays for `rows` and for the text.
    lease: Arc<Lease>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    Rows,
    Done,
}

/// Text on its way, and a share of what pays for it until the socket has taken it.
struct Paid {
    text: String,
    _lease: Arc<Lease>,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Listing {
    /// A page of one chunk is written at once, so that its length is known.
    fn body(format: Format, about: Page, rows: Entries, lease: Arc<Lease>) -> Body {
        let rows = rows.into_iter();
        let mut listing = Self { format, about, rows, part: Part::Start, ready: None, lease };
        let mut text = listing.write();
        if listing.part != Part::Done {
            listing.ready = Some(text);
            return Body::stream(listing);
        }
        let Self { mut lease, .. } = listing;
        text.shrink_to_fit();
        if let Some(lease) = Arc::get_mut(&mut lease) {
            lease.shrink_to(text.len() as u64);
        }
        Body::from(Bytes::from_owner(Paid { text, _lease: lease }))
    }

    /// Writes the next chunk.
    fn write(&mut self) -> String {
        let mut text = String::with_capacity(CHUNK_BYTES + ROW_BYTES_MAX);
        let mut is_first = self.part == Part::Start;
        if is_first {
            self.part = Part::Rows;
            match self.format {
                Format::Html => html::start(&self.about, self.rows.len() == 0, &mut text),
                Format::Json => json::start(&self.about, &mut text),
            }
        }
        while text.len() < CHUNK_BYTES {
            let Some(entry) = self.rows.next() else {
                self.part = Part::Done;
                match self.format {
                    Format::Html => html::end(&self.about, &mut text),
                    Format::Json => json::end(&self.about, &mut text),
                }
                break;
            };
            if self.about.sieve.as_ref().is_some_and(|who| !who.is_shown(&self.about.key, &entry.name)) {
                continue;
            }
            match self.format {
                Format::Html => html::row(&entry, &mut text),
                Format::Json => json::row(&entry, std::mem::take(&mut is_first), &mut text),
            }
        }
        text
    }

    fn next(&mut self) -> Option<String> {
        self.ready.take().or_else(|| (self.part != Part::Done).then(|| self.write()))
    }
}

impl http_body::Body for Listing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let paid = self.next().map(|text| Paid { text, _lease: Arc::clone(&self.lease) });
        Poll::Ready(paid.map(|paid| Ok(Frame::data(Bytes::from_owner(paid)))))
    }

    fn is_end_stream(&self) -> bool {
        self.part == Part::Done && self.ready.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
