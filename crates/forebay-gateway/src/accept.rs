//! `Accept` (RFC 9110 §12.5.1): in which form to send what we write ourselves, listings and errors.

use http::HeaderMap;
use http::header::{self, HeaderValue};

use crate::quality::{Quality, weighted};

/// The offer that a request likes best; among equals, and for a request that says nothing, the
/// first. `None` when every offer is refused.
///
/// Offers are `type/subtype` in lower case. A media range with parameters counts as the same
/// without them. The most specific range that covers an offer decides its weight.
#[must_use]
pub fn negotiate<'o>(headers: &HeaderMap, offers: &[&'o str]) -> Option<&'o str> {
    let fields: Vec<&[u8]> = headers.get_all(header::ACCEPT).iter().map(HeaderValue::as_bytes).collect();
    negotiate_fields(&fields, offers)
}

/// [`negotiate`] on the values of the header's fields.
#[must_use]
pub fn negotiate_fields<'o>(fields: &[&[u8]], offers: &[&'o str]) -> Option<&'o str> {
    if fields.iter().all(|field| field.trim_ascii().is_empty()) {
        return offers.first().copied();
    }
    let mut best: Option<(&'o str, Quality)> = None;
    for &offer in offers {
        let weight = weight(fields, offer);
        if weight > 0 && best.is_none_or(|(_, least)| weight > least) {
            best = Some((offer, weight));
        }
    }
    best.map(|(offer, _)| offer)
}

fn weight(fields: &[&[u8]], offer: &str) -> Quality {
    let kind = offer.split('/').next().unwrap_or_default();
    let mut found = (0_u8, 0);
    for (range, quality) in fields.iter().flat_map(|field| weighted(field)) {
        let specificity = if range.eq_ignore_ascii_case(offer.as_bytes()) {
            3
        } else if range.strip_suffix(b"/*").is_some_and(|k| k.eq_ignore_ascii_case(kind.as_bytes())) {
            2
        } else if range == b"*/*" {
            1
        } else {
            continue;
        };
        if specificity > found.0 {
            found = (specificity, quality);
        }
    }
    found.1
}
