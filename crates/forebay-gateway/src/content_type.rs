//! `Content-Type` by extension, and which types are worth compressing.
//!
//! Bytes are never sniffed: the same name always has the same type, and `nosniff` asks browsers to
//! do likewise. Text is sent as UTF-8, which is what text files are today.

use http::HeaderValue;

/// What the extension of a name says about its bytes.
#[derive(Clone, Debug)]
pub struct ContentType {
    /// The value of the header.
    pub value: HeaderValue,
    /// Shrinks when compressed: text, markup, scripts, some fonts and images.
    pub compressible: bool,
}

/// The type of an object by its name: `application/octet-stream` when the extension says nothing.
#[must_use]
pub fn of(name: &[u8]) -> ContentType {
    let essence = extension(name).and_then(|ext| mime_guess::from_ext(ext).first_raw());
    let Some(essence) = essence else {
        let value = HeaderValue::from_static("application/octet-stream");
        return ContentType { value, compressible: false };
    };
    ContentType { value: with_charset(essence), compressible: is_compressible(essence) }
}

impl ContentType {
    /// A type that is stored with an object, as it is; `None` if it cannot be sent.
    #[must_use]
    pub fn stored(value: &str) -> Option<Self> {
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(Self { value: HeaderValue::try_from(value).ok()?, compressible: is_compressible(&essence) })
    }
}

fn extension(name: &[u8]) -> Option<&str> {
    let file = name.rsplit(|&b| b == b'/').next()?;
    let dot = file.iter().rposition(|&b| b == b'.').filter(|&dot| dot > 0)?;
    std::str::from_utf8(&file[dot + 1..]).ok()
}

fn with_charset(essence: &'static str) -> HeaderValue {
    match essence {
        "text/html" => HeaderValue::from_static("text/html; charset=utf-8"),
        "text/plain" => HeaderValue::from_static("text/plain; charset=utf-8"),
        "text/css" => HeaderValue::from_static("text/css; charset=utf-8"),
        "text/javascript" | "application/javascript" => {
            HeaderValue::from_static("text/javascript; charset=utf-8")
        }
        _ if essence.starts_with("text/") => HeaderValue::try_from(format!("{essence}; charset=utf-8"))
            .unwrap_or(HeaderValue::from_static(essence)),
        _ => HeaderValue::from_static(essence),
    }
}

fn is_compressible(essence: &str) -> bool {
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    match kind {
        "text" => true,
        "application" => {
            matches!(
                subtype,
                "javascript"
                    | "json"
                    | "xml"
                    | "wasm"
                    | "rtf"
                    | "x-sh"
                    | "x-sql"
                    | "sql"
                    | "toml"
                    | "x-yaml"
                    | "manifest+json"
                    | "x-ndjson"
                    | "x-tex"
                    | "x-javascript"
            ) || subtype.ends_with("+json")
                || subtype.ends_with("+xml")
        }
        "image" => matches!(subtype, "svg+xml" | "bmp" | "x-icon" | "vnd.microsoft.icon"),
        "font" => matches!(subtype, "ttf" | "otf" | "sfnt" | "collection"),
        _ => false,
    }
}
