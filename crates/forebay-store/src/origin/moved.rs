//! Where the server has sent us for good.
//!
//! An object that is fetched in a hundred ranges is asked for at its old address once and not a hundred times. Only what a server calls permanent
//! is kept (301, 308, and not what it forbids to store), for a while, in a table of a few; credentials are no part of it, because each
//! request is given those of its own host when it is made. An address that has nothing any more is forgotten, and the old one is asked.

use std::collections::VecDeque;
use std::time::Duration;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderMap};
use parking_lot::Mutex;
use tokio::time::Instant;
use url::Url;

/// How long an address is believed.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// How many are kept.
const KEPT_MAX: usize = 64;
/// Longer ones are not: with this the table has 256 KiB at most.
const URL_LEN_MAX: usize = 2048;

/// Old addresses and new ones, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Moved(Mutex<VecDeque<Entry>>);

#[derive(Debug)]
struct Entry {
    from: Url,
    to: Url,
    until: Instant,
}

impl Moved {
    /// Where to ask instead.
    pub(super) fn from(&self, url: &Url) -> Option<Url> {
        let mut entries = self.0.lock();
        let now = Instant::now();
        while entries.front().is_some_and(|oldest| oldest.until <= now) {
            entries.pop_front();
        }
        entries.iter().find(|entry| entry.from == *url).map(|entry| entry.to.clone())
    }

    /// Keeps what an answer says.
    pub(super) fn note(&self, from: &Url, to: &Url, status: StatusCode, headers: &HeaderMap) {
        let is_short = from.as_str().len().max(to.as_str().len()) <= URL_LEN_MAX;
        if !is_permanent(status, headers) || !is_short {
            return;
        }
        let mut entries = self.0.lock();
        entries.retain(|entry| entry.from != *from);
        if entries.len() == KEPT_MAX {
            entries.pop_front();
        }
        let until = Instant::now() + KEPT_FOR;
        entries.push_back(Entry { from: from.clone(), to: to.clone(), until });
    }

    /// Forgets what was known of these addresses.
    pub(super) fn forget(&self, way: &[Url]) {
        self.0.lock().retain(|entry| !way.contains(&entry.from));
    }
}

fn is_permanent(status: StatusCode, headers: &HeaderMap) -> bool {
    let forbids = |directive: &str| {
        ["no-store", "no-cache"].iter().any(|word| directive.trim().eq_ignore_ascii_case(word))
    };
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT)
        && !lines.flat_map(|line| line.split(',')).any(forbids)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http::header::{CACHE_CONTROL, HeaderMap};
    use tokio::time::advance;
    use url::Url;

    use super::{KEPT_FOR, KEPT_MAX, Moved};

    fn url(path: &str) -> Url {
        Url::parse(&format!("http://h/{path}")).unwrap()
    }

    fn note(moved: &Moved, from: &str, status: u16, cache: &str) {
        let headers = HeaderMap::from_iter([(CACHE_CONTROL, cache.parse().unwrap())]);
        moved.note(&url(from), &url("new"), StatusCode::from_u16(status).unwrap(), &headers);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_permanent_is_kept_for_a_while() {
        let moved = Moved::default();
        for (from, status, cache) in [
            ("a", 301, "max-age=1"),
            ("b", 308, ""),
            ("c", 302, ""),
            ("d", 307, ""),
            ("e", 301, "private, No-Store"),
            ("f", 308, "no-cache"),
        ] {
            note(&moved, from, status, cache);
        }
        note(&moved, &"x".repeat(3000), 301, "");
        let kept = |path: &str| moved.from(&url(path)).is_some();
        assert_eq!(["a", "b", "c", "d", "e", "f"].map(kept), [true, true, false, false, false, false]);
        assert!(!kept(&"x".repeat(3000)));
        moved.forget(&[url("a")]);
        assert_eq!(["a", "b"].map(kept), [false, true]);
        advance(KEPT_FOR).await;
        assert!(!kept("b"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_make_way() {
        let moved = Moved::default();
        for index in 0..=KEPT_MAX {
            note(&moved, &index.to_string(), 301, "");
        }
        assert_eq!((moved.from(&url("0")), moved.from(&url("1")).is_some()), (None, true));
        assert_eq!(moved.0.lock().len(), KEPT_MAX);
    }
}
