//! Where an answer sends us, and whether we go.
//!
//! Not from `https` to `http`: what was to be secret would be sent, and believed, in the clear. Not in a circle, and not for ever:
//! that is counted by whoever follows.

use http::StatusCode;
use http::header::{HeaderMap, LOCATION};
use url::Url;

use crate::{StoreError, StoreErrorKind};

/// The URL to go to; `None` if the answer is one to keep.
pub(super) fn next(from: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Option<Url>, StoreError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(mut to) = location.and_then(|location| from.join(location).ok()) else {
        return Err(refused(format!("{status} without a valid Location")));
    };
    if !matches!(to.scheme(), "http" | "https") || !to.has_host() {
        return Err(refused(format!("{status} to what is no web server ({}:)", to.scheme())));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(refused(format!("{status} from https to http, which is not followed")));
    }
    // Credentials in a redirect would be somebody else's choice.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    to.set_fragment(None);
    Ok(Some(to))
}

/// Whether it leads to the same name with a slash, which is how web servers say that a name is a directory's.
pub(super) fn adds_a_slash(from: &Url, to: &Url) -> bool {
    from.origin() == to.origin() && to.path().strip_suffix('/') == Some(from.path())
}

fn refused(cause: String) -> StoreError {
    StoreError::with_cause(StoreErrorKind::Invalid, cause)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http::header::{HeaderMap, LOCATION};
    use url::Url;

    use super::next;

    fn go(from: &str, location: &str) -> Result<Option<String>, String> {
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        next(&Url::parse(from).unwrap(), StatusCode::FOUND, &headers)
            .map(|to| to.map(|to| to.to_string()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_location_is_relative_to_where_it_was_met() {
        let to = |location| go("https://a/b/c?d#e", location).unwrap().unwrap();
        assert_eq!(to("f"), "https://a/b/f");
        assert_eq!(to("/f?g"), "https://a/f?g");
        assert_eq!(to("//h/i"), "https://h/i");
        assert_eq!(to("https://user:secret@h/i#j"), "https://h/i");
        assert_eq!(go("http://a/", "https://a/").unwrap().unwrap(), "https://a/");
    }

    #[test]
    fn it_leads_to_no_lesser_place() {
        for location in
            ["http://a/b", "ftp://a/", "file:///etc/passwd", "javascript:1", "https://", "http://["]
        {
            assert!(go("https://a/", location).is_err(), "{location}");
        }
    }
}
