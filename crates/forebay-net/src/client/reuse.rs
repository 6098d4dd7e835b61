//! Whether a connection may carry another request (RFC 9112 §9.3).

use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{Version, response};

use super::counted::After;

/// What the head of a response says about its connection; `len` is the length of its body, where that is known.
pub(super) fn after(head: &response::Parts, len: Option<u64>) -> After {
    let says = |word: &str| {
        let values = head.headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
    };
    let persists = match head.version {
        Version::HTTP_11 => !says("close"),
        Version::HTTP_10 => says("keep-alive") && !says("close"),
        _ => false,
    };
    // A body without a length and without chunks ends with its connection.
    let has_end = len.is_some() || head.headers.contains_key(TRANSFER_ENCODING);
    if persists && has_end { After::Shelve } else { After::Close }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(version: Version, headers: &[(&'static str, &'static str)]) -> response::Parts {
        let mut response = http::Response::builder().version(version);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_connection_persists_where_both_the_version_and_the_framing_allow_it() {
        let (one, zero) = (Version::HTTP_11, Version::HTTP_10);
        assert_eq!(after(&parts(one, &[]), Some(1)), After::Shelve);
        assert_eq!(after(&parts(one, &[("connection", "x, Close")]), Some(1)), After::Close);
        assert_eq!(after(&parts(one, &[]), None), After::Close);
        assert_eq!(after(&parts(one, &[("transfer-encoding", "chunked")]), None), After::Shelve);
        assert_eq!(after(&parts(zero, &[]), Some(1)), After::Close);
        assert_eq!(after(&parts(zero, &[("connection", "keep-alive")]), Some(1)), After::Shelve);
        let both = [("connection", "keep-alive"), ("connection", "close")];
        assert_eq!(after(&parts(zero, &both), Some(1)), After::Close);
    }
}
