//! From a key to a URL, and back to something that may be shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::remote::ObjectKey;
use crate::{StoreError, StoreErrorKind};

/// What would mean something else in a path. The backslash is a slash to URL parsers, `%` would be read as an escape.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Why a URL cannot be the base of an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// The scheme is another.
    #[error("an origin is an http:// or https:// URL, and not {0}:")]
    Scheme(String),
    /// There is no host.
    #[error("the URL of an origin names a host, as in https://host/path")]
    Host,
    /// Its user name or password cannot be sent.
    #[error("the user name or password in the URL holds what cannot be sent")]
    Credentials,
}

/// Where keys are.
pub(super) struct Target {
    /// Without credentials and fragment.
    base: Url,
    scope: Scope,
    place: String,
    /// The credentials that the URL held.
    pub(super) authorization: Option<HeaderValue>,
}

enum Scope {
    Tree,
    Exact,
}

impl Target {
    /// All below `base`, which counts as a directory.
    pub(super) fn tree(mut base: Url) -> Result<Self, BaseError> {
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Self::new(base, Scope::Tree)
    }

    /// One URL, byte for byte, and a name for what is there.
    pub(super) fn exact(url: Url) -> Result<(Self, ObjectKey), BaseError> {
        let target = Self::new(url, Scope::Exact)?;
        let last =
            target.base.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        let name = percent_decode_str(last).decode_utf8_lossy().into_owned();
        let key = ObjectKey::new(name).or_else(|_| ObjectKey::new("index"));
        Ok((target, key.map_err(|_| BaseError::Host)?))
    }

    fn new(mut base: Url, scope: Scope) -> Result<Self, BaseError> {
        if !matches!(base.scheme(), "http" | "https") {
            return Err(BaseError::Scheme(base.scheme().to_owned()));
        }
        if !base.has_host() {
            return Err(BaseError::Host);
        }
        let authorization = authorization(&base)?;
        let _ = base.set_username("");
        let _ = base.set_password(None);
        base.set_fragment(None);
        let place = base.origin().ascii_serialization();
        Ok(Self { base, scope, place, authorization })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) const fn is_tree(&self) -> bool {
        matches!(self.scope, Scope::Tree)
    }

    /// The URL of a key. A segment of dots has no URL that means it: it would be taken for another directory.
    pub(super) fn url(&self, key: &ObjectKey) -> Result<Url, StoreError> {
        if matches!(self.scope, Scope::Exact) || key.as_str() == "/" {
            return Ok(self.base.clone());
        }
        if key.as_str().split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(StoreError::with_cause(
                StoreErrorKind::Invalid,
                "a web server cannot be asked for a path with a segment of dots",
            ));
        }
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), utf8_percent_encode(key.as_str(), PATH)));
        Ok(url)
    }
}

/// A URL for messages: queries hold tokens.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn authorization(url: &Url) -> Result<Option<HeaderValue>, BaseError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let pair = [&decoded(url.username())[..], b":", &decoded(url.password().unwrap_or_default())].concat();
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair)))
        .map_err(|_| BaseError::Credentials)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;
    use url::Url;

    use super::{BaseError, Target, shown};
    use crate::remote::ObjectKey;

    fn tree(base: &str) -> Target {
        Target::tree(Url::parse(base).unwrap()).unwrap()
    }

    fn url(base: &str, key: &str) -> String {
        tree(base).url(&ObjectKey::new(key).unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_key_is_a_path_below_the_base() {
        assert_eq!(url("http://h", "a/b c"), "http://h/a/b%20c");
        assert_eq!(url("http://h:81/base?token=1", "ü?#%2e"), "http://h:81/base/%C3%BC%3F%23%252e?token=1");
        assert_eq!(url("http://h/", "a\\..\\b//c"), "http://h/a%5C..%5Cb//c");
        assert_eq!((&*url("http://h/b", "/"), &*url("http://h/b", "a/")), ("http://h/b/", "http://h/b/a/"));
    }

    #[test]
    fn a_segment_of_dots_leads_nowhere() {
        for key in ["..", "a/../../b", "./a", "a/."] {
            assert!(tree("http://h/base").url(&ObjectKey::new(key).unwrap()).is_err(), "{key}");
        }
    }

    #[test]
    fn credentials_go_into_their_field_and_are_shown_nowhere() {
        let target = tree("https://us%40er:s%3Acret@h/base?token=1#x");
        assert_eq!(target.authorization.as_ref().unwrap(), "Basic dXNAZXI6czpjcmV0");
        assert!(!format!("{:?}", target.authorization).contains("dXN"));
        let asked = target.url(&ObjectKey::new("a").unwrap()).unwrap();
        assert_eq!((target.place(), &*shown(&asked)), ("https://h", "https://h/base/a"));
        assert_eq!(asked.as_str(), "https://h/base/a?token=1");
    }

    #[test]
    fn a_base_is_a_web_server() {
        let refused = |base| Target::tree(Url::parse(base).unwrap()).err();
        assert_eq!(refused("ftp://h/"), Some(BaseError::Scheme("ftp".into())));
        assert_eq!(refused("data:x"), Some(BaseError::Scheme("data".into())));
    }

    #[test]
    fn one_url_stays_as_it_is() {
        let (target, key) = Target::exact(Url::parse("http://h/a%2Fb?x=1").unwrap()).unwrap();
        assert_eq!(target.url(&key).unwrap().as_str(), "http://h/a%2Fb?x=1");
        assert_eq!(key.as_str(), "a/b");
        assert_eq!(Target::exact(Url::parse("http://h/").unwrap()).unwrap().1.as_str(), "index");
    }

    proptest! {
        #[test]
        fn the_path_decodes_to_base_and_key(key in "\\PC{1,40}|[\\x00-\\x7f]{1,40}") {
            prop_assume!(key != "/");
            let key = ObjectKey::new(key).unwrap();
            if let Ok(url) = tree("http://h/base/").url(&key) {
                let decoded = percent_decode_str(url.path()).decode_utf8().unwrap().into_owned();
                prop_assert_eq!(decoded, format!("/base/{}", key.as_str()));
                prop_assert_eq!((url.query(), url.fragment(), url.host_str()), (None, None, Some("h")));
            }
        }
    }
}
