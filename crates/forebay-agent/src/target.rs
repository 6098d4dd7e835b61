//! A URL as an edge knows it.
//!
//! An edge finds an object by the exact text of its URL: a slash, a case or the order of a query make another object. So a URL is
//! checked and not tidied; all that is changed is what no client could send as it stands, letters outside ASCII, which are
//! percent-encoded as a browser would (RFC 3987 §3.1).

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// The longest URL: what common servers take in a request line.
const LEN_MAX: usize = 8 << 10;

/// An absolute `http` or `https` URL with its public host. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target(Uri);

/// Why a text is not a URL that an edge can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// There is nothing.
    #[error("no URL")]
    Empty,
    /// It begins otherwise.
    #[error("a URL begins with http:// or https://")]
    Scheme,
    /// The host is missing or cannot be one.
    #[error("the URL has no valid host (write names outside ASCII in their xn-- form)")]
    Host,
    /// There is a user or a password in it, which would be sent to nobody and shown to many.
    #[error("the URL has a user or a password in it; give credentials with --header")]
    Credentials,
    /// A space or a control character.
    #[error("the URL has a {0:?} in it; write it percent-encoded")]
    Character(char),
    /// It is not a URL for another reason.
    #[error("not a URL: {0}")]
    Invalid(String),
    /// No server would take it.
    #[error("the URL has {0} bytes; 8192 are the most")]
    TooLong(usize),
}

impl Target {
    /// Checks a URL. White space around it and a fragment, which is never sent, are left out.
    ///
    /// # Errors
    ///
    /// [`TargetError`] says what is wrong, in words for whoever wrote the list.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if text.len() > LEN_MAX {
            return Err(TargetError::TooLong(text.len()));
        }
        if let Some(odd) = text.chars().find(|c| c.is_control() || c.is_whitespace()) {
            return Err(TargetError::Character(odd));
        }
        let uri = if text.is_ascii() { Uri::from_str(text) } else { Uri::try_from(escaped(text)?) };
        Self::from_uri(uri.map_err(|error| {
            if has_scheme(text) { TargetError::Invalid(error.to_string()) } else { TargetError::Scheme }
        })?)
    }

    fn from_uri(uri: Uri) -> Result<Self, TargetError> {
        if !matches!(uri.scheme(), Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS) {
            return Err(TargetError::Scheme);
        }
        let authority = uri.authority().ok_or(TargetError::Host)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::Credentials);
        }
        if authority.host().is_empty() || authority.port().is_some_and(|port| port.as_str().is_empty()) {
            return Err(TargetError::Host);
        }
        Ok(Self(uri))
    }

    /// The URL.
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// The public host, with a port if the URL has one: what goes into `Host`.
    pub fn host(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        Self::parse(text)
    }
}

fn has_scheme(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Letters outside ASCII as percent-encoded UTF-8; there must be none in the host.
fn escaped(text: &str) -> Result<String, TargetError> {
    let authority_end = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
    if !text.get(..authority_end).is_some_and(str::is_ascii) {
        return Err(if has_scheme(text) { TargetError::Host } else { TargetError::Scheme });
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                escaped.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_identifies_an_object_is_kept_to_the_letter() {
        for text in [
            "http://www.example.test/",
            "http://www.example.test/a//b/../c?b=2&a=1",
            "https://www.example.test:8443/%7Euser/%e2%82%ac",
            "http://[2001:db8::1]:8080/a",
            "HTTP://www.example.test/UPPER",
        ] {
            let target = Target::parse(text).unwrap();
            assert!(target.to_string().eq_ignore_ascii_case(text), "{target}");
        }
        assert_eq!(Target::parse(" http://a.test/x#part ").unwrap().to_string(), "http://a.test/x");
        assert_eq!(
            Target::parse("http://a.test/ü?q=ß").unwrap().to_string(),
            "http://a.test/%C3%BC?q=%C3%9F"
        );
    }

    #[test]
    fn every_refusal_says_what_to_write_instead() {
        let error = |text: &str| Target::parse(text).unwrap_err();
        assert_eq!(error("  "), TargetError::Empty);
        assert_eq!(error("/a/b"), TargetError::Scheme);
        assert_eq!(error("www.example.test/a"), TargetError::Scheme);
        assert_eq!(error("ftp://www.example.test/a"), TargetError::Scheme);
        assert_eq!(error("http:///a"), TargetError::Invalid("invalid format".into()));
        assert_eq!(error("http://bücher.test/a"), TargetError::Host);
        assert_eq!(error("http://user:secret@a.test/"), TargetError::Credentials);
        assert_eq!(error("http://a.test/a b"), TargetError::Character(' '));
        assert_eq!(error("http://a.test/a\u{1}b"), TargetError::Character('\u{1}'));
        let long = format!("http://a.test/{}", "x".repeat(9000));
        assert_eq!(error(&long), TargetError::TooLong(long.len()));
    }

    proptest! {
        /// What was taken once is taken again, and is the same: the list of a job can be stored as text.
        #[test]
        fn a_target_survives_being_written_down(text in "(http|https)://[a-z.:@\\[\\]]{0,12}/?\\PC{0,40}") {
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(Target::parse(&target.to_string()), Ok(target));
            }
        }
    }
}
