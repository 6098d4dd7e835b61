//! Pages of a directory of a remote place.
//!
//! A place lists its keys in the order of their bytes, and that is the order of a page by name: the slash of a directory counts, so
//! `a-b` comes before `a/`. A page costs as many requests as it fills, whatever the directory holds, and its cursor is the name
//! that it ended with. Any other order, directories first included, has to see all of the directory: it is made for up to
//! [`SCAN_REQUESTS`] requests' worth of keys, as a selection in bounded memory. Beyond that a listing by name falls back to the
//! order of keys, and another is refused as `Invalid`, instead of asking a bucket for millions of names on behalf of one page.
//!
//! Names that no [`Key`] can be (an empty segment, dots, more than 255 bytes) are left out, since nothing could open them.

use forebay_budget::{Class, Lease};

use super::RemoteStore;
use crate::listing::{Fill, Found, Position, Select};
use crate::remote::{KeyEntry, KeysAsk, KeysPage, Tries, persist};
use crate::{
    Cursor, Direction, Entries, Grouping, Key, Kind, LIMIT_MAX, ListAsk, ListPage, Order, PAGE_BYTES,
    PageBudget, SCAN_BYTES, SortBy, StoreError, StoreErrorKind,
};

/// Keys in one request: what [`SCAN_BYTES`] holds of usual length.
const KEYS_MAX: u16 = 250;
/// Requests for one page. A selection sees so many times [`KEYS_MAX`] keys.
const SCAN_REQUESTS: usize = 20;
/// The first byte of a cursor in the order of keys. Those of positions begin with another.
const BY_KEY: u8 = 0x6b;
/// Behind every name that begins with a directory's: a listing that starts after it does not begin with the directory again.
const LAST: char = char::MAX;

pub(super) async fn list(store: &RemoteStore, dir: &Key, ask: &ListAsk) -> Result<ListPage, StoreError> {
    let listing = Listing { store, dir, inside: store.inside(dir)? };
    let (limit, bytes, lease) = match &ask.budget {
        PageBudget::Prepaid { bytes, .. } => (ask.limit.clamp(1, LIMIT_MAX), *bytes, None),
        PageBudget::Leased => (ask.limit.clamp(1, LIMIT_MAX), PAGE_BYTES, Some(lease(store).await?)),
    };
    let by_key = ask.after.as_ref().and_then(|cursor| cursor.as_bytes().strip_prefix(&[BY_KEY]));
    let (entries, next) = match by_key {
        Some(_) if !is_by_name(ask.order) => return Err(invalid("the cursor is of another order")),
        Some(after) => {
            let after = std::str::from_utf8(after).map_err(|_| invalid("the cursor is not one of ours"))?;
            listing.in_order_of_keys(Some(after), limit, bytes).await?
        }
        None if ask.after.is_none() && is_order_of_keys(ask.order) => {
            listing.in_order_of_keys(None, limit, bytes).await?
        }
        None => listing.selected(ask, limit, bytes).await?,
    };
    Ok(match lease {
        None => ListPage::prepaid(entries, next),
        Some(mut lease) => {
            lease.shrink_to(entries.cost());
            ListPage::leased(entries, next, lease)
        }
    })
}

async fn lease(store: &RemoteStore) -> Result<Lease, StoreError> {
    let options = &store.options;
    let lease = options.ledger.acquire(Class::Listings, PAGE_BYTES + SCAN_BYTES, options.patience).await;
    lease.map_err(|refused| StoreError::with_cause(StoreErrorKind::Unavailable, refused))
}

fn is_order_of_keys(order: Order) -> bool {
    is_by_name(order) && order.grouping == Grouping::Mixed
}

fn is_by_name(order: Order) -> bool {
    order.by == SortBy::Name && order.direction == Direction::Ascending
}

fn invalid(cause: &'static str) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Invalid, cause)
}

type Page = (Entries, Option<Cursor>);

struct Listing<'a> {
    store: &'a RemoteStore,
    dir: &'a Key,
    /// What all names in the directory begin with.
    inside: Box<str>,
}

impl Listing<'_> {
    /// One request. A place without listings has no directories.
    async fn ask(&self, ask: &KeysAsk) -> Result<KeysPage, StoreError> {
        match persist(Tries::of(&*self.store.remote, self.store.options.tenacity), || {
            self.store.remote.keys(ask)
        })
        .await
        {
            Err(error) if error.kind() == StoreErrorKind::Invalid => Err(StoreErrorKind::NotFound.into()),
            answer => answer,
        }
    }

    fn begin(&self, after: Option<&str>) -> KeysAsk {
        let start_after = after.map(|after| {
            let end = if after.ends_with('/') { String::from(LAST) } else { String::new() };
            format!("{}{after}{end}", self.inside).into()
        });
        let prefix = self.inside.clone();
        KeysAsk { prefix, start_after, by_directory: true, limit: Some(KEYS_MAX), continuation: None }
    }

    /// Fills a page from the name `after` on.
    async fn in_order_of_keys(
        &self,
        after: Option<&str>,
        limit: usize,
        bytes: u64,
    ) -> Result<Page, StoreError> {
        let mut fill = Fill::new(limit, bytes);
        let mut ask = self.begin(after);
        let mut last: Box<str> = after.unwrap_or_default().into();
        let mut is_empty = after.is_none();
        for _ in 0..SCAN_REQUESTS {
            let KeysPage { entries, next } = self.ask(&ask).await?;
            is_empty &= entries.is_empty();
            for entry in &entries {
                let Some(rest) = self.rest(entry).filter(|rest| after.is_none_or(|after| *rest > after))
                else {
                    continue;
                };
                if let Some((name, found)) = self.found(entry, rest)
                    && !fill.take(name.as_bytes(), &found)
                {
                    return Ok((fill.finish(), Some(cursor(&last))));
                }
                last = rest.into();
            }
            match next {
                None if is_empty && !self.dir.is_root() => return Err(StoreErrorKind::NotFound.into()),
                None => return Ok((fill.finish(), None)),
                next => ask.continuation = next,
            }
        }
        Ok((fill.finish(), Some(cursor(&last))))
    }

    /// Selects a page of all that is in the directory.
    async fn selected(&self, ask: &ListAsk, limit: usize, bytes: u64) -> Result<Page, StoreError> {
        let after = ask.after.as_ref().map(|cursor| Position::read(cursor, ask.order)).transpose()?;
        let is_first = after.is_none();
        let mut select = Select::new(ask.order, after, limit, bytes);
        let mut keys = self.begin(None);
        let mut is_empty = true;
        for _ in 0..SCAN_REQUESTS {
            let KeysPage { entries, next } = self.ask(&keys).await?;
            is_empty &= entries.is_empty();
            for entry in &entries {
                if let Some((name, found)) = self.rest(entry).and_then(|rest| self.found(entry, rest)) {
                    select.offer(name.as_bytes(), &found);
                }
            }
            match next {
                None if is_empty && !self.dir.is_root() => return Err(StoreErrorKind::NotFound.into()),
                None => return Ok(select.finish()),
                next => keys.continuation = next,
            }
        }
        if is_first && is_by_name(ask.order) {
            return self.in_order_of_keys(None, limit, bytes).await;
        }
        Err(invalid("the directory is too large to be listed in any other order than by name"))
    }

    /// What follows the directory's own name.
    fn rest<'a>(&self, entry: &'a KeyEntry) -> Option<&'a str> {
        let key = match entry {
            KeyEntry::Object { key, .. } => key.as_str(),
            KeyEntry::Prefix(prefix) => prefix,
        };
        key.strip_prefix(&*self.inside)
    }

    /// The entry, if a key can open it.
    fn found<'a>(&self, entry: &KeyEntry, rest: &'a str) -> Option<(&'a str, Found)> {
        let (name, found) = match entry {
            KeyEntry::Object { len, modified, .. } => {
                (rest, Found { kind: Kind::File, linked: false, len: *len, modified: *modified })
            }
            KeyEntry::Prefix(_) => (
                rest.strip_suffix('/')?,
                Found { kind: Kind::Directory, linked: false, len: 0, modified: None },
            ),
        };
        self.dir.join(name.as_bytes()).ok().map(|_| (name, found))
    }
}

fn cursor(last: &str) -> Cursor {
    Cursor::new([&[BY_KEY], last.as_bytes()].concat())
}
