//! Where an edge is, and how it wants to be asked.

use std::sync::Arc;

use bytes::Bytes;
use forebay_net::client::{Endpoint, TargetForm};
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::kind::EdgeKind;
use super::name::EdgeName;
use crate::failure::{Failure, FailureClass};
use crate::target::Target;

/// An edge as somebody names it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EdgeSpec {
    /// How results call it.
    pub name: EdgeName,
    /// What it is; `None` to find out.
    pub kind: Option<EdgeKind>,
    /// What is special about requests to it.
    pub overrides: Arc<RequestOverrides>,
    /// Whose certificate it has to show.
    pub tls_name: TlsName,
    endpoint: Endpoint,
    is_tls: bool,
}

/// Whose certificate an edge has to show, where TLS is spoken with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TlsName {
    /// That of the URL's public host, as the clients see it.
    #[default]
    Public,
    /// That of the edge's own address.
    Edge,
    /// That of this name.
    Fixed(Box<str>),
}

impl TlsName {
    /// What a word stands for: `public`, `edge`, or a name.
    pub fn of(word: &str) -> Self {
        match word {
            "public" => Self::Public,
            "edge" => Self::Edge,
            name => Self::Fixed(name.into()),
        }
    }
}

/// What is special about requests to an edge.
#[derive(Clone, Debug, Default)]
pub struct RequestOverrides {
    /// The method of a purge, if it is not `PURGE`.
    pub purge_method: Option<Method>,
    /// The body of a purge.
    pub purge_body: Bytes,
    /// `Host`, if it is not the URL's.
    pub host: Option<HeaderValue>,
    /// Fields of every request; `User-Agent` among them replaces ours.
    pub headers: HeaderMap,
}

/// A text that is no edge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an edge: write it as http://HOST:PORT or https://HOST:PORT, without a path")]
pub struct EdgeSpecError {
    text: String,
}

impl EdgeSpec {
    /// The edge at `http://HOST:PORT` or `https://HOST:PORT`, called by its host and port.
    ///
    /// # Errors
    ///
    /// [`EdgeSpecError`] if the text is not of that form.
    pub fn parse(text: &str, form: TargetForm) -> Result<Self, EdgeSpecError> {
        // What may be a password is not shown.
        let shown = text.rsplit('@').next().unwrap_or(text);
        let wrong = || EdgeSpecError { text: shown.to_owned() };
        let address: Uri = text.trim().parse().map_err(|_| wrong())?;
        let is_bare = matches!(address.path(), "" | "/") && address.query().is_none();
        let authority = address.authority().filter(|authority| !authority.as_str().contains('@'));
        let (Some(authority), true) = (authority, is_bare) else { return Err(wrong()) };
        let endpoint = Endpoint::new(&address, form).map_err(|_| wrong())?;
        Ok(Self {
            name: authority.as_str().parse().map_err(|_| wrong())?,
            kind: None,
            overrides: Arc::default(),
            tls_name: TlsName::Public,
            endpoint,
            is_tls: address.scheme_str() == Some("https"),
        })
    }

    /// Whether TLS is spoken with it.
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Where requests for this URL go.
    pub(crate) fn endpoint(&self, target: &Target) -> Endpoint {
        match (&self.tls_name, self.is_tls) {
            (TlsName::Public, true) => self.endpoint.named(target.uri().host().unwrap_or_default()),
            (TlsName::Fixed(name), true) => self.endpoint.named(name),
            (TlsName::Edge, _) | (_, false) => self.endpoint.clone(),
        }
    }

    /// The method of a purge.
    ///
    /// # Errors
    ///
    /// `Unsupported`: this kind of edge would do something else with it.
    pub(crate) fn purge_method(&self, kind: EdgeKind) -> Result<Method, Failure> {
        let unsaid = if self.kind.is_none() { kind.purge_unsaid() } else { None };
        match (&self.overrides.purge_method, kind.purge_refused().or(unsaid)) {
            (Some(method), _) => Ok(method.clone()),
            (None, Some(why)) => Err(Failure::new(FailureClass::Unsupported, why)),
            (None, None) => Method::from_bytes(b"PURGE")
                .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_an_address_and_nothing_more() {
        let edge = |text| EdgeSpec::parse(text, TargetForm::Origin);
        assert_eq!(edge("http://10.0.0.1:8080").unwrap().name.as_str(), "10.0.0.1:8080");
        assert_eq!(edge("https://[2001:db8::1]/").unwrap().name.as_str(), "[2001:db8::1]");
        for wrong in
            ["10.0.0.1:8080", "http://a.test/path", "http://a.test/?q", "ftp://a.test", "", "http://"]
        {
            assert!(edge(wrong).is_err(), "{wrong}");
        }
        let shown = edge("http://user:secret@a.test/").unwrap_err().to_string();
        assert!(!shown.contains("secret"), "{shown}");
    }
}
