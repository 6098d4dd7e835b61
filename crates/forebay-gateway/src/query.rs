//! The few query parameters that change what is sent: `?download`, `?archive=`, and those of
//! listings. Anything else in a query is somebody else's and is ignored.

use std::borrow::Cow;

/// What a query asks for beside the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// `download`: send as an attachment. `download=name`: under this name, as decoded bytes.
    pub download: Option<Vec<u8>>,
    /// `archive=tar|zip`: the whole folder as one file.
    pub archive: Option<Archive>,
    /// `format=json|html`: a listing in this form, whatever `Accept` says.
    pub format: Option<Format>,
    /// `sort=name|size|modified`.
    pub sort: Sort,
    /// `order=asc|desc`.
    pub order: Order,
    /// `after=`: the cursor that the page before ended with.
    pub after: Option<Vec<u8>>,
    /// `limit=`: at most this many entries on the page.
    pub limit: Option<u32>,
}

/// The form of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Archive {
    /// POSIX.1-2001 tar (pax).
    Tar,
    /// zip, stored, zip64 where needed.
    Zip,
}

/// The form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    Html,
    /// For programs.
    Json,
}

/// By what a listing is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Byte order of names.
    #[default]
    Name,
    /// Length.
    Size,
    /// Time of last change.
    Modified,
}

/// Which end of a listing comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest, oldest, A first.
    #[default]
    Ascending,
    /// Largest, newest, Z first.
    Descending,
}

impl Archive {
    /// The value in the query, and the extension of the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::Zip => "zip",
        }
    }
}

impl Query {
    /// Reads a query string. Never fails: an unknown value is as good as none.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let mut found = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "download" => found.download = Some(form_decode(value).into_owned()),
                "archive" => {
                    found.archive = match value {
                        "tar" => Some(Archive::Tar),
                        "zip" => Some(Archive::Zip),
                        _ => None,
                    }
                }
                "format" => {
                    found.format = match value {
                        "json" => Some(Format::Json),
                        "html" => Some(Format::Html),
                        _ => None,
                    }
                }
                "sort" => {
                    found.sort = match value {
                        "size" => Sort::Size,
                        "modified" => Sort::Modified,
                        _ => Sort::Name,
                    }
                }
                "order" => found.order = if value == "desc" { Order::Descending } else { Order::Ascending },
                "after" if !value.is_empty() => found.after = Some(form_decode(value).into_owned()),
                "limit" => found.limit = value.parse().ok().filter(|&limit| limit > 0),
                _ => {}
            }
        }
        found
    }
}

/// Decodes `+` and `%xx`. A `%` that is no escape stands for itself, as browsers have it.
fn form_decode(value: &str) -> Cow<'_, [u8]> {
    if !value.bytes().any(|b| matches!(b, b'+' | b'%')) {
        return Cow::Borrowed(value.as_bytes());
    }
    let spaced: Vec<u8> = value.bytes().map(|b| if b == b'+' { b' ' } else { b }).collect();
    Cow::Owned(percent_encoding::percent_decode(&spaced).collect())
}
