//! Text, JSON or HTML: proactive negotiation (RFC 9110 §12.5.1), reduced to what three forms need.

use axum::extract::Request;
use http::header;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
    Html,
}

impl Form {
    /// What this request wants.
    pub(crate) fn of(request: &Request) -> Self {
        let asked = request
            .uri()
            .query()
            .and_then(|query| query.split('&').find_map(|pair| Self::named(pair.strip_prefix("format=")?)));
        let accept = || request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        asked.unwrap_or_else(|| accept().map_or(Self::Text, Self::preferred))
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            "html" => Some(Self::Html),
            _ => None,
        }
    }

    /// The named type of the highest weight, the first of equals; text when none of ours is named.
    fn preferred(accept: &str) -> Self {
        let mut best = (Self::Text, 0.0_f32);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let form = match parts.next() {
                Some("application/json") => Self::Json,
                Some("text/html") => Self::Html,
                Some("text/plain") => Self::Text,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if weight > best.1 {
                best = (form, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn the_heaviest_named_type_wins() {
        assert_eq!(Form::preferred("text/html,application/xhtml+xml,*/*;q=0.8"), Form::Html);
        assert_eq!(Form::preferred("text/html;q=0.5, application/json"), Form::Json);
        assert_eq!(Form::preferred("*/*"), Form::Text);
        assert_eq!(Form::preferred("application/json;q=0, text/html;q=nonsense"), Form::Html);
    }
}
