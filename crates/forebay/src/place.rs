//! Where something is: `s3://bucket/key`, `https://host/path`, a path of this machine, or `-`.
//!
//! A key is text as it stands: nothing in it is decoded, joined or cleaned, because `a//b`, `../a` and `50%25` are names of objects.
//! The address of a web server may carry a secret (a signature in its query, a password before its host); it is kept for the
//! request and has no part in anything that is printed.

#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    fmt,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use forebay_s3::{BucketName, BucketNameError};
use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

/// Where something is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a bucket.
    S3(S3Place),
    /// On a web server.
    Web(Url),
    /// On this machine.
    Local(PathBuf),
    /// Standard input or standard output.
    Stream,
}

/// A bucket, and what keys in it begin with or are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Place {
    pub(crate) bucket: BucketName,
    /// Empty for the bucket itself.
    pub(crate) key: String,
}

/// A text that names no place. One line, with what would.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PlaceError {
    #[error("nothing was named: write s3://BUCKET/KEY, https://HOST/PATH or a path")]
    Empty,
    #[error(
        "`{scheme}://` is no place that forebay knows: write s3://BUCKET/KEY, http(s)://HOST/PATH, file:///PATH or a path (./{scheme}:… for a file of that name)"
    )]
    Scheme { scheme: String },
    #[error("`{shown}` names no bucket: write s3://BUCKET/KEY")]
    NoBucket { shown: String },
    #[error("`{shown}` is {problem}")]
    Bucket { shown: String, problem: BucketNameError },
    #[error("`{shown}`: {problem}")]
    Address { shown: String, problem: String },
    #[error("`file://{host}/…` is a file of another machine: write file:///PATH or a path")]
    OtherMachine { host: String },
}

impl Place {
    /// Reads a place as people write it.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, PlaceError> {
        if text.is_empty() {
            return Err(PlaceError::Empty);
        }
        // Only a path may be something else than UTF-8.
        let Some(words) = text.to_str() else { return Ok(Self::Local(text.into())) };
        if words == "-" {
            return Ok(Self::Stream);
        }
        let Some((scheme, rest)) = words.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return Ok(Self::Local(words.into()));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "s3" => S3Place::parse(rest).map(Self::S3),
            "http" | "https" => web(words),
            "file" => file(rest),
            _ => Err(PlaceError::Scheme { scheme: escaped(scheme) }),
        }
    }

    /// Whether its name says that it is a directory, whatever is there.
    pub(crate) fn is_directory_like(&self) -> bool {
        match self {
            Self::S3(place) => place.key.is_empty() || place.key.ends_with('/'),
            Self::Web(url) => url.path().ends_with('/'),
            Self::Local(path) => ends_with_slash(path) || path.as_os_str() == "." || path.ends_with(".."),
            Self::Stream => false,
        }
    }

    /// The last part of its name: what a copy of it is called in a directory.
    pub(crate) fn name(&self) -> Option<OsString> {
        let last = |text: &str| text.rsplit('/').next().filter(|name| !name.is_empty()).map(OsString::from);
        match self {
            Self::S3(place) => last(&place.key),
            Self::Web(url) => {
                let name = url.path_segments()?.next_back().filter(|name| !name.is_empty())?;
                Some(decoded(name))
            }
            Self::Local(path) => path.file_name().map(OsStr::to_owned),
            Self::Stream => None,
        }
    }
}

impl S3Place {
    /// Reads `bucket/key`, `bucket/` or `bucket`.
    fn parse(text: &str) -> Result<Self, PlaceError> {
        let (bucket, key) = text.split_once('/').unwrap_or((text, ""));
        if bucket.is_empty() {
            return Err(PlaceError::NoBucket { shown: escaped(&format!("s3://{text}")) });
        }
        let name = BucketName::new(bucket)
            .map_err(|problem| PlaceError::Bucket { shown: escaped(bucket), problem })?;
        Ok(Self { bucket: name, key: key.to_owned() })
    }
}

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, escaped(&self.key))
    }
}

/// For people: without query, fragment, name and password, and with control characters escaped.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3(place) => place.fmt(f),
            Self::Web(url) => f.write_str(&shown(url)),
            Self::Local(path) => f.write_str(&escaped(&path.to_string_lossy())),
            Self::Stream => f.write_str("-"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// What is served, as it may be shown.
pub(crate) fn served(root: &Path) -> String {
    Place::parse(root.as_os_str()).map_or_else(|_| root.display().to_string(), |place| place.to_string())
}

/// A web address as it may be shown.
pub(crate) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// Control characters as they are written in Rust, so that no name moves the cursor of a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn web(text: &str) -> Result<Place, PlaceError> {
    let before_query = text.split(['?', '#']).next().unwrap_or_default();
    let harmless = before_query.rsplit_once('@').map_or(before_query, |(_, behind)| behind);
    match Url::parse(text) {
        Ok(url) if url.has_host() => Ok(Place::Web(url)),
        Ok(_) => Err(PlaceError::Address { shown: escaped(harmless), problem: "it has no host".to_owned() }),
        Err(error) => Err(PlaceError::Address { shown: escaped(harmless), problem: error.to_string() }),
    }
}

fn file(rest: &str) -> Result<Place, PlaceError> {
    match rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest) {
        path if path.starts_with('/') => Ok(Place::Local(decoded(path).into())),
        other => {
            let host = other.split('/').next().unwrap_or_default();
            Err(PlaceError::OtherMachine { host: escaped(host) })
        }
    }
}

/// Percent-encoded bytes as they are.
fn decoded(text: &str) -> OsString {
    OsString::from_vec(percent_decode_str(text).collect())
}

fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}
