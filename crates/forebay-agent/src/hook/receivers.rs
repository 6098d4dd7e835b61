//! Who may be told: URLs that begin as the operator has said.
//!
//! A beginning is compared part by part, not letter by letter: scheme, host and port are the same, and the path goes on where a segment ends. A path
//! that could mean another one, because it goes up or hides a slash, is refused whatever it begins with.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use forebay_net::retry::Peer;
use http::Uri;
use percent_encoding::percent_decode_str;

use crate::target::{Target, TargetError};

/// The receivers that may be told. Cheap to clone; clones know the same of their health.
#[derive(Clone, Debug, Default)]
pub struct Receivers(Arc<[Receiver]>);

/// One of them, and its health.
#[derive(Debug)]
pub(super) struct Receiver {
    prefix: UrlPrefix,
    pub(super) peer: Peer,
}

/// What the URLs of a receiver begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UrlPrefix(Target);

/// A text that no URL begins with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlPrefixError {
    /// It is no URL itself.
    #[error(transparent)]
    Url(#[from] TargetError),
    /// It has more than a path.
    #[error("the beginning of a URL has no query")]
    Query,
    /// It can be read in more than one way.
    #[error("the path of the URL goes up, or hides a slash")]
    Path,
}

/// Why a webhook is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no URL.
    #[error("the webhook is no URL: {0}")]
    Url(#[from] TargetError),
    /// Nobody is.
    #[error(
        "this agent tells nobody: its operator names receivers with --agent-webhook-to and --agent-webhook-secret-file"
    )]
    Nobody,
    /// It is none of those that may be.
    #[error("this agent does not tell that URL: its operator allows those that begin with {0}")]
    Stranger(String),
}

impl Receivers {
    /// Whoever's URL begins with one of these: `https://ci.example.com/hooks/`.
    ///
    /// # Errors
    ///
    /// [`UrlPrefixError`] for the first that is none.
    pub fn new<T: AsRef<str>>(prefixes: impl IntoIterator<Item = T>) -> Result<Self, UrlPrefixError> {
        let receiver = |text: T| Ok(Receiver { prefix: text.as_ref().parse()?, peer: Peer::default() });
        prefixes.into_iter().map(receiver).collect::<Result<Vec<_>, _>>().map(|all| Self(all.into()))
    }

    /// Whether nobody may be told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this URL may be told.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why not, and who could change that.
    pub fn check(&self, url: &str) -> Result<(), Refused> {
        self.find(url).map(drop)
    }

    pub(super) fn find(&self, url: &str) -> Result<(Uri, &Receiver), Refused> {
        if self.is_empty() {
            return Err(Refused::Nobody);
        }
        let target = Target::parse(url)?;
        let known = self.0.iter().find(|receiver| receiver.prefix.begins(&target));
        let known = known.ok_or_else(|| {
            let allowed: Vec<_> = self.0.iter().map(|receiver| receiver.prefix.to_string()).collect();
            Refused::Stranger(allowed.join(", "))
        })?;
        Ok((target.uri().clone(), known))
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix.fmt(f)
    }
}

impl UrlPrefix {
    fn begins(&self, url: &Target) -> bool {
        let (ours, theirs) = (self.0.uri(), url.uri());
        let is_same_place = ours.scheme() == theirs.scheme()
            && port(ours) == port(theirs)
            && host(ours).eq_ignore_ascii_case(host(theirs));
        let goes_on = |rest: &str| ours.path().ends_with('/') || rest.is_empty() || rest.starts_with('/');
        is_same_place
            && is_plain(theirs.path())
            && theirs.path().strip_prefix(ours.path()).is_some_and(goes_on)
    }
}

impl FromStr for UrlPrefix {
    type Err = UrlPrefixError;

    fn from_str(text: &str) -> Result<Self, UrlPrefixError> {
        let target = Target::parse(text)?;
        if target.uri().query().is_some() {
            return Err(UrlPrefixError::Query);
        }
        if is_plain(target.uri().path()) { Ok(Self(target)) } else { Err(UrlPrefixError::Path) }
    }
}

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default()
}

fn port(uri: &Uri) -> u16 {
    let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    uri.port_u16().unwrap_or(usual)
}

/// Whether every server reads the path as we do.
fn is_plain(path: &str) -> bool {
    let odd = |segment: &str| {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        matches!(&*decoded, "." | "..") || decoded.contains(['/', '\\'])
    };
    !path.split('/').any(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_begin_as_was_said_are_told() {
        let receivers =
            Receivers::new(["https://ci.example.test/hooks", "http://127.0.0.1:8000/", "https://a.test"]);
        let receivers = receivers.unwrap();
        let is_told = |url: &str| receivers.check(url).is_ok();
        for fine in [
            "https://ci.example.test/hooks",
            "https://CI.example.test:443/hooks/7?key=1",
            "http://127.0.0.1:8000/any/thing",
            "https://a.test/x",
        ] {
            assert!(is_told(fine), "{fine}");
        }
        for wrong in [
            "http://ci.example.test/hooks",
            "https://ci.example.test/hooksandmore",
            "https://ci.example.test/",
            "https://ci.example.test:8443/hooks",
            "https://ci.example.test.evil.test/hooks",
            "https://ci.example.test@evil.test/hooks",
            "https://ci.example.test/hooks/../admin",
            "https://ci.example.test/hooks/%2e%2E/admin",
            "https://ci.example.test/hooks/..%2fadmin",
            "https://ci.example.test/hooks/..\\admin",
            "http://127.0.0.1:8001/",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!is_told(wrong), "{wrong}");
        }
        assert_eq!(Receivers::default().check("https://ci.example.test/hooks"), Err(Refused::Nobody));
    }

    #[test]
    fn a_beginning_that_means_something_else_is_refused() {
        for wrong in
            ["", "ci.example.test", "https://a.test/?x=1", "https://a.test/a/../b", "https://u:p@a.test/"]
        {
            assert!(Receivers::new([wrong]).is_err(), "{wrong}");
        }
    }
}
