//! What is stored beside the bytes: the fields of a PUT that describe its representation.

use forebay_store::remote::Attributes;
use http::HeaderMap;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES, HeaderName,
};

use crate::error::Failure;

/// Fields that begin with this are the user's own. S3's name for them, which its clients know.
const USER: &str = "x-amz-meta-";
/// What S3 takes of them.
const USER_BYTES_MAX: usize = 2048;

/// Reads them from a head.
pub(super) fn of(headers: &HeaderMap) -> Result<Attributes, Failure> {
    let text = |name: HeaderName| -> Result<Option<Box<str>>, Failure> {
        headers
            .get(name)
            .map(|value| value.to_str().map(Box::from))
            .transpose()
            .map_err(|_| Failure::BadRequest)
    };
    let mut user = Vec::new();
    let mut len = 0;
    for (name, value) in headers {
        if let Some(name) = name.as_str().strip_prefix(USER) {
            let value = value.to_str().map_err(|_| Failure::BadRequest)?;
            len += name.len() + value.len();
            if len > USER_BYTES_MAX || name.is_empty() {
                return Err(Failure::BadRequest);
            }
            user.push((name.into(), value.into()));
        }
    }
    user.sort();
    Ok(Attributes {
        content_type: text(CONTENT_TYPE)?,
        cache_control: text(CACHE_CONTROL)?,
        content_disposition: text(CONTENT_DISPOSITION)?,
        content_encoding: text(CONTENT_ENCODING)?,
        content_language: text(CONTENT_LANGUAGE)?,
        expires: text(EXPIRES)?,
        user,
        ..Attributes::default()
    })
}
