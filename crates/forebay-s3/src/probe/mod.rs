//! What a bucket's server does, found out by asking it. `forebay doctor` prints it.
//!
//! Reading probes change nothing. Writing probes use keys of their own below [`KEY_PREFIX`], and remove what they made. A probe asks for
//! what the [quirks table](crate::Quirks) may say is missing: what it finds is what is there, and a finding says where the table
//! is wrong.

mod credentials;
mod read;
mod write;

use std::fmt;
use std::time::{Duration, SystemTime};

use forebay_store::StoreError;

use crate::{S3, Support};

/// What the keys of writing probes begin with.
pub const KEY_PREFIX: &str = ".forebay-probe-";

/// Beyond this S3 refuses requests. The probe warns at a third of it.
const SKEW_MAX: Duration = Duration::from_secs(15 * 60);

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Change nothing.
    Reading,
    /// Write, and remove, a few small objects.
    Writing,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: a short name that scripts can rely on.
    pub what: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// One line about it, without secrets.
    pub text: String,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As on AWS.
    Good,
    /// Missing or different; forebay goes without.
    Lacks,
    /// Wrong: something will not work until it is mended.
    Bad,
    /// Could not be looked at.
    Skipped,
}

impl Finding {
    fn new(what: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { what, verdict, text: text.into() }
    }

    fn good(what: &'static str, text: impl Into<String>) -> Self {
        Self::new(what, Verdict::Good, text)
    }

    fn bad(what: &'static str, error: &StoreError) -> Self {
        Self::new(what, Verdict::Bad, error.to_string())
    }

    fn skipped(what: &'static str, why: impl Into<String>) -> Self {
        Self::new(what, Verdict::Skipped, why)
    }

    /// Whether the server does it, and whether the table knew.
    fn support(what: &'static str, does: Result<(), String>, table: Support) -> Self {
        match (does, table) {
            (Ok(()), Support::Yes) => Self::good(what, "works"),
            (Ok(()), Support::No) => Self::good(what, "works, and is not relied on with this kind of server"),
            (Err(why), Support::No) => Self::new(what, Verdict::Lacks, why),
            (Err(why), Support::Yes) => {
                Self::new(what, Verdict::Bad, format!("{why}; choose the kind of server with --s3-profile"))
            }
        }
    }
}

impl S3 {
    /// Asks the server what it does. Every probe is answered, one that fails by a finding that says so; there are no retries.
    pub async fn probe(&self, depth: Depth) -> Vec<Finding> {
        let mut found = vec![self.probe_credentials().await];
        let (region, date) = self.probe_region().await;
        let usable = region.verdict != Verdict::Bad;
        found.push(region);
        found.push(clock(date, SystemTime::now()));
        found.push(self.probe_kind());
        if !usable {
            return found;
        }
        found.extend(self.probe_reading().await);
        match depth {
            Depth::Reading => found.push(Finding::skipped("writes", "not asked for")),
            Depth::Writing => found.extend(self.probe_writing().await),
        }
        found
    }

    fn probe_kind(&self) -> Finding {
        let endpoint = self.account().endpoint_url().map_or("AWS", |url| url);
        Finding::good("server", format!("{} at {}", self.account().profile(), without_userinfo(endpoint)))
    }
}

fn clock(server: Option<SystemTime>, now: SystemTime) -> Finding {
    let Some(server) = server else { return Finding::skipped("clock", "the server does not tell its time") };
    let (apart, which) = match now.duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let text = format!("this machine is {} s {which} the server", apart.as_secs());
    let verdict = if apart > SKEW_MAX / 3 { Verdict::Bad } else { Verdict::Good };
    Finding::new("clock", verdict, text)
}

/// A URL as it may be shown.
fn without_userinfo(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.verdict {
            Verdict::Good => "ok",
            Verdict::Lacks => "lacks",
            Verdict::Bad => "BAD",
            Verdict::Skipped => "-",
        };
        write!(f, "{sign:<5} {:<18} {}", self.what, self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Verdict, clock, without_userinfo};

    #[test]
    fn a_clock_is_judged_before_it_is_refused() {
        let now = SystemTime::now();
        let found = clock(Some(now - Duration::from_secs(301)), now);
        assert_eq!(
            (found.verdict, &*found.text),
            (Verdict::Bad, "this machine is 301 s ahead of the server")
        );
        let found = clock(Some(now + Duration::from_secs(2)), now);
        assert_eq!((found.verdict, &*found.text), (Verdict::Good, "this machine is 2 s behind the server"));
        assert_eq!(clock(None, now).verdict, Verdict::Skipped);
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        assert_eq!(without_userinfo("http://user:secret@host:9000"), "http://host:9000");
        assert_eq!(without_userinfo("http://host"), "http://host");
    }
}
