//! The listing for people: a table that needs no script, sorts by links, follows the light or dark of
//! its reader and folds to two lines a row on a phone.
//!
//! Everything that comes from names or queries passes through maud's escaping or percent-encoding. The
//! page may load nothing and run nothing: its policy allows the one style sheet in it, by hash.

use std::sync::LazyLock;

use forebay_budget::ByteSize;
use forebay_store::{Entry, Kind};
use http::HeaderValue;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use sha2::{Digest, Sha256};

use super::time::{rfc3339, short};
use super::{Archives, Page};
use crate::path::encode_segment;
use crate::query::{Order, Query, Sort};

const STYLE: &str = include_str!("style.css");

/// Steps of the way down that are shown.
const CRUMBS_MAX: usize = 12;

/// Two drawings, used by reference: 64 bytes a row instead of 300.
const SHAPES: &str = concat!(
    r#"<svg hidden xmlns="http://www.w3.org/2000/svg">"#,
    r#"<symbol id="d" viewBox="0 0 20 20"><path d="M2 5.5A1.5 1.5 0 0 1 3.5 4h4l2 2h7A1.5 1.5 0 0 1 18 7.5v7a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 2 14.5z"/></symbol>"#,
    r#"<symbol id="f" viewBox="0 0 20 20"><path fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round" d="M5 2.5h6.5L15.5 6.5v11H5zM11.5 2.5v4h4"/></symbol>"#,
    "</svg>"
);

/// `Content-Security-Policy`: nothing but the style sheet.
pub(super) fn policy() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            base64(&Sha256::digest(STYLE))
        );
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    });
    POLICY.clone()
}

/// All up to the first row.
pub(super) fn start(about: &Page, is_empty: bool, to: &mut String) {
    let path = String::from_utf8_lossy(about.key.as_bytes());
    let name = path.rsplit('/').next().filter(|name| !name.is_empty());
    html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\"><head>"))
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        title { (name.unwrap_or("Index")) }
        style { (PreEscaped(STYLE)) }
        (PreEscaped("</head><body>"))
        (PreEscaped(SHAPES))
        header {
            h1 { (breadcrumbs(about)) }
            @if about.archives == Archives::Offered && !is_empty {
                p.as-one { "Download all as " a href="?archive=tar" { "tar" } " or " a href="?archive=zip" { "zip" } }
            }
        }
        (PreEscaped("<main><table><thead><tr>"))
        (column(&about.query, Sort::Name, "Name", "name"))
        (column(&about.query, Sort::Size, "Size", "size"))
        (column(&about.query, Sort::Modified, "Modified (UTC)", "time"))
        (PreEscaped("</tr></thead><tbody>"))
        @if !about.key.is_root() && about.query.after.is_none() {
            tr { td.name colspan="3" { a href="../" aria-label="Parent folder" { (icon("d")) span { ".." } } } }
        }
        @if is_empty && about.query.after.is_none() {
            tr { td.empty colspan="3" { "This folder is empty." } }
        }
    }
    .render_to(to);
}

pub(super) fn row(entry: &Entry, to: &mut String) {
    let name = String::from_utf8_lossy(&entry.name);
    let is_directory = entry.kind == Kind::Directory;
    let slash = if is_directory { "/" } else { "" };
    let href = format!("./{}{slash}", encode_segment(&entry.name));
    let modified = entry.modified.map(rfc3339);
    html! {
        tr {
            td.name {
                a href=(href) { (icon(if is_directory { "d" } else { "f" })) span { (name) (slash) } }
            }
            td.size {
                @if !is_directory { data value=(entry.len) title={ (entry.len) " bytes" } { (size(entry.len)) } }
            }
            td.time { @if let Some(at) = &modified { time datetime=(at) { (short(at)) } } }
        }
    }
    .render_to(to);
}

/// All behind the last row.
pub(super) fn end(about: &Page, to: &mut String) {
    html! {
        (PreEscaped("</tbody></table>"))
        @if about.next.is_some() || about.query.after.is_some() {
            nav {
                @if about.query.after.is_some() { a href=(link(&about.query, None)) { "First page" } }
                @if let Some(next) = &about.next {
                    a.next rel="next" href=(link(&about.query, Some(&next.to_string()))) { "Next page" }
                }
            }
        }
        (PreEscaped("</main></body></html>\n"))
    }
    .render_to(to);
}

/// The way down to here. Of a very deep one the last few steps: each leads up by one `../` for each step below it, so all of
/// them would be long as the square of the depth.
fn breadcrumbs(about: &Page) -> Markup {
    let depth = about.key.segments().count();
    let left_out = depth.saturating_sub(CRUMBS_MAX);
    let up = |from: usize| if from == depth { "./".to_owned() } else { "../".repeat(depth - from) };
    html! {
        a href=(up(0)) { "Home" }
        @if left_out > 0 { span.sep { "/" } "…" }
        @for (at, segment) in about.key.segments().enumerate().skip(left_out) {
            span.sep { "/" }
            @if at + 1 == depth {
                span.at aria-current="page" { (String::from_utf8_lossy(segment)) }
            } @else {
                a href=(up(at + 1)) { (String::from_utf8_lossy(segment)) }
            }
        }
    }
}

/// A heading that sorts by its column, and the other way round when it already does. Sizes and times
/// begin with the largest: that is what they are sorted for.
fn column(query: &Query, sort: Sort, title: &str, class: &str) -> Markup {
    let is_current = query.sort == sort;
    let order = match (is_current, query.order, sort) {
        (true, Order::Ascending, _) | (false, _, Sort::Size | Sort::Modified) => Order::Descending,
        (true, Order::Descending, _) | (false, _, Sort::Name) => Order::Ascending,
    };
    let state = match (is_current, query.order) {
        (false, _) => None,
        (true, Order::Ascending) => Some("ascending"),
        (true, Order::Descending) => Some("descending"),
    };
    let target = Query { sort, order, limit: query.limit, format: query.format, ..Query::default() };
    html! {
        th scope="col" class=(class) aria-sort=[state] { a href=(link(&target, None)) { (title) } }
    }
}

/// The query of another page of this listing. Every value is one of ours, a number, or a cursor in hex.
fn link(query: &Query, after: Option<&str>) -> String {
    let sort = match query.sort {
        Sort::Name => "name",
        Sort::Size => "size",
        Sort::Modified => "modified",
    };
    let order = match query.order {
        Order::Ascending => "asc",
        Order::Descending => "desc",
    };
    let mut link = format!("?sort={sort}&order={order}");
    if let Some(limit) = query.limit {
        link.push_str(&format!("&limit={limit}"));
    }
    if query.format.is_some() {
        link.push_str("&format=html");
    }
    if let Some(after) = after {
        link.push_str(&format!("&after={after}"));
    }
    link
}

fn icon(shape: &str) -> Markup {
    html! { svg aria-hidden="true" class=(shape) { (PreEscaped("<use href=\"#")) (shape) (PreEscaped("\"/>")) } }
}

/// `1.4 MiB`: three digits are what an eye compares.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < ByteSize::kib(1).as_u64() {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = if value < 99.95 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit])
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, size};

    #[test]
    fn sizes_have_three_digits() {
        let rows = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (102_400, "100 KiB"),
            (1_023_488, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, text) in rows {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn base64_as_in_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
