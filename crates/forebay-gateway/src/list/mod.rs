//! Listings: a page of a directory, as HTML for people or JSON for programs.
//!
//! A directory of 200,000 entries costs what one of 20 costs. The store hands out bounded pages with a
//! cursor, and a page is written as it is sent, [`ROWS_PER_CHUNK`] rows at a time. All memory of a
//! listing is one lease of `listings`, taken before the store is asked (waiting while holding would let
//! two listings wait for each other) and shrunk to what the page really holds.

mod html;
mod json;
mod time;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use bytes::Bytes;
use forebay_budget::{Class, Lease};
use forebay_store::{
    Cursor, Direction, Entry, Grouping, Key, LIMIT_MAX, ListAsk, PAGE_BYTES, PageBudget, SCAN_BYTES, SortBy,
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

/// Rows written at a time.
const ROWS_PER_CHUNK: usize = 64;
/// Rows on a page for people, unless they ask otherwise.
const ROWS_DEFAULT: usize = 500;
/// What a chunk of rows takes at most, in bytes: 64 rows of names of 255 bytes, escaped twice.
const CHUNK_BYTES: u64 = 160 << 10;

/// One page, and what is to be said about it.
pub(crate) struct Page {
    /// The decoded path of the directory, without slashes at its ends.
    pub(crate) key: Key,
    pub(crate) query: Query,
    pub(crate) next: Option<Cursor>,
    pub(crate) archives: Archives,
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
) -> Result<Response<Body>, Failure> {
    if !shared.options.listing {
        return Err(Failure::NotFound);
    }
    let format = query.format.unwrap_or_else(|| asked(&head.headers));
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = headers(format);
    response.extensions_mut().insert(Kind::Listing);
    let ask = ask(&query, format)?;
    if head.method == Method::HEAD {
        return Ok(response);
    }
    let cost = PAGE_BYTES + SCAN_BYTES + CHUNK_BYTES;
    let mut lease = shared.ledger.acquire(Class::Listings, cost, shared.options.patience).await?;
    let page = shared.store.list(&key, &ask).await?;
    lease.shrink_to(page.entries.iter().map(Entry::cost).sum::<u64>() + CHUNK_BYTES);
    let archives = if shared.options.archive { Archives::Offered } else { Archives::Off };
    let about = Page { key, query, next: page.next, archives };
    *response.body_mut() = Listing::body(format, about, page.entries, lease);
    Ok(response)
}

fn asked(headers: &HeaderMap) -> Format {
    match accept::negotiate(headers, &["text/html", "application/json"]) {
        Some("application/json") => Format::Json,
        _ => Format::Html,
    }
}

fn ask(query: &Query, format: Format) -> Result<ListAsk, Failure> {
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
    let limit = match format {
        Format::Html => ROWS_DEFAULT,
        Format::Json => LIMIT_MAX,
    };
    let limit = query.limit.map_or(limit, |limit| limit as usize).min(LIMIT_MAX);
    let after = match &query.after {
        Some(text) => {
            let text = std::str::from_utf8(text).map_err(|_| Failure::BadRequest)?;
            Some(text.parse::<Cursor>().map_err(|_| Failure::BadRequest)?)
        }
        None => None,
    };
    let order = forebay_store::Order { by, direction, grouping };
    Ok(ListAsk { after, limit, order, budget: PageBudget::Prepaid(PAGE_BYTES) })
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
    rows: vec::IntoIter<Entry>,
    part: Part,
    /// Pays for `rows` and the chunk that is written.
    _lease: Lease,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    Rows,
    Done,
}

/// A page in one piece, and what pays for it until the socket has taken it.
struct Paid {
    text: String,
    _lease: Lease,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Listing {
    /// A short page is written at once, so that its length is known.
    fn body(format: Format, about: Page, rows: Vec<Entry>, lease: Lease) -> Body {
        let is_short = rows.len() <= ROWS_PER_CHUNK;
        let mut listing = Self { format, about, rows: rows.into_iter(), part: Part::Start, _lease: lease };
        if !is_short {
            return Body::stream(listing);
        }
        let mut text = String::new();
        while listing.write(&mut text) {}
        text.shrink_to_fit();
        let Self { _lease: mut lease, .. } = listing;
        lease.shrink_to(text.len() as u64);
        Body::from(Bytes::from_owner(Paid { text, _lease: lease }))
    }

    /// Writes the next piece; false at the end.
    fn write(&mut self, to: &mut String) -> bool {
        let is_first = self.part == Part::Start;
        match (self.part, self.format) {
            (Part::Done, _) => return false,
            (Part::Start, Format::Html) => html::start(&self.about, self.rows.as_slice().is_empty(), to),
            (Part::Start, Format::Json) => json::start(&self.about, to),
            (Part::Rows, _) => {}
        }
        self.part = Part::Rows;
        for (at, entry) in self.rows.by_ref().take(ROWS_PER_CHUNK).enumerate() {
            match self.format {
                Format::Html => html::row(&entry, to),
                Format::Json => json::row(&entry, is_first && at == 0, to),
            }
        }
        if self.rows.as_slice().is_empty() {
            match self.format {
                Format::Html => html::end(&self.about, to),
                Format::Json => json::end(&self.about, to),
            }
            self.part = Part::Done;
        }
        true
    }
}

impl http_body::Body for Listing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut text = String::new();
        Poll::Ready(self.write(&mut text).then(|| Ok(Frame::data(Bytes::from(text)))))
    }

    fn is_end_stream(&self) -> bool {
        self.part == Part::Done
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
