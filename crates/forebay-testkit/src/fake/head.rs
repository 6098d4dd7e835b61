//! A request's head, kept as it came, with its path and query understood.

use std::io;

use percent_encoding::percent_decode_str;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// The method.
    pub method: String,
    /// What was asked for, as it was sent: a path with a query, or a whole URL.
    pub target: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// Names and values of the query, decoded.
    pub query: Vec<(String, String)>,
    /// Names in lower case, and values.
    pub fields: Vec<(String, String)>,
}

impl RequestHead {
    /// The first field of this (lower-case) name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first value of this name in the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The path, decoded.
    #[must_use]
    pub fn decoded_path(&self) -> String {
        decode(&self.path)
    }

    /// The host that was asked: that of the URL, or else of `Host`.
    #[must_use]
    pub fn host(&self) -> &str {
        let whole = self.target.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
        whole.or_else(|| self.field("host")).unwrap_or_default()
    }

    /// The path with its query, as it was sent.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        origin_form(&self.target)
    }

    /// Takes what stands before the empty line.
    pub(crate) fn parse(bytes: &[u8]) -> io::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request line"));
        };
        let (path, query) = origin_form(target).split_once('?').unwrap_or((origin_form(target), ""));
        Ok(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            path: path.to_owned(),
            query: query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect(),
            fields: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
        })
    }
}

/// A request through a proxy names the whole URL.
fn origin_form(target: &str) -> &str {
    match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    }
}

fn pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (decode(name), decode(&value.replace('+', " ")))
}

pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_understood_in_both_forms() {
        let text =
            b"GET http://127.0.0.1:1/b/a%2Fb?list-type=2&prefix=x%20y&acl HTTP/1.1\r\nIf-Match: \"a:b\"";
        let head = RequestHead::parse(text).unwrap();
        assert_eq!((head.path.as_str(), head.decoded_path().as_str()), ("/b/a%2Fb", "/b/a/b"));
        assert_eq!((head.query("prefix"), head.query("acl")), (Some("x y"), Some("")));
        assert_eq!(head.field("if-match"), Some("\"a:b\""));
        assert_eq!((head.host(), &head.path_and_query()[..9]), ("127.0.0.1:1", "/b/a%2Fb?"));
        let head = RequestHead::parse(b"GET /b?c=%20 HTTP/1.1\r\nHost: www.example.test").unwrap();
        assert_eq!((head.host(), head.path_and_query()), ("www.example.test", "/b?c=%20"));
    }
}
