//! The frame of every page: one style sheet inline, no script, nothing fetched from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Inline styles are all that a page may use (see the policy in `admission`).
const STYLE: &str = include_str!("page.css");

/// The places that every page links to.
const PLACES: [(&str, &str); 8] = [
    ("/", "console"),
    ("/memory", "memory"),
    ("/transfers", "transfers"),
    ("/metrics", "metrics"),
    ("/config", "config"),
    ("/debug/pprof/", "profiles"),
    ("/readyz", "ready"),
    ("/healthz", "health"),
];

/// A whole page.
pub(crate) fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " · forebay" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                nav {
                    @for (place, name) in PLACES {
                        a href=(place) aria-current=[(name == title).then_some("page")] { (name) }
                    }
                }
                main {
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}
